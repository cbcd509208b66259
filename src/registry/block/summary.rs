//! The summary of a block (zone map).

use crate::util::{BLOCK_ROWS, RowMask};

/// Bounds on all rows of a block. Stored beside the block too, so that routing does not read a block
/// that cannot matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockSummary {
    /// At least the upper half of every row's first recording.
    pub(crate) latest_since: u16,
    /// At most the days for which any row keeps footage.
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

    /// The mask of the granted rows, which always come first.
    #[inline]
    pub(crate) fn granted(self) -> RowMask {
        RowMask::before(self.granted_len())
    }

    /// The number of granted rows.
    #[inline]
    pub(crate) fn granted_len(self) -> usize {
        usize::from(self.granted)
    }

    #[inline]
    pub(crate) fn least_kept(self) -> u16 {
        self.least_kept
    }

    /// Whether all cameras began to record before an instant, given by its upper half.
    #[inline]
    pub(crate) fn began_before(self, upper: u16) -> bool {
        self.latest_since < upper
    }
}
