//! The share of owners who agreed to be asked.

use std::fmt;
use std::str::FromStr;

/// A fraction of owners, written like `1/1024`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    of: u32,
    whole: u32,
}

impl Share {
    /// Hardly anybody, half, and nearly everybody: the ends show the gain of a fast "no" and a fast
    /// "yes".
    pub const ALL: [Self; 3] = [Self::new(1, 1024), Self::HALF, Self::new(1023, 1024)];

    /// Every second owner; the share of the targets.
    pub const HALF: Self = Self::new(1, 2);

    const fn new(of: u32, whole: u32) -> Self {
        Self { of, whole }
    }

    /// The share as a number between 0 and 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.of) / f64::from(self.whole)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.of, self.whole)
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_once('/')
            .and_then(|(of, whole)| Some(Self::new(of.parse().ok()?, whole.parse().ok()?)))
            .filter(|share| share.of <= share.whole && share.whole > 0)
            .ok_or_else(|| format!("`{text}` is no share; write it like 1/2"))
    }
}
