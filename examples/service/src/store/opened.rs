//! The requests that were opened, by agency in their order: what case files are made of.

use canvass::{AgencyId, CaseFile, OpenedRequest, RequestId, RequestState};
use jiff::Timestamp;
use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, WriteTransaction};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{OPENED, REQUESTS, Store, StoreError};

/// A request to be kept, in the place of what was kept of it before.
#[derive(Clone, Debug)]
pub struct KeptRequest {
    /// Whose.
    pub agency: AgencyId,
    /// Its place in the agency's case file, from 0.
    pub ordinal: u64,
    /// Which request.
    pub id: RequestId,
    /// What is kept of it: [`StoredRequest`] as JSON.
    pub json: Vec<u8>,
}

/// An opened request with what its agency was told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredRequest {
    /// The request as its case file has it.
    pub opened: OpenedRequest,
    /// The receipt as it was given.
    pub receipt: Box<RawValue>,
}

impl StoredRequest {
    /// What its agency is told: its number, where it is in its life, and the receipt.
    #[must_use]
    pub fn told(&self, now: Timestamp) -> Told<'_> {
        let opened = &self.opened;
        Told {
            id: opened.id(),
            state: opened.state(now),
            open_until: opened.open_until(),
            latest: opened.latest(),
            receipt: &self.receipt,
        }
    }
}

/// What an agency is told of a request. Nothing in it comes from a camera or an owner.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Told<'a> {
    id: RequestId,
    state: RequestState,
    open_until: Timestamp,
    latest: Timestamp,
    receipt: &'a RawValue,
}

pub(super) fn insert(
    transaction: &WriteTransaction,
    kept: &[KeptRequest],
) -> Result<(), StoreError> {
    let mut rows = transaction.open_table(OPENED)?;
    let mut requests = transaction.open_table(REQUESTS)?;
    for KeptRequest { agency, ordinal, id, json } in kept {
        rows.insert((agency.0, *ordinal), json.as_slice())?;
        requests.insert(id.0, (agency.0, *ordinal))?;
    }
    Ok(())
}

impl Store {
    /// An opened request and its receipt. O(log requests).
    ///
    /// # Errors
    ///
    /// If the database refuses or the entry cannot be read.
    pub fn request(&self, id: RequestId) -> Result<Option<StoredRequest>, StoreError> {
        Ok(self.place_and_request(id)?.map(|(_, stored)| stored))
    }

    /// The same, with its place in its agency's case file.
    pub(crate) fn place_and_request(
        &self,
        id: RequestId,
    ) -> Result<Option<(u64, StoredRequest)>, StoreError> {
        let transaction = self.database.begin_read()?;
        let Some(key) = transaction.open_table(REQUESTS)?.get(id.0)?.map(|key| key.value()) else {
            return Ok(None);
        };
        let rows = transaction.open_table(OPENED)?;
        let row = rows.get(key)?;
        row.map(|row| Ok((key.1, read(key.1, row.value())?))).transpose()
    }

    /// The ids of all requests that were ever opened.
    ///
    /// # Errors
    ///
    /// If the database refuses.
    pub fn request_ids(&self) -> Result<Vec<RequestId>, StoreError> {
        let requests = self.database.begin_read()?.open_table(REQUESTS)?;
        let mut ids = Vec::with_capacity(usize::try_from(requests.len()?).unwrap_or(0));
        for entry in requests.iter()? {
            ids.push(RequestId(entry?.0.value()));
        }
        Ok(ids)
    }

    /// An agency's case file.
    ///
    /// # Errors
    ///
    /// If the database refuses or an entry cannot be read.
    pub fn case_file(&self, agency: AgencyId) -> Result<CaseFile, StoreError> {
        /// A case file as serde writes it: there is no other way to put one together again.
        #[derive(Serialize)]
        struct Parts {
            agency: AgencyId,
            opened: Vec<OpenedRequest>,
        }
        let rows = self.database.begin_read()?.open_table(OPENED)?;
        let mut opened = Vec::new();
        for row in rows.range((agency.0, 0)..=(agency.0, u64::MAX))? {
            let (key, row) = row?;
            opened.push(read(key.value().1, row.value())?.opened);
        }
        let unread = |error: serde_json::Error| StoreError::Entry {
            table: "opened",
            entry: agency.0,
            reason: error.to_string(),
        };
        let parts = serde_json::to_string(&Parts { agency, opened }).map_err(unread)?;
        serde_json::from_str(&parts).map_err(unread)
    }
}

fn read(ordinal: u64, row: &[u8]) -> Result<StoredRequest, StoreError> {
    serde_json::from_slice(row).map_err(|error| StoreError::Entry {
        table: "opened",
        entry: ordinal,
        reason: error.to_string(),
    })
}
