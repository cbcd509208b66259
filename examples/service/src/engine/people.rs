//! The engine's calls about people: approvals, refusals, owners' own changes, coverage.

use std::collections::BTreeMap;

use canvass::audit::{AuditEntry, EntrySeed, OwnerSalt};
use canvass::bulletin::Bulletin;
use canvass::coverage::{CoverageError, CoverageSeed};
use canvass::h3o::Resolution;
use canvass::notice::{Notice, NoticeTemplate};
use canvass::outcome::Answer;
use canvass::{
    AgencyId, AuthorizedRequest, CameraId, Consent, Denial, Explanation, OwnerId, Question,
    Registry, Request, RequestId, Violations, Zone,
};
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;

use super::disclosures::{Disclosing, chance};
use super::owners::Owning;
use super::requests::Requests;
use super::told::raw;
use super::writer::Deed;
use super::{CameraChange, Engine, Refusal};
use crate::planes::CoverageDates;
use crate::store::{Answered, KeptNotice, Once, StoreError};

/// An owner who was asked for a request, and still agrees.
#[derive(Clone, Debug)]
pub struct AskedOwner {
    /// The owner's id.
    pub owner: OwnerId,
    /// The cameras of theirs that it asks for, ascending.
    pub cameras: Vec<CameraId>,
    /// The zone that they named.
    pub zone: Option<Zone>,
}

impl Engine {
    /// Stores an approved notice, and publishes the bulletin if there is none yet.
    ///
    /// # Errors
    ///
    /// If the request is not open, or the writer accepts no jobs.
    pub async fn approve(
        &self,
        id: RequestId,
        notice: KeptNotice,
        bulletin: Bulletin,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        let bulletin = Box::new(bulletin);
        let what = Disclosing::Approve { id, notice, bulletin, now };
        self.have_done(Deed::Disclose(what), once).await
    }

    /// Records in the log that a request was refused.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs.
    pub async fn refused(
        &self,
        request: &Request,
        violations: &Violations,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let seed = EntrySeed::new(chance().map_err(|_| Refusal::StoreFailed)?);
        let entry = AuditEntry::refused(request, self.cases.policy(), violations, now, &seed);
        let what = Disclosing::Refused { entry: Box::new(entry), seed };
        self.have_done(Deed::Disclose(what), None).await.map(drop)
    }

    /// Computes the coverage of a period, unless there is one. Blocks for a time in proportion to
    /// the registry; nobody waits for it.
    ///
    /// # Errors
    ///
    /// If the configured coverage would reveal too much.
    pub fn make_coverage(
        &self,
        dates: &CoverageDates,
        now: Timestamp,
    ) -> Result<Option<(u64, Box<RawValue>)>, CoverageError> {
        let (period, next) = dates.period(now);
        if self.disclosed.read().coverage().is_some_and(|&(made, _)| made == period.number()) {
            return Ok(None);
        }
        // Drawn for this one alone: it is made once, and kept.
        let Ok(seed) = chance().map(CoverageSeed::new) else { return Ok(None) };
        let resolution = Resolution::try_from(dates.resolution).unwrap_or(Resolution::Seven);
        let coverage = self.snapshot().coverage(period, &seed, resolution, dates.min_households)?;
        let cells = serde_json::from_str::<Box<RawValue>>(&coverage.to_geojson());
        let made = raw(&json!({
            "period": period, "made_at": now, "next": next,
            "resolution": u8::from(coverage.resolution()),
            "min_households": coverage.min_households(),
            "cells": cells.unwrap_or_default(),
        }));
        Ok(Some((period.number(), made)))
    }

    /// Stores the coverage of a period.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs.
    pub async fn keep_coverage(&self, period: u64, made: Box<RawValue>) -> Result<(), Refusal> {
        self.have_done(Deed::Disclose(Disclosing::Cover { period, made }), None).await.map(drop)
    }

    /// The approved notice of a request, made again by the present rules.
    ///
    /// # Errors
    ///
    /// If none was approved, or it breaks a rule that was added since.
    pub fn notice(
        &self,
        id: RequestId,
        authorized: &AuthorizedRequest,
    ) -> Result<(Notice, KeptNotice), Refusal> {
        let none = || Refusal::NoticeNotApproved(id);
        let kept = self.disclosed.read().notice(id).cloned().ok_or_else(none)?;
        let agency = self.cases.agency(authorized.request().agency).ok_or_else(none)?;
        let mut agency = agency.clone();
        agency.name.clone_from(&kept.agency);
        let template: NoticeTemplate = kept.template.parse().map_err(|_| none())?;
        let draft = template.draft(authorized, &agency, &kept.stop).map_err(|_| none())?;
        let draft = draft.withholding(kept.withheld.iter().cloned());
        let notice = draft.review(&kept.reviewer, kept.at).map_err(|_| none())?;
        Ok((notice, kept))
    }

