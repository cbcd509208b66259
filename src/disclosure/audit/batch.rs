//! The entries of a period, padded and shuffled: all that a log is given at once.

use jiff::Timestamp;

use super::entry::{AuditEntry, AuditEvent};
use super::secrets::EntrySeed;

/// The entries of one period as they go into an [`AuditLog`](super::AuditLog): close a batch at stated
/// instants, such as the end of each day (UTC), append it, and publish one [head](super::TreeHead) and the
/// entries with it.
///
/// 1. All its entries have one instant, that of closing.
/// 2. They are in the order of their nonces, which is by chance. So an entry cannot be linked to a
///    bulletin by when it was made, more often than by picking one of the batch.
/// 3. There are entries about nobody among those about routes, as many as make a multiple of
///    [`STEP`](Self::STEP) of all of them and of a number below `STEP` that only the seed knows. One more
///    entry, of somebody who registered while a request was open or of a route of more owners,
///    changes the size of the batch with a probability of 1 in `STEP`, and nothing else.
///
/// How many requests were accepted and refused in the period is in the open.
///
/// ```
/// use canvass::audit::{AuditBatch, AuditLog, EntrySeed};
///
/// let closed = "2026-05-03T00:00:00Z".parse()?;
/// // Nothing happened, and that is not seen either.
/// let batch = AuditBatch::close(Vec::new(), closed, &EntrySeed::new([7; 32]));
/// assert_eq!(batch.entries().len(), AuditBatch::STEP);
/// let mut log = AuditLog::new();
/// for entry in batch {
///     log.append(entry)?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditBatch(
    // INVARIANT: ascending by nonce, and all of one instant.
    Vec<AuditEntry>,
);

impl AuditBatch {
    /// The number of entries about routes in a batch is a multiple of this. A power of two.
    pub const STEP: usize = 32;

    /// Closes the batch of a period: its entries in any order, the instant at which the period ended
    /// by its schedule, and a seed that no entry has.
    ///
    /// O(n log n). The same arguments give the same batch.
    #[must_use]
    pub fn close(mut entries: Vec<AuditEntry>, closed: Timestamp, seed: &EntrySeed) -> Self {
        let is_routed = |entry: &&AuditEntry| matches!(entry.event(), AuditEvent::Routed { .. });
        let routed = entries.iter().filter(is_routed).count();
        let shifted = routed.saturating_add(seed.draw_below(Self::STEP));
        let all = shifted.checked_next_multiple_of(Self::STEP).unwrap_or(routed);
        entries.extend(
            (routed..all).zip(1..).map(|(_, number)| AuditEntry::blank(&seed.part(number))),
        );
        let mut entries: Vec<AuditEntry> =
            entries.into_iter().map(|entry| entry.closed_at(closed)).collect();
        entries.sort_unstable_by_key(AuditEntry::nonce);
        Self(entries)
    }

    /// The entries, in the order in which they are appended.
    #[must_use]
    pub fn entries(&self) -> &[AuditEntry] {
        &self.0
    }
}

impl IntoIterator for AuditBatch {
    type Item = AuditEntry;
    type IntoIter = std::vec::IntoIter<AuditEntry>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
