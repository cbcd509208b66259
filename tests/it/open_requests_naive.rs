//! The naive twin of standing requests: lists that are scanned from end to end.

use std::collections::{BTreeMap, BTreeSet};

use canvass::*;
use jiff::Timestamp;

use crate::oracle::{Answer, Town, households, oracle};

/// The naive twin.
#[derive(Default)]
pub struct Twin {
    pub town: Town,
    pub requests: Vec<Stands>,
    pub next: u64,
}

pub struct Stands {
    pub id: RequestId,
    pub agency: u64,
    pub authorized: AuthorizedRequest,
    pub until: Timestamp,
    pub latest: Timestamp,
    /// Whether its end was reported.
    pub ended: bool,
    /// Whether there were households enough at the first look.
    pub enough: Option<bool>,
    pub asked: BTreeSet<OwnerId>,
}

impl Stands {
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.ended && now < self.until
    }

    pub fn area(&self) -> &Area {
        &self.authorized.request().area
    }
}

/// An event without the parts that the twin does not model.
pub type Said = (u64, Timestamp, RequestId, &'static str);

pub fn said(event: &LifecycleEvent) -> Said {
    let step = match event.step {
        LifecycleStep::Opened { .. } => "opened",
        LifecycleStep::Extended { .. } => "extended",
        LifecycleStep::Asked { .. } => "asked",
        LifecycleStep::Decided { enough: true } => "enough",
        LifecycleStep::Decided { enough: false } => "too few",
        LifecycleStep::Resolved => "resolved",
        LifecycleStep::Withdrawn => "withdrawn",
        LifecycleStep::Expired => "expired",
        _ => "unknown",
    };
    (event.sequence, event.at, event.id, step)
}

impl Twin {
    pub fn say(&mut self, at: Timestamp, id: RequestId, step: &'static str) -> Said {
        self.next += 1;
        (self.next - 1, at, id, step)
    }

    pub fn expire(&mut self, now: Timestamp) -> Vec<Said> {
        let due = self.requests.iter().filter(|stands| !stands.ended && stands.until <= now);
        let mut due: Vec<(Timestamp, RequestId)> = due.map(|it| (it.until, it.id)).collect();
        due.sort_unstable();
        let mut said = Vec::new();
        for (until, id) in due {
            self.of(id).unwrap().ended = true;
            said.push(self.say(until, id, "expired"));
        }
        said
    }

    pub fn of(&mut self, id: RequestId) -> Option<&mut Stands> {
        self.requests.iter_mut().find(|stands| stands.id == id)
    }

    /// Decides of an open request whether households enough have a camera in its area, once.
    pub fn decide(&mut self, now: Timestamp, id: RequestId) -> Option<Said> {
        let stands = self.requests.iter_mut().find(|it| it.id == id && it.enough.is_none())?;
        let households = households(&self.town, stands.area()).len();
        let enough = households >= stands.authorized.min_households() as usize;
        stands.enough = Some(enough);
        Some(self.say(now, id, if enough { "enough" } else { "too few" }))
    }

    /// Whom each request may still ask.
    pub fn due(&self, now: Timestamp) -> BTreeMap<RequestId, Answer> {
        let due = |stands: &Stands| {
            let mut answer = oracle(&self.town, &stands.authorized, now);
            let asks = stands.is_open(now) && stands.enough == Some(true);
            answer.retain(|(owner, _)| asks && !stands.asked.contains(owner));
            (stands.id, answer)
        };
        self.requests.iter().map(due).collect()
    }

    /// The open requests with a position in their areas.
    pub fn touched(&self, positions: &[Position], now: Timestamp) -> Vec<RequestId> {
        let near = |area: &Area| positions.iter().any(|&position| area.covers(position));
        let touched = self.requests.iter();
        let touched = touched.filter(|stands| stands.is_open(now) && near(stands.area()));
        let ids: BTreeSet<RequestId> = touched.map(|stands| stands.id).collect();
        ids.into_iter().collect()
    }

    /// The positions of changes, before and after they were applied.
    pub fn positions(&self, changes: &[Change], after: &Town) -> Vec<Position> {
        let towns = [&self.town, after];
        let cameras = || towns.iter().flat_map(|town| town.cameras.values());
        let concerned = changes.iter().flat_map(|change| {
            cameras().filter(move |camera| match change {
                Change::Register(it) | Change::Replace(it) | Change::Upsert(it) => {
                    it.id == camera.id
                }
                Change::Move { camera: id, .. } | Change::Remove { camera: id } => *id == camera.id,
                Change::SetConsent { owner, .. }
                | Change::Withdraw { owner }
                | Change::Forget { owner }
                | Change::RecordAsked { owner, .. } => *owner == camera.owner,
                other => unreachable!("the model does not know {other:?}"),
            })
        });
        concerned.map(|camera| camera.position).collect()
    }
}
