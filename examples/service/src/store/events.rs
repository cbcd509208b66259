//! Events of requests in their order, and the receipts as they were returned.

use std::cmp::Ordering;

use canvass::{AgencyId, LifecycleEvent, OpenedRequest, RequestId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::group::{Into, Row};
use super::{EVENTS, META, RECEIPTS, Store, StoreError, number, row, unread};

/// The number of the first event; all events come after 0.
pub const FIRST_EVENT: u64 = 1;

/// The most events on a page,
const PAGE: usize = 1000;
/// and the most bytes of events on it, except for the first.
const PAGE_BYTES: usize = 1 << 20;

pub(super) fn rows(events: &[LifecycleEvent], rows: &mut Vec<Row>) -> Result<(), StoreError> {
    for event in events {
        let sequence = event.sequence;
        let json = serde_json::to_vec(event).map_err(|error| unread("events", sequence, &error))?;
        let key = sequence.to_be_bytes().to_vec();
        let bytes = row::seal("events", &key, json);
        rows.push(Row { table: Into::Events, key, bytes });
    }
    Ok(())
}

pub(super) fn receipt_rows(receipts: &[(RequestId, Box<RawValue>)], rows: &mut Vec<Row>) {
    for (id, receipt) in receipts {
        let key = id.0.to_be_bytes().to_vec();
        let bytes = row::seal("receipts", &key, receipt.get().into());
        rows.push(Row { table: Into::Receipts, key, bytes });
    }
}

/// Reads a row of JSON whose key is a number.
fn json_row<T: DeserializeOwned>(
    table: &'static str,
    number: u64,
    row: &[u8],
) -> Result<T, StoreError> {
    let row = row::open(table, &number.to_be_bytes(), row);
    let row = row.map_err(|reason| unread(table, number, &reason))?;
    serde_json::from_slice(row).map_err(|error| unread(table, number, &error))
}

impl Store {
    /// A page of the events after a number, as they are stored; empty only if there are none.
    ///
    /// # Errors
    ///
    /// If the database fails or an event cannot be read.
    pub fn events(&self, after: u64) -> Result<Vec<Box<RawValue>>, StoreError> {
        let transaction = self.read()?;
        let rows = transaction.open_table(EVENTS)?;
        let (mut page, mut bytes) = (Vec::new(), 0);
        for row in rows.range(after.saturating_add(1)..)?.take(PAGE) {
            let (sequence, event) = row?;
            bytes += event.value().len();
            if bytes > PAGE_BYTES && !page.is_empty() {
                break;
            }
            page.push(json_row("events", sequence.value(), event.value())?);
        }
        Ok(page)
    }

    /// Passes every event to `take`, in order.
    ///
    /// # Errors
    ///
    /// If the database fails, an event cannot be read, the last ones are missing, or `take` fails.
    pub fn replay_events<E: From<StoreError>>(
        &self,
        mut take: impl FnMut(LifecycleEvent) -> Result<(), E>,
    ) -> Result<(), E> {
        let read = || -> Result<_, StoreError> {
            let transaction = self.read()?;
            let (events, meta) = (transaction.open_table(EVENTS)?, transaction.open_table(META)?);
            Ok((events.range(0..)?, number(&meta, "event")?))
        };
        let (events, kept) = read()?;
        let mut found = 0;
        for row in events {
            let (sequence, event) = row.map_err(StoreError::from)?;
            found = sequence.value();
            let event: LifecycleEvent = json_row("events", found, event.value())?;
            if event.sequence != found {
                let other = format!("it is event `{}`", event.sequence);
                return Err(unread("events", found, &other).into());
            }
            take(event)?;
        }
        match found.cmp(&kept) {
            Ordering::Less => Err(StoreError::EventsCutOff { kept, found }.into()),
            Ordering::Greater => Err(StoreError::NotKept { table: "events", kept, found }.into()),
            Ordering::Equal => Ok(()),
        }
    }

    /// Verifies that requests have receipts of their own agency and case.
    ///
    /// # Errors
    ///
    /// If the database fails, or a receipt is missing, cannot be read or is another's.
    pub fn have_receipts<'a>(
        &self,
        requests: impl IntoIterator<Item = &'a OpenedRequest>,
    ) -> Result<(), StoreError> {
        /// The agency and case of a receipt.
        #[derive(Deserialize)]
        struct Of {
            agency: AgencyId,
            case_reference: String,
        }
        let transaction = self.read()?;
        let receipts = transaction.open_table(RECEIPTS)?;
        for opened in requests {
            let (id, request) = (opened.id().0, opened.request());
            let receipt = receipts.get(id)?;
            let receipt = receipt.ok_or_else(|| unread("receipts", id, &"it is missing"))?;
            let Of { agency, case_reference } = json_row("receipts", id, receipt.value())?;
            if (agency, &case_reference) != (request.agency, &request.case_reference) {
                return Err(unread("receipts", id, &"it is another request's"));
            }
        }
        Ok(())
    }

    /// The receipt of a request, as it was first returned. O(log requests).
    ///
    /// # Errors
    ///
    /// If the database fails or the receipt cannot be read.
    pub fn receipt(&self, id: RequestId) -> Result<Option<Box<RawValue>>, StoreError> {
        let transaction = self.read()?;
        let receipts = transaction.open_table(RECEIPTS)?;
        let receipt = receipts.get(id.0)?;
        receipt.map(|row| json_row("receipts", id.0, row.value())).transpose()
    }
}
