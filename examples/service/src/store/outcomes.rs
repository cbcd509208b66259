//! What owners answered: a row for each request and one for each pool, of which an agency's ledger is
//! made again.

use std::collections::BTreeSet;

use canvass::outcome::Outcomes;
use canvass::{AgencyId, Area, OwnerId, RequestId};
use redb::{ReadableDatabase, WriteTransaction};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
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

/// What events say of a request. Its row has to say the same: one of before would count other answers.
#[derive(Debug)]
pub struct Said<'a> {
    /// Which request.
    pub id: RequestId,
    /// Where it asks.
    pub area: &'a Area,
    /// Whom it has asked; `None` once it has ended.
    pub asked: Option<BTreeSet<OwnerId>>,
}

/// What a row says of that.
#[derive(Deserialize)]
struct Row<'a> {
    id: RequestId,
    #[serde(borrow)]
    area: &'a RawValue,
    answers: Answers,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answers {
    Open { asked: BTreeSet<OwnerId> },
    Waiting(IgnoredAny),
    Told(IgnoredAny),
    Dropped,
}

impl Said<'_> {
    /// Whether a row is this request's, as of its last event; or else what is wrong with it.
    fn goes_with(&self, row: &[u8]) -> Result<(), String> {
        let row: Row<'_> = serde_json::from_slice(row).map_err(|error| error.to_string())?;
        let area = serde_json::to_string(self.area).map_err(|error| error.to_string())?;
        if row.id != self.id {
            return Err(format!("it is the row of request `{}`", row.id));
        }
        if row.area.get() != area {
            return Err("its area is not the request's".to_owned());
        }
        match (&self.asked, row.answers) {
            (Some(asked), Answers::Open { asked: counted }) if counted == *asked => Ok(()),
            (Some(_), Answers::Open { .. }) => Err("it does not have who was asked".to_owned()),
            (None, Answers::Open { .. }) => Err("it is open, and the request has ended".to_owned()),
            (None, _) => Ok(()),
            (Some(_), _) => Err("it is closed, and the request is open".to_owned()),
        }
    }
}

impl Store {
    /// An agency's ledger, given its requests in the order in which they were opened.
    ///
    /// # Errors
    ///
    /// If the database refuses, or a row is missing, cannot be read, or does not go with the events.
    pub fn outcomes<'a>(
        &self,
        agency: AgencyId,
        requests: impl IntoIterator<Item = Said<'a>>,
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
        for said in requests {
            let id = said.id.0;
            let row = table.get(id)?.ok_or_else(|| unread("outcomes", id, &"it is missing"))?;
            said.goes_with(row.value()).map_err(|reason| unread("outcomes", id, &reason))?;
            written.requests.push(read(id, row.value())?);
        }
        for row in transaction.open_table(POOLS)?.range((agency.0, 0)..=(agency.0, u64::MAX))? {
            let (key, row) = row?;
            written.pools.push(read(key.value().1, row.value())?);
        }
        let unread = |error: serde_json::Error| unread("outcomes", agency.0, &error);
        serde_json::from_str(&serde_json::to_string(&written).map_err(unread)?).map_err(unread)
    }
}
