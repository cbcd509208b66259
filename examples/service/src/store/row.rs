//! Rows with a checksum of the table, the key and the bytes, so that a row in another's place is as
//! invalid as one with a changed byte.

/// The bytes of the checksum.
pub(super) const SEAL: usize = 4;

/// A row in its stored form.
pub(super) fn seal(table: &str, key: &[u8], mut row: Vec<u8>) -> Vec<u8> {
    let checksum = checksum(table, key, &row);
    row.extend(checksum.to_le_bytes());
    row
}

/// The row that was given to [`seal`], or the reason why it is not.
pub(super) fn open<'a>(table: &str, key: &[u8], row: &'a [u8]) -> Result<&'a [u8], String> {
    let (row, found) = row.split_last_chunk::<SEAL>().ok_or("it has no checksum")?;
    let (expected, found) = (checksum(table, key, row), u32::from_le_bytes(*found));
    if expected == found {
        Ok(row)
    } else {
        Err(format!("its checksum is `{found:08x}`, not `{expected:08x}`: it was changed or moved"))
    }
}

fn checksum(table: &str, key: &[u8], row: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(table.as_bytes());
    hasher.update(&[0]);
    hasher.update(&(key.len() as u64).to_le_bytes());
    hasher.update(key);
    hasher.update(row);
    hasher.finalize()
}
