//! Lines of a text, counted as editors count them.

/// The line of the character behind a text, counted from 1: LF, CR LF and CR alone each end one line.
pub(crate) fn line_behind(before: &str) -> usize {
    // A CR LF is counted by its LF.
    let ends = |at: usize, mark: &u8| match mark {
        b'\n' => true,
        b'\r' => before.as_bytes().get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    1 + before.bytes().enumerate().filter(|(at, mark)| ends(*at, mark)).count()
}
