//! The edges a sweep line meets, in order: found by bisection, changed in place.

#![expect(clippy::indexing_slicing, reason = "cursors come from this order and no chunk is empty")]

/// A sequence of ids in chunks, so that one far from the end is changed without moving the rest.
///
/// Finding is O(log n); replacing is O(chunk + n / chunk), a few memory moves for a hundred thousand
/// ids; replacing one id by one moves nothing.
#[derive(Debug, Default)]
pub(crate) struct SweepOrder {
    // INVARIANT: no chunk is empty, and none is longer than CHUNK.
    chunks: Vec<Vec<u32>>,
}

const CHUNK: usize = 512;

/// A place in the order: at an id, or past the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    chunk: usize,
    offset: usize,
}

impl SweepOrder {
    /// The first id that is not below; all ids below come before all others.
    pub(crate) fn seek(&self, mut is_below: impl FnMut(u32) -> bool) -> Cursor {
        let after = self.chunks.partition_point(|chunk| is_below(chunk[0]));
        let Some(chunk) = after.checked_sub(1) else { return Cursor { chunk: 0, offset: 0 } };
        let offset = 1 + self.chunks[chunk][1..].partition_point(|&id| is_below(id));
        self.normal(Cursor { chunk, offset })
    }

    pub(crate) fn get(&self, cursor: Cursor) -> Option<u32> {
        self.chunks.get(cursor.chunk)?.get(cursor.offset).copied()
    }

    pub(crate) fn after(&self, cursor: Cursor) -> Cursor {
        self.normal(Cursor { offset: cursor.offset + 1, ..cursor })
    }

    pub(crate) fn before(&self, cursor: Cursor) -> Option<Cursor> {
        if cursor.offset > 0 {
            return Some(Cursor { offset: cursor.offset - 1, ..cursor });
        }
        let chunk = cursor.chunk.checked_sub(1)?;
        Some(Cursor { chunk, offset: self.chunks[chunk].len() - 1 })
    }

    /// Replaces some ids from the cursor on; the cursor is of no use after.
    pub(crate) fn replace(&mut self, cursor: Cursor, removed: usize, inserted: &[u32]) {
        let common = removed.min(inserted.len());
        let mut at = cursor;
        for &id in &inserted[..common] {
            self.chunks[at.chunk][at.offset] = id;
            at = self.after(at);
        }
        for _ in common..removed {
            self.chunks[at.chunk].remove(at.offset);
            if self.chunks[at.chunk].is_empty() {
                self.chunks.remove(at.chunk);
                at.offset = 0;
            }
            at = self.normal(at);
        }
        self.insert(at, &inserted[common..]);
    }

    fn insert(&mut self, at: Cursor, ids: &[u32]) {
        if ids.is_empty() {
            return;
        }
        // Before the first id of a chunk is after the last of the one before.
        let (chunk, offset) = match at.chunk.checked_sub(1) {
            Some(before) if at.offset == 0 => (before, self.chunks[before].len()),
            _ => (at.chunk, at.offset),
        };
        if self.chunks.is_empty() {
            self.chunks.push(Vec::new());
        }
        self.chunks[chunk].splice(offset..offset, ids.iter().copied());
        let length = self.chunks[chunk].len();
        if length > CHUNK {
            let pieces = length.div_ceil(CHUNK / 2);
            let size = length.div_ceil(pieces);
            let whole = std::mem::take(&mut self.chunks[chunk]);
            self.chunks.splice(chunk..=chunk, whole.chunks(size).map(<[u32]>::to_vec));
        }
    }

    fn normal(&self, cursor: Cursor) -> Cursor {
        match self.chunks.get(cursor.chunk) {
            Some(chunk) if cursor.offset >= chunk.len() => {
                Cursor { chunk: cursor.chunk + 1, offset: 0 }
            }
            _ => cursor,
        }
    }
}
