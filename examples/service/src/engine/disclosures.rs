//! Disclosures: the audit log, approved notices, bulletins, and the last coverage. The writer
//! changes them once they are on the disk; readers read.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use canvass::audit::{AuditEntry, AuditLog, EntrySeed, NonceReused, OwnerSalt};
use canvass::bulletin::{BulletinEvent, Ending};
use canvass::{LifecycleStep, OwnerId, RequestId, Route};
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;

use super::Refusal;
use super::error::{Failure, Fault};
use super::requests::News;
use super::told::raw;
use super::writer::{Group, Writer};
use crate::store::{Answered, DisclosedRows, KeptBulletin, KeptEntry, KeptNotice, PendingEntry};

/// The disclosures on the disk.
#[derive(Debug, Default)]
pub struct Disclosures {
    log: AuditLog,
    /// Entries that wait for their batch, which nobody sees before.
    pending: Vec<PendingEntry>,
    notices: HashMap<RequestId, KeptNotice>,
    /// The bulletins, from number 1.
    bulletins: Vec<KeptBulletin>,
    numbers: HashMap<RequestId, u64>,
    coverage: Option<(u64, Box<RawValue>)>,
}

/// Disclosures, shared by readers and the writer.
#[derive(Debug, Default)]
pub struct Disclosed(RwLock<Disclosures>);

impl Disclosed {
    /// Locks for reading; the writer waits meanwhile.
    pub fn read(&self) -> RwLockReadGuard<'_, Disclosures> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds stored rows.
    pub(super) fn take(&self, rows: DisclosedRows) -> Result<(), NonceReused> {
        if rows.is_empty() {
            return Ok(());
        }
        self.0.write().unwrap_or_else(PoisonError::into_inner).take(rows)
    }
}

