//! The commit of a group: stored, published, and then answered.

use std::sync::Arc;
use std::time::Instant;

use super::{Group, Waiting, Writer, second};
use crate::engine::error::Fault;

impl Writer {
    /// Commits a group, publishes it, and only then answers its callers.
    pub(super) fn commit(&mut self, group: Group) -> Result<(), Fault> {
        let Group { mut kept, news, snapshot, changes, answers, checkpoint, .. } = group;
        self.disclose_news(&news, &mut kept.disclosed)?;
        kept.outcomes = self.requests.rows(&news)?;
        kept.events = news.events;
        if !kept.is_empty() {
            let reading = self.clock.read();
            kept.second = if reading.is_sure() { second(reading.now) } else { 0 };
            let start = Instant::now();
            self.store.commit(&kept)?;
            self.metrics.committed(start.elapsed(), changes, &kept.events);
        }
        if kept.release {
            self.standing.hold(None);
            self.metrics.restored.set(0);
        }
        let erased = std::mem::take(&mut kept.disclosed.erased);
        self.disclosed.take(std::mem::take(&mut kept.disclosed))?;
        if !kept.events.is_empty() {
            self.cases.publish(&kept.events, news.opened)?;
        }
        self.cases.forget(&erased);
        if let Some(snapshot) = snapshot {
            self.metrics.publish(&snapshot);
            self.published.store(Arc::new(snapshot));
        }
        for waiting in answers {
            match waiting {
                // The caller may have gone, which does no harm.
                Waiting::Done(answer, done) => drop(answer.send(done)),
                Waiting::Look(look) => look(&self.registry, &self.requests),
            }
        }
        self.metrics.log_entries.inc_by(i64::try_from(kept.revisions.len()).unwrap_or(0));
        for entry in &kept.revisions {
            self.due.logged(entry.changes.len());
        }
        if checkpoint {
            self.due.time_has_come(&self.registry);
        }
        self.due.look(&self.registry);
        Ok(())
    }
}
