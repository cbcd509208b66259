//! The audit log grows by one batch a period: whatever happened meanwhile, nobody sees when.

use std::collections::HashMap;

use canvass::audit::{AuditBatch, EntrySeed};
use jiff::Timestamp;

use super::disclosures::chance;
use super::error::Fault;
use super::writer::{Group, Writer};
use crate::store::{KeptEntry, PendingEntry};

impl Writer {
    /// Closes the batch of a period once the next has begun. Periods are of whole seconds since 1970, so a
    /// restart does not move them; if the service did not run, several periods are one batch.
    pub(super) fn close_batch(&mut self, now: Timestamp, group: &mut Group) -> Result<(), Fault> {
        let rows = &mut group.kept.disclosed;
        let second = now.as_second();
        let begun = second.saturating_sub(second.rem_euclid(self.log_seconds.max(1)));
        let since = *self.log_since.get_or_insert(begun);
        let disclosed = self.disclosed.read();
        let last = disclosed.log().entries().last().map(|entry| entry.at().as_second());
        if !rows.entries.is_empty() || begun <= since.max(last.unwrap_or(i64::MIN)) {
            return Ok(());
        }
        let Ok(closed) = Timestamp::from_second(begun) else { return Ok(()) };
        let pending = disclosed.pending().iter().cloned().chain(rows.pending.drain(..));
        let (mut made, mut about) = (Vec::new(), HashMap::new());
        for PendingEntry { entry, request, seed } in pending {
            about.insert(entry.nonce(), (request, seed));
            made.push(entry);
        }
        let batch_seed = EntrySeed::new(chance()?);
        let batch = AuditBatch::close(made, closed, &batch_seed);
        let entries = batch.into_iter().zip(disclosed.log().len()..).map(|(entry, index)| {
            let known = about.remove(&entry.nonce());
            let (request, seed) = known.unwrap_or_else(|| (None, batch_seed.clone()));
            KeptEntry { index, entry, request, seed }
        });
        rows.entries = entries.collect();
        Ok(())
    }
}