impl Disclosed {
    /// Replaces the state that readers see by the one on the disk.
    pub(super) fn replace(&self, rows: DisclosedRows) -> Result<(), NonceReused> {
        let mut fresh = Disclosures::default();
        fresh.take(rows)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

impl Disclosures {
    fn take(&mut self, rows: DisclosedRows) -> Result<(), NonceReused> {
        if !rows.entries.is_empty() {
            self.pending.clear();
        }
        for KeptEntry { entry, .. } in rows.entries {
            self.log.append(entry)?;
        }
        self.pending.extend(rows.pending);
        self.notices.extend(rows.notices);
        for (number, kept) in rows.bulletins {
            self.numbers.insert(kept.request, number);
            let place = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
            match self.bulletins.get_mut(place) {
                Some(old) => *old = kept,
                None => self.bulletins.push(kept),
            }
        }
        if rows.coverage.is_some() {
            self.coverage = rows.coverage;
        }
        Ok(())
    }

    /// The audit log.
    #[must_use]
    pub fn log(&self) -> &AuditLog {
        &self.log
    }

    /// The entries that wait for their batch.
    pub(super) fn pending(&self) -> &[PendingEntry] {
        &self.pending
    }

    /// The notice that was approved for a request.
    #[must_use]
    pub fn notice(&self, id: RequestId) -> Option<&KeptNotice> {
        self.notices.get(&id)
    }

    /// The number of bulletins, which are numbered from 1.
    #[must_use]
    pub fn bulletins(&self) -> u64 {
        self.bulletins.len() as u64
    }

    /// A bulletin by its number.
    #[must_use]
    pub fn bulletin(&self, number: u64) -> Option<&KeptBulletin> {
        self.bulletins.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// The number of a request's bulletin.
    #[must_use]
    pub fn number(&self, id: RequestId) -> Option<u64> {
        self.numbers.get(&id).copied()
    }

    /// The last coverage, with the number of its period.
    #[must_use]
    pub fn coverage(&self) -> Option<&(u64, Box<RawValue>)> {
        self.coverage.as_ref()
    }
}

/// A change of the disclosures.
pub(super) enum Disclosing {
    /// A person approved a notice; the bulletin is published if there is none yet.
    Approve {
        id: RequestId,
        notice: KeptNotice,
        bulletin: Box<canvass::bulletin::Bulletin>,
        now: Timestamp,
    },
    /// A request was refused.
    Refused { entry: Box<AuditEntry>, seed: EntrySeed },
    /// Coverage was made for a period.
    Cover { period: u64, made: Box<RawValue> },
}

impl Writer {
    pub(super) fn disclose(
        &mut self,
        what: Disclosing,
        group: &mut Group,
    ) -> Result<Answered, Failure> {
        match what {
            Disclosing::Approve { id, notice, bulletin, now } => {
                self.approve(id, notice, *bulletin, now, group)
            }
            Disclosing::Refused { entry, seed } => {
                wait(&mut group.kept.disclosed, *entry, seed, None);
                Ok(Answered { request: None, body: raw(&()) })
            }
            Disclosing::Cover { period, made } => {
                group.kept.disclosed.coverage = Some((period, made));
                Ok(Answered { request: None, body: raw(&()) })
            }
        }
    }

    fn approve(
        &mut self,
        id: RequestId,
        notice: KeptNotice,
        fresh: canvass::bulletin::Bulletin,
        now: Timestamp,
        group: &mut Group,
    ) -> Result<Answered, Failure> {
        let now = self.requests.not_before(now);
        self.requests.is_open(id, now)?;
        let rows = &mut group.kept.disclosed;
        let (number, kept) = match self.bulletin(rows, id) {
            Some((number, mut kept)) => {
                let said = kept.bulletin.history().rev().find_map(|entry| match entry.event() {
                    BulletinEvent::Correction(text) => Some(text.as_str()),
                    _ => None,
                });
                if said.unwrap_or(kept.bulletin.text()) != notice.public_text {
                    let at = last(&kept.bulletin).map_or(now, |last| last.max(now));
                    kept.bulletin.correct(&notice.public_text, at).map_err(Refusal::from)?;
                }
                (number, kept)
            }
            None => (self.next_number(rows), KeptBulletin { request: id, bulletin: fresh }),
        };
        let body = raw(&json!({
            "request": id, "approved": true, "bulletin": number, "text": notice.text,
            "reviewer": notice.reviewer, "at": notice.at,
            "findings": [], "public_findings": [], "template_error": null,
        }));
        rows.bulletins.push((number, kept));
        rows.notices.push((id, notice));
        Ok(Answered { request: Some(id), body })
    }

    /// Refuses to ask for a request without an approved notice.
    pub(super) fn has_notice(&self, id: RequestId, group: &Group) -> Result<(), Refusal> {
        let approved = || {
            let mut pending = group.kept.disclosed.notices.iter();
            pending.any(|&(of, _)| of == id) || self.disclosed.read().notice(id).is_some()
        };
        if self.notices_needed && !approved() {
            return Err(Refusal::NoticeNotApproved(id));
        }
        Ok(())
    }

    /// Records in the log who is asked, and for each owner that the request reached them.
    pub(super) fn disclose_asked(
        &self,
        id: RequestId,
        asked: &Route,
        group: &mut Group,
    ) -> Result<(), Fault> {
        let rows = &mut group.kept.disclosed;
        let mut salts: HashMap<OwnerId, OwnerSalt> = HashMap::new();
        for recipient in asked {
            let owner = recipient.owner;
            salts.insert(owner, self.salt(rows, owner)?);
            rows.reached.push((owner, id, asked.now()));
        }
        let seed = EntrySeed::new(chance()?);
        let entries = AuditEntry::routed(asked, &seed, |owner| salts.get(&owner).cloned())?;
        for (entry, number) in entries.into_iter().zip(0..) {
            wait(rows, entry, seed.part(number), Some(id));
        }
        Ok(())
    }

    /// An owner's salt, made on first use.
    pub(super) fn salt(
        &self,
        rows: &mut DisclosedRows,
        owner: OwnerId,
    ) -> Result<OwnerSalt, Fault> {
        if let Some((_, salt)) = rows.salts.iter().find(|(of, _)| *of == owner) {
            return Ok(OwnerSalt::new(*salt));
        }
        if let Some(salt) = self.store.salt(owner)? {
            return Ok(salt);
        }
        let salt = chance()?;
        rows.salts.push((owner, salt));
        Ok(OwnerSalt::new(salt))
    }

    /// Turns events into disclosures: entries for opened requests, and the end of bulletins.
    pub(super) fn disclose_news(&self, news: &News, rows: &mut DisclosedRows) -> Result<(), Fault> {
        for (id, authorized) in &news.opened {
            let (seed, id) = (EntrySeed::new(chance()?), Some(*id));
            let accepted = AuditEntry::accepted(authorized, &seed);
            wait(rows, accepted, seed, id);
            let seed = EntrySeed::new(chance()?);
            let receipt =
                AuditEntry::receipt(&authorized.receipt(), authorized.reviewed_at(), &seed);
            wait(rows, receipt, seed, id);
        }
        for event in &news.events {
            let ending = match event.step {
                LifecycleStep::Resolved => Ending::Resolved,
                LifecycleStep::Withdrawn => Ending::Withdrawn,
                LifecycleStep::Expired => Ending::Expired,
                _ => continue,
            };
            let Some((number, mut kept)) = self.bulletin(rows, event.id) else { continue };
            let at = last(&kept.bulletin).map_or(event.at, |last| last.max(event.at));
            kept.bulletin.end(ending, at)?;
            rows.bulletins.push((number, kept));
        }
        Ok(())
    }

    /// A request's bulletin, including this group's changes.
    fn bulletin(&self, rows: &DisclosedRows, id: RequestId) -> Option<(u64, KeptBulletin)> {
        let pending = rows.bulletins.iter().rev().find(|(_, kept)| kept.request == id);
        pending.cloned().or_else(|| {
            let disclosed = self.disclosed.read();
            let number = disclosed.number(id)?;
            disclosed.bulletin(number).map(|kept| (number, kept.clone()))
        })
    }

    fn next_number(&self, rows: &DisclosedRows) -> u64 {
        let pending = rows.bulletins.iter().map(|&(number, _)| number).max().unwrap_or(0);
        pending.max(self.disclosed.read().bulletins()).saturating_add(1)
    }
}

/// Has an entry wait for its batch to be closed.
fn wait(rows: &mut DisclosedRows, entry: AuditEntry, seed: EntrySeed, request: Option<RequestId>) {
    rows.pending.push(PendingEntry { entry, request, seed });
}

/// The instant of a bulletin's last entry.
fn last(bulletin: &canvass::bulletin::Bulletin) -> Option<Timestamp> {
    bulletin.history().next_back().map(canvass::bulletin::BulletinEntry::at)
}

/// 32 random bytes.
pub(super) fn chance() -> Result<[u8; 32], Fault> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
