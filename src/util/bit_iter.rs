//! The set bits of a word, one by one.

/// The numbers of the bits that are set, ascending. For the rows of a block use
/// [`RowMask::rows`](super::RowMask::rows).
#[inline]
pub(crate) fn set_bits(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (bit < u64::BITS).then_some(bit as usize)
    })
}
