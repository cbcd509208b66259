//! The entry of an owner in the directory.

use super::cameras::Cameras;

/// The entry of an owner: most have a camera or a few in a row, and no extras.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, packed)]
pub(crate) struct Owner {
    /// The owner's cameras; those that do not fit are in a list beside.
    pub(crate) cameras: Cameras,
    /// The interned scopes of a granted consent.
    pub(crate) terms: Option<TermsNumber>,
    /// Whether there are extras in a list beside.
    pub(crate) has_extras: bool,
}

/// The number of interned terms plus one, so that 32 bits also hold "none".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TermsNumber(std::num::NonZeroU32);

impl TermsNumber {
    pub(crate) fn new(number: u32) -> Option<Self> {
        number.checked_add(1).and_then(std::num::NonZeroU32::new).map(Self)
    }

    pub(crate) fn get(self) -> u32 {
        self.0.get() - 1
    }
}

impl Owner {
    /// An owner without camera, consent or history.
    pub(crate) const NEW: Self = Self { cameras: Cameras::NONE, terms: None, has_extras: false };

    /// Whether the entry is empty.
    pub(crate) fn is_nobody(self) -> bool {
        self.cameras.is_empty() && self.terms().is_none() && !self.has_extras
    }

    pub(crate) fn terms(self) -> Option<u32> {
        self.terms.map(TermsNumber::get)
    }

    pub(crate) fn with_terms(self, terms: Option<u32>) -> Self {
        Self { terms: terms.and_then(TermsNumber::new), ..self }
    }
}
