//! Pages of owners, and the revision that last changed each.

use crate::model::OwnerId;
use crate::registry::revision::Revision;

/// The number of pages: with ten million owners a page has some hundred kilobytes.
pub(crate) const PAGES: u16 = 1 << PAGE_BITS;
const PAGE_BITS: u32 = 10;

/// The highest bits of the owner's hash.
pub(crate) fn page(owner: OwnerId) -> u16 {
    u16::try_from(owner.hash() >> (u64::BITS - PAGE_BITS)).unwrap_or(0)
}

/// The revision that last changed each page of owners.
#[derive(Debug)]
pub(crate) struct PageRevisions(Vec<Revision>);

impl Default for PageRevisions {
    fn default() -> Self {
        Self(vec![Revision(0); usize::from(PAGES)])
    }
}

impl PageRevisions {
    pub(crate) fn get(&self, page: u16) -> Revision {
        self.0.get(usize::from(page)).copied().unwrap_or(Revision(0))
    }

    /// Records that a revision changed an owner's consent or history.
    pub(crate) fn set(&mut self, owner: OwnerId, revision: Revision) {
        self.set_page(page(owner), revision);
    }

    pub(crate) fn set_page(&mut self, page: u16, revision: Revision) {
        if let Some(changed) = self.0.get_mut(usize::from(page)) {
            *changed = revision;
        }
    }
}
