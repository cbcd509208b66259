//! A set of rows of one block, as bits: the answer to a question about all of them at once.

use std::ops::{BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, BitXorAssign, Not};

/// One bit for each row of a block. To change the size of a block, change this type.
///
/// SIMD kernels read columns in chunks of up to [`LANES`] rows, so a block has a multiple of that.
type Bits = u64;

/// Rows in a full block, and positions that the boundary decides at once.
pub(crate) const BLOCK_ROWS: usize = Bits::BITS as usize;

/// Rows in the widest chunk of a column that one SIMD comparison reads.
const LANES: usize = 32;

const _: () = assert!(BLOCK_ROWS.is_multiple_of(LANES), "SIMD kernels would skip the last rows");
const _: () = assert!(BLOCK_ROWS <= u8::MAX as usize, "a block counts its rows in 8 bits");

/// A set of rows of one block.
///
/// Compiles to the same instructions as its integer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct RowMask(Bits);

impl RowMask {
    /// No row.
    pub(crate) const NONE: Self = Self(0);
    /// All rows of a full block.
    pub(crate) const ALL: Self = Self(Bits::MAX);

    /// The rows before row `end`.
    #[inline]
    pub(crate) const fn before(end: usize) -> Self {
        if end < BLOCK_ROWS { Self((1 << end) - 1) } else { Self::ALL }
    }

    /// One row.
    #[inline]
    pub(crate) const fn only(row: usize) -> Self {
        Self(1 << (row % BLOCK_ROWS))
    }

    /// One row if the condition holds, else none. Free of branches: use it where the condition is hard to
    /// predict.
    #[inline]
    pub(crate) fn only_if(condition: bool, row: usize) -> Self {
        Self(Bits::from(condition) << (row % BLOCK_ROWS))
    }

    /// The rows of a SIMD comparison: bit 0 of `bits` is row `first`.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "a chunk has no more rows than a block")]
    pub(crate) fn from_chunk(bits: u64, first: usize) -> Self {
        Self((bits as Bits) << (first % BLOCK_ROWS))
    }

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[inline]
    pub(crate) fn contains(self, row: usize) -> bool {
        self.intersects(Self::only(row))
    }

    #[inline]
    pub(crate) fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The number of rows in the set.
    #[inline]
    pub(crate) fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The row after the last one of the set; 0 if the set is empty.
    #[inline]
    pub(crate) fn end(self) -> usize {
        (Bits::BITS - self.0.leading_zeros()) as usize
    }

    /// The number of rows of the set that come before `row`.
    #[inline]
    pub(crate) fn rank(self, row: usize) -> usize {
        (self & Self::before(row % BLOCK_ROWS)).count()
    }

    /// The rows of the set, ascending.
    #[inline]
    pub(crate) fn rows(self) -> impl Iterator<Item = usize> {
        let mut bits = self.0;
        std::iter::from_fn(move || {
            let row = bits.trailing_zeros();
            bits &= bits.wrapping_sub(1);
            (row < Bits::BITS).then_some(row as usize)
        })
    }
}

impl BitAnd for RowMask {
    type Output = Self;

    #[inline]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for RowMask {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitXor for RowMask {
    type Output = Self;

    #[inline]
    fn bitxor(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
}

impl Not for RowMask {
    type Output = Self;

    #[inline]
    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl BitAndAssign for RowMask {
    #[inline]
    fn bitand_assign(&mut self, other: Self) {
        *self = *self & other;
    }
}

impl BitOrAssign for RowMask {
    #[inline]
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl BitXorAssign for RowMask {
    #[inline]
    fn bitxor_assign(&mut self, other: Self) {
        *self = *self ^ other;
    }
}

/// The value of a column in a row.
#[inline]
#[expect(clippy::indexing_slicing, reason = "a number modulo the rows is an index into them")]
pub(crate) fn at<T: Copy>(column: &[T; BLOCK_ROWS], row: usize) -> T {
    column[row % BLOCK_ROWS]
}

/// Writes the value of a column in a row.
#[inline]
#[expect(clippy::indexing_slicing, reason = "a number modulo the rows is an index into them")]
pub(crate) fn set<T>(column: &mut [T; BLOCK_ROWS], row: usize, value: T) {
    column[row % BLOCK_ROWS] = value;
}
