//! What is known of a block without reading it.

use crate::util::{BLOCK_ROWS, RowMask};

/// What is known of all rows of a block together. It is kept beside the block as well, so that a block
/// which cannot matter to a request is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockSummary {
    /// Not less than the upper half of any row's first recording.
    pub(crate) latest_since: u16,
    /// Not longer than any row keeps footage, in days.
    pub(crate) least_kept: u16,
    // INVARIANT: granted <= len <= BLOCK_ROWS.
    pub(crate) granted: u8,
    pub(crate) len: u8,
}

impl BlockSummary {
    pub(crate) const NONE: Self =
        Self { latest_since: 0, least_kept: u16::MAX, granted: 0, len: 0 };

    #[inline]
    pub(crate) fn len(self) -> usize {
        usize::from(self.len)
    }

    pub(crate) fn is_full(self) -> bool {
        self.len() >= BLOCK_ROWS
    }

    /// The mask of all rows.
    #[inline]
    pub(crate) fn all(self) -> RowMask {
        RowMask::before(self.len())
    }

    /// The mask of the rows whose owner agreed: always the first ones.
    #[inline]
    pub(crate) fn granted(self) -> RowMask {
        RowMask::before(self.granted_len())
    }

    /// How many they are.
    #[inline]
    pub(crate) fn granted_len(self) -> usize {
        usize::from(self.granted)
    }

    #[inline]
    pub(crate) fn least_kept(self) -> u16 {
        self.least_kept
    }

    /// Whether all cameras began to record before an instant, given its upper half.
    #[inline]
    pub(crate) fn began_before(self, upper: u16) -> bool {
        self.latest_since < upper
    }
}
