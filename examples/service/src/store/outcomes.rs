//! What owners answered: a row for each request and one for each pool, of which an agency's ledger is
//! made again.

use canvass::{AgencyId, Outcomes, RequestId};
use redb::{ReadableDatabase, WriteTransaction};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{OUTCOMES, POOLS, Store, StoreError, unread};

/// Rows of ledgers, in the place of what was there.
#[derive(Debug, Default)]
pub struct LedgerRows {
    /// Of requests.
    pub requests: Vec<(RequestId, Box<RawValue>)>,
    /// Of an agency's pools, by their numbers.
    pub pools: Vec<((AgencyId, u64), Box<RawValue>)>,
}

pub(super) fn insert(transaction: &WriteTransaction, rows: &LedgerRows) -> Result<(), StoreError> {
    let LedgerRows { requests, pools } = rows;
    if !requests.is_empty() {
        let mut table = transaction.open_table(OUTCOMES)?;
        for (id, row) in requests {
            table.insert(id.0, row.get().as_bytes())?;
        }
    }
    if !pools.is_empty() {
        let mut table = transaction.open_table(POOLS)?;
        for ((agency, pool), row) in pools {
            table.insert((agency.0, *pool), row.get().as_bytes())?;
        }
    }
    Ok(())
}

impl Store {
    /// An agency's ledger, given its requests in the order in which they were opened.
    ///
    /// # Errors
    ///
    /// If the database refuses, or a row is missing or cannot be read.
    pub fn outcomes(
        &self,
        agency: AgencyId,
        requests: impl IntoIterator<Item = RequestId>,
    ) -> Result<Outcomes, StoreError> {
        /// A ledger as serde writes it.
        #[derive(Serialize)]
        struct Written {
            agency: AgencyId,
            requests: Vec<Box<RawValue>>,
            pools: Vec<Box<RawValue>>,
        }
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(OUTCOMES)?;
        let read = |id: u64, row: &[u8]| {
            serde_json::from_slice::<Box<RawValue>>(row).map_err(|e| unread("outcomes", id, &e))
        };
        let mut written = Written { agency, requests: Vec::new(), pools: Vec::new() };
        for id in requests {
            let row = table.get(id.0)?.ok_or_else(|| unread("outcomes", id.0, &"it is missing"))?;
            written.requests.push(read(id.0, row.value())?);
        }
        for row in transaction.open_table(POOLS)?.range((agency.0, 0)..=(agency.0, u64::MAX))? {
            let (key, row) = row?;
            written.pools.push(read(key.value().1, row.value())?);
        }
        let unread = |error: serde_json::Error| unread("outcomes", agency.0, &error);
        serde_json::from_str(&serde_json::to_string(&written).map_err(unread)?).map_err(unread)
    }
}
