//! The serde form of a case file, and its validation.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;

use super::case_file::CaseFile;
use super::case_file_error::CaseFileError;
use super::opened_request::OpenedRequest;
use super::sharers::{SharerForm, Sharers};
use crate::model::AgencyId;

/// The wire form of a case file, before it is validated.
#[derive(Deserialize)]
#[serde(crate = "crate::util::by_name", rename = "CaseFile", deny_unknown_fields)]
pub(super) struct CaseFileForm {
    agency: AgencyId,
    opened: Vec<OpenedRequest>,
    #[serde(default)]
    shared: Vec<SharerForm>,
}

impl TryFrom<CaseFileForm> for CaseFile {
    type Error = CaseFileError;

    fn try_from(
        CaseFileForm { agency, opened, shared }: CaseFileForm,
    ) -> Result<Self, Self::Error> {
        let mut ids = BTreeSet::new();
        let mut last = Timestamp::MIN;
        for OpenedRequest { id, request, at, .. } in &opened {
            if request.agency != agency {
                return Err(CaseFileError::OtherAgency { named: request.agency, file: agency });
            }
            if !ids.insert(*id) {
                return Err(CaseFileError::IdTaken { id: *id });
            }
            if *at < last {
                return Err(CaseFileError::BackInTime { now: *at, last });
            }
            last = *at;
        }
        let last = opened.iter().map(OpenedRequest::last).max();
        let shared = Sharers::read(&shared).ok_or(CaseFileError::SharersNotAscending { agency })?;
        Ok(Self { agency, opened, last, shared })
    }
}
