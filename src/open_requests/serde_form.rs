//! The serde form: the case files, and the state of open requests that they lack.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use super::check::ascending;
use super::error::OpenRequestsError;
use super::index::AreaIndex;
use super::open_requests::{FilePlace, OpenRequests, OpenStanding};
use crate::model::{OwnerId, RequestId};
use crate::request::{CaseFile, CaseFileError};

#[derive(Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename = "OpenRequests", deny_unknown_fields)]
struct RequestsForm<F> {
    next: u64,
    last: Option<Timestamp>,
    files: Vec<F>,
    open: Vec<StandingForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename = "OpenRequest", deny_unknown_fields)]
struct StandingForm {
    id: RequestId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enough: Option<bool>,
    asked: Vec<OwnerId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shared: Vec<OwnerId>,
}

/// The case files, and for each open request whom it asked; derived look-ups are not written.
impl Serialize for OpenRequests {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let list = |owners: &BTreeSet<OwnerId>| owners.iter().copied().collect();
        let open = self.open.iter().map(|(&id, OpenStanding { enough, asked, shared })| {
            StandingForm { id, enough: *enough, asked: list(asked), shared: list(shared) }
        });
        RequestsForm {
            next: self.next,
            last: self.last,
            files: self.files.values().collect::<Vec<&CaseFile>>(),
            open: open.collect(),
        }
        .serialize(serializer)
    }
}

/// Two are equal if their serde forms are: all else is derived.
impl PartialEq for OpenRequests {
    fn eq(&self, other: &Self) -> bool {
        let written = |it: &Self| (it.next, it.last);
        written(self) == written(other) && self.files == other.files && self.open == other.open
    }
}

impl<'de> Deserialize<'de> for OpenRequests {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RequestsForm::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}

impl TryFrom<RequestsForm<CaseFile>> for OpenRequests {
    type Error = OpenRequestsError;

    fn try_from(written: RequestsForm<CaseFile>) -> Result<Self, Self::Error> {
        let RequestsForm { next, last, files, open } = written;
        let mut by_agency = BTreeMap::new();
        for file in files {
            let agency = file.agency();
            if file.iter().len() == 0 {
                return Err(OpenRequestsError::EmptyCaseFile { agency });
            }
            if by_agency.insert(agency, file).is_some() {
                return Err(OpenRequestsError::TwoCaseFiles { agency });
            }
        }
        let mut read = Self::of(next, last, by_agency);
        for (&agency, file) in &read.files {
            for (number, opened) in file.iter().enumerate() {
                let id = opened.id();
                if read.places.insert(id, FilePlace { agency, number }).is_some() {
                    return Err(CaseFileError::IdTaken { id }.into());
                }
            }
        }
        for StandingForm { id, enough, asked, shared } in open {
            let (asked, shared) = (ascending(id, &asked)?, ascending(id, &shared)?);
            if let Some(&owner) = shared.difference(&asked).next() {
                return Err(OpenRequestsError::NotAsked { id, owner });
            }
            if !asked.is_empty() && enough != Some(true) {
                return Err(OpenRequestsError::NotDecided { id });
            }
            let standing = OpenStanding { enough, asked, shared };
            if read.open.insert(id, standing).is_some() {
                return Err(OpenRequestsError::Inconsistent { id });
            }
        }
        read.is_consistent()?;
        let expiries = read.open.keys().filter_map(|&id| Some((read.get(id)?.open_until(), id)));
        read.expiries = expiries.collect();
        let open = read.open.keys().filter_map(|&id| Some((id, read.get(id)?.request().ground())));
        read.index = AreaIndex::of(open);
        Ok(read)
    }
}

impl OpenRequests {
    /// How many events it takes at least to get here: each request was opened, each that is not open has
    /// ended, and what is known of an open one was in one event or more each.
    fn least_events(&self) -> u64 {
        let opened = self.places.len();
        let ended = opened.saturating_sub(self.open.len());
        let count =
            |has: fn(&OpenStanding) -> bool| self.open.values().filter(|it| has(it)).count();
        let decided = count(|standing| standing.enough.is_some());
        let asked = count(|standing| !standing.asked.is_empty());
        let shared = count(|standing| !standing.shared.is_empty());
        [opened, ended, decided, asked, shared]
            .iter()
            .fold(0, |sum, &events| sum.saturating_add(events as u64))
    }

    /// Refuses a state that no events lead to.
    fn is_consistent(&self) -> Result<(), OpenRequestsError> {
        let least = self.least_events();
        if self.next < least {
            return Err(OpenRequestsError::TooFewEvents { next: self.next, least });
        }
        if let Some(last) = self.last.filter(|_| least == 0) {
            return Err(OpenRequestsError::NothingHappened { last });
        }
        let open = |id| self.open.contains_key(&id);
        for opened in self.opened() {
            let (id, at) = (opened.id(), opened.ended_at().unwrap_or(opened.opened_at()));
            let last = self.last.ok_or(OpenRequestsError::Inconsistent { id })?;
            // An ended request is not open; one that has not ended, and is not open, has expired.
            let goes_with = match (open(id), opened.ended_at()) {
                (true, None) => last <= opened.open_until(),
                (true, Some(_)) => false,
                (false, None) => opened.open_until() <= last,
                (false, Some(_)) => true,
            };
            if !goes_with || at > last {
                return Err(OpenRequestsError::Inconsistent { id });
            }
        }
        if let Some(&id) = self.open.keys().find(|id| !self.places.contains_key(id)) {
            return Err(OpenRequestsError::Inconsistent { id });
        }
        Ok(())
    }
}
