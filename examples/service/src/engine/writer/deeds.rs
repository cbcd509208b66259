//! The jobs of the writer: each is done once for its key, and answered after the commit.

use canvass::error::CaseFileError;
use canvass::{Change, RequestId, Route};
use jiff::Timestamp;
use serde_json::json;

use super::{Deed, Group, Writer};
use crate::engine::Refusal;
use crate::engine::error::{Failure, Fault};
use crate::engine::told::{Routed, Told, raw};
use crate::store::{Answered, Once, StoreError};

impl Writer {
    /// Does a job, unless its key shows that it was done before. A refused job has changed nothing,
    /// so its key is not stored.
    pub(super) fn once(
        &mut self,
        what: Deed,
        once: Option<Once>,
        group: &mut Group,
    ) -> Result<Result<Answered, Refusal>, Fault> {
        let before = match &once {
            None => None,
            Some(once) => match group.keys.get(once.key()) {
                Some(kept) => Some(once.again(kept)),
                None => self.store.answered(once)?.map(|kept| once.again(&kept)),
            },
        };
        if let Some(again) = before {
            return match (again, what) {
                (Ok(answered), Deed::Ask { id, route, now }) => {
                    self.named_again(&answered, id, &route, now)
                }
                (again, _) => Ok(again.map_err(Refusal::from)),
            };
        }
        let answered = match self.act(what, group) {
            Ok(answered) => answered,
            Err(Failure::Refused(refusal)) => return Ok(Err(refusal)),
            Err(Failure::Fault(fault)) => return Err(fault),
        };
        if let Some(once) = once {
            let kept = once.answered(answered.clone());
            group.keys.insert(once.key().to_vec(), kept.clone());
            group.kept.keys_kept_after = once.second().saturating_sub(self.keys_seconds);
            group.kept.answers.push((once, kept));
        }
        Ok(Ok(answered))
    }

    fn act(&mut self, what: Deed, group: &mut Group) -> Result<Answered, Failure> {
        match what {
            Deed::Apply { changes, json, now } => self.apply(&changes, json, now, group),
            Deed::Open { authorized, now } => {
                // The receipt depends on the request alone, so writing it needs no route: it takes
                // the agency the same time wherever it asks.
                let receipt = raw(&authorized.receipt());
                let revision = self.registry.snapshot().revision();
                let opened = self.requests.open(authorized, now, revision, &mut group.news)?;
                let (id, body) =
                    (opened.id(), raw(&Told::of(&opened, &receipt, opened.opened_at())));
                group.kept.receipts.push((id, receipt));
                Ok(Answered { request: Some(id), body })
            }
            Deed::Go { agency, id, step, now } => {
                // An id is revealed once its request is stored; before, it is nobody's.
                let receipt = self.store.receipt(id).map_err(Fault::from)?;
                let receipt = receipt.ok_or(CaseFileError::Unknown { id })?;
                let opened = self.requests.go_on(agency, id, step, now, &mut group.news)?;
                let now = self.requests.not_before(now);
                let body = raw(&Told::of(&opened, &receipt, now));
                Ok(Answered { request: Some(id), body })
            }
            Deed::Decide { id, authorized, now } => {
                let snapshot = self.registry.snapshot();
                self.requests.decide(id, &authorized, &snapshot, now, &mut group.news)?;
                Ok(Answered { request: Some(id), body: raw(&()) })
            }
            Deed::Ask { id, route, now } => self.ask(id, &route, now, group),
            Deed::Release { complete_since, withdrawn, now } => {
                self.release_copy(complete_since, &withdrawn, now, group)
            }
            Deed::Report { id, answers, now } => {
                self.requests.report(id, &answers, now, &mut group.news)?;
                let body = raw(&json!({ "request": id, "answers": answers.len() }));
                Ok(Answered { request: Some(id), body })
            }
            Deed::Disclose(what) => self.disclose(what, group),
            Deed::Own(what) => self.own(what, group),
        }
    }

    pub(in crate::engine) fn apply(
        &mut self,
        changes: &[Change],
        json: Vec<u8>,
        now: Timestamp,
        group: &mut Group,
    ) -> Result<Answered, Failure> {
        let snapshot = self.registry.apply(changes.iter().cloned())?;
        let revision = snapshot.revision();
        if self.requests.any_open(now) {
            self.requests.touch(self.registry.touched(changes), now, revision);
        }
        group.log(snapshot, changes.len(), json);
        let body = raw(&json!({ "revision": revision, "changes": changes.len() }));
        Ok(Answered { request: None, body })
    }

    /// Returns the due owners and records them as asked, for this request and towards their own
    /// limits, even if a notice does not reach them.
    fn ask(
        &mut self,
        id: RequestId,
        route: &Route,
        now: Timestamp,
        group: &mut Group,
    ) -> Result<Answered, Failure> {
        self.standing.may_ask()?;
        let (newest, now) = (self.registry.snapshot(), self.requests.not_before(now));
        self.has_notice(id, group)?;
        // Owners who withdrew, reached their limit or whose consent expired since are left out.
        let is_current = route.revision() == newest.revision() && route.now() == now;
        let rechecked =
            if is_current { None } else { self.requests.recheck(id, route, &newest, now)? };
        let current = rechecked.as_ref().unwrap_or(route);
        let seen = route.revision();
        let to_send = self.requests.ask(id, current, seen, now, &mut group.news)?;
        let agency = Some(to_send.authorized().request().agency);
        let asked = |owner| Change::RecordAsked { owner, agency, at: now };
        let asked: Vec<_> = to_send.recipients().map(|to| asked(to.owner)).collect();
        if !asked.is_empty() {
            let json = raw(&asked).get().as_bytes().to_vec();
            let number = asked.len();
            let snapshot = self.registry.apply(asked).map_err(Fault::Asked)?;
            group.log(snapshot, number, json);
        }
        self.disclose_asked(id, &to_send, group)?;
        Ok(Answered { request: Some(id), body: raw(&Routed::of(id, &to_send)) })
    }

    /// Repeats the owners of an earlier answer, which may not have arrived: without those who
    /// withdrew since, and nobody once the request has ended.
    fn named_again(
        &self,
        answered: &Answered,
        id: RequestId,
        route: &Route,
        now: Timestamp,
    ) -> Result<Result<Answered, Refusal>, Fault> {
        if let Err(held) = self.standing.may_ask() {
            return Ok(Err(held));
        }
        let now = self.requests.not_before(now);
        if let Err(ended) = self.requests.is_open(id, now) {
            return Ok(Err(ended.into()));
        }
        let unread = |error: serde_json::Error| StoreError::Entry {
            table: "keys",
            entry: id.0,
            reason: error.to_string(),
        };
        let named: Routed<'_> = serde_json::from_str(answered.body.get()).map_err(unread)?;
        let body = raw(&named.again(&self.registry, route.authorized(), now));
        Ok(Ok(Answered { request: Some(id), body }))
    }
}