    /// Runs an owner's change, without an idempotency key.
    pub(super) async fn have_owned(&self, what: Owning) -> Result<Answered, Refusal> {
        self.have_done(Deed::Own(what), None).await
    }

    /// Sets an owner's consent at their request.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs.
    pub async fn consent(
        &self,
        owner: OwnerId,
        consent: Consent,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Own(Owning::Consent { owner, consent, now }), once).await
    }

    /// Changes or removes a camera at its owner's request.
    ///
    /// # Errors
    ///
    /// If the camera is not theirs, or the writer accepts no jobs.
    pub async fn change_camera(
        &self,
        owner: OwnerId,
        camera: CameraId,
        change: CameraChange,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Own(Owning::Camera { owner, camera, change, now }), once).await
    }

    /// An owner's salt, made on first use.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs, or the store cannot be read.
    pub async fn salt(&self, owner: OwnerId) -> Result<Result<OwnerSalt, StoreError>, Refusal> {
        match self.store.salt(owner) {
            Ok(Some(salt)) => return Ok(Ok(salt)),
            Err(error) => return Ok(Err(error)),
            Ok(None) => {}
        }
        self.have_owned(Owning::Salt { owner }).await?;
        let missing = || StoreError::Entry {
            table: "owner_salts",
            entry: owner.0,
            reason: "it is missing".to_owned(),
        };
        Ok(self.store.salt(owner).and_then(|salt| salt.ok_or_else(missing)))
    }

    /// The ids among `of` of open requests to which an owner has shared.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs.
    pub async fn shared(
        &self,
        owner: OwnerId,
        of: Vec<RequestId>,
    ) -> Result<Vec<RequestId>, Refusal> {
        self.look(move |_, requests| requests.shared(owner, of)).await
    }

    /// The owners whom an open request has asked and who still agree, each with the cameras that it
    /// asks for and their zone.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs.
    pub async fn asked(
        &self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        now: Timestamp,
    ) -> Result<Vec<AskedOwner>, Refusal> {
        let request = authorized.request();
        let question = Question { agency: request.agency, incident: request.incident, now };
        let look = move |registry: &Registry, requests: &Requests| {
            let asked = requests.open_requests().asked(id).map(|owner| {
                let consent = registry.consent(owner);
                // Their own limits are ignored: this very request already counts towards those.
                (owner, consent.evaluate(&question, &[]).is_ok(), consent.zone().cloned())
            });
            asked.filter(|&(_, agrees, _)| agrees).collect::<Vec<_>>()
        };
        let agreed = self.look(look).await?;
        let (snapshot, authorized) = (self.snapshot(), authorized.clone());
        let explaining =
            tokio::task::spawn_blocking(move || snapshot.explain_area(&authorized, now));
        let explained = explaining.await.map_err(|error| {
            tracing::error!(%error, "a look at an area panicked");
            self.refusal()
        })?;
        let mut cameras: BTreeMap<OwnerId, Vec<CameraId>> = BTreeMap::new();
        for (camera, explanation) in explained {
            let is_out = match explanation {
                Explanation::Denied(denial) => denial != Denial::AskedOftenEnough,
                _ => false,
            };
            if !is_out {
                cameras.entry(camera.owner).or_default().push(camera.id);
            }
        }
        let with_cameras = |(owner, _, zone)| {
            let mut cameras = cameras.remove(&owner)?;
            cameras.sort_unstable();
            Some(AskedOwner { owner, cameras, zone })
        };
        Ok(agreed.into_iter().filter_map(with_cameras).collect())
    }

    /// Counts one owner's answer.
    ///
    /// # Errors
    ///
    /// If the request is not open, did not ask them, or the writer accepts no jobs.
    pub async fn answer(
        &self,
        id: RequestId,
        owner: OwnerId,
        answer: Answer,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.report(id, vec![(owner, answer)], now, once).await
    }

    /// An agency's name, if it is on record.
    #[must_use]
    pub fn agency_name(&self, id: AgencyId) -> Option<&str> {
        self.cases.agency(id).map(|agency| agency.name.as_str())
    }
}
