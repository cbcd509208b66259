//! Owners' answers: a row for each request and one for each pool, from which an agency's ledger is
//! restored.

use std::collections::BTreeSet;

use canvass::outcome::{OutcomeBudget, OutcomeSeed, Outcomes};
use canvass::{AgencyId, Area, OwnerId, RequestId};
use redb::{ReadTransaction, ReadableTable, WriteTransaction};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::counted::Tally;
use super::group::{Into, Row as TableRow, number, short};
use super::{BUDGETS, OUTCOMES, POOLS, SEED, Store, StoreError, row, unread};

/// Rows of ledgers, to replace the stored ones.
#[derive(Debug, Default)]
pub struct LedgerRows {
    /// Rows of requests.
    pub requests: Vec<(RequestId, Box<RawValue>)>,
    /// Rows of an agency's pools, by their numbers.
    pub pools: Vec<((AgencyId, u64), Box<RawValue>)>,
    /// Rows of households: the seconds at which they were counted in the last year.
    pub budgets: Vec<(OwnerId, Vec<i64>)>,
}

pub(super) fn rows(ledgers: &LedgerRows, rows: &mut Vec<TableRow>) {
    let LedgerRows { requests, pools, budgets } = ledgers;
    for (id, row) in requests {
        let key = id.0.to_be_bytes().to_vec();
        let bytes = row::seal("outcomes", &key, row.get().into());
        rows.push(TableRow { table: Into::Outcomes, key, bytes });
    }
    for ((agency, pool), row) in pools {
        let key = pool_key(agency.0, *pool);
        let bytes = row::seal("pools", &key, row.get().into());
        rows.push(TableRow { table: Into::Pools, key, bytes });
    }
    for (owner, counted) in budgets {
        let key = owner.0.to_be_bytes().to_vec();
        let seconds = counted.iter().flat_map(|second| second.to_be_bytes()).collect();
        let bytes = row::seal("budgets", &key, seconds);
        rows.push(TableRow { table: Into::Budgets, key, bytes });
    }
}

/// Puts rows of one of the tables where they belong, each in the place of the one that has its key.
pub(super) fn put(
    transaction: &WriteTransaction,
    into: Into,
    rows: &[TableRow],
    tally: &mut Tally,
) -> Result<(), StoreError> {
    if into == Into::Pools {
        let mut pools = transaction.open_table(POOLS)?;
        for TableRow { key, bytes, .. } in rows {
            let (agency, pool) = key.split_at_checked(8).ok_or_else(short)?;
            if let Some(old) = pools.insert((number(agency)?, number(pool)?), bytes.as_slice())? {
                tally.remove("pools", key, old.value());
            }
            tally.add("pools", key, bytes);
        }
        return Ok(());
    }
    let (name, table) =
        if into == Into::Budgets { ("budgets", BUDGETS) } else { ("outcomes", OUTCOMES) };
    let mut table = transaction.open_table(table)?;
    for TableRow { key, bytes, .. } in rows {
        if let Some(old) = table.insert(number(key)?, bytes.as_slice())? {
            tally.remove(name, key, old.value());
        }
        tally.add(name, key, bytes);
    }
    Ok(())
}

/// How often an owner was counted is not kept any more.
pub(super) fn erase(
    transaction: &WriteTransaction,
    owner: OwnerId,
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let mut budgets = transaction.open_table(BUDGETS)?;
    if let Some(old) = budgets.remove(owner.0)? {
        tally.remove("budgets", &owner.0.to_be_bytes(), old.value());
    }
    Ok(())
}

/// Counts the rows that are there. Their checksums are verified where they are read.
pub(super) fn count(transaction: &ReadTransaction, tally: &mut Tally) -> Result<(), StoreError> {
    for (name, table) in [("outcomes", OUTCOMES), ("budgets", BUDGETS)] {
        for row in transaction.open_table(table)?.iter()? {
            let (key, bytes) = row?;
            tally.add(name, &key.value().to_be_bytes(), bytes.value());
        }
    }
    for row in transaction.open_table(POOLS)?.iter()? {
        let (key, bytes) = row?;
        let (agency, pool) = key.value();
        tally.add("pools", &pool_key(agency, pool), bytes.value());
    }
    Ok(())
}

/// The bytes of a pool's key, for its checksum.
fn pool_key(agency: u64, pool: u64) -> Vec<u8> {
    [agency.to_be_bytes(), pool.to_be_bytes()].concat()
}

/// A request's data by the events. Its row must agree: an older row would count other answers.
#[derive(Debug)]
pub struct Said<'a> {
    /// The request's id.
    pub id: RequestId,
    /// Its area.
    pub area: &'a Area,
    /// The owners it has asked; `None` once it has ended.
    pub asked: Option<BTreeSet<OwnerId>>,
}

/// The same data by the row.
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
    /// Whether a row is this request's, as of its last event; otherwise the contradiction.
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
    /// The seed of the noise in outcomes, which was drawn when the store was made.
    ///
    /// # Errors
    ///
    /// If the database fails, or the seed is missing or cannot be read.
    pub fn outcome_seed(&self) -> Result<OutcomeSeed, StoreError> {
        let wrong = |reason: &str| unread("seed", 0, &reason);
        let table = self.read()?.open_table(SEED)?;
        let kept = table.get(0)?.ok_or_else(|| wrong("it is missing"))?;
        let seed = row::open("seed", &[], kept.value()).map_err(|reason| wrong(&reason))?;
        let seed = seed.try_into().map_err(|_| wrong("it has not 32 bytes"))?;
        Ok(OutcomeSeed::new(seed))
    }

    /// How often each household was counted in outcomes.
    ///
    /// # Errors
    ///
    /// If the database fails, or a row cannot be read.
    pub fn outcome_budget(&self) -> Result<OutcomeBudget, StoreError> {
        let mut budget = OutcomeBudget::default();
        for kept in self.read()?.open_table(BUDGETS)?.iter()? {
            let (owner, kept) = kept?;
            let owner = owner.value();
            let seconds = row::open("budgets", &owner.to_be_bytes(), kept.value());
            let seconds = seconds.map_err(|reason| unread("budgets", owner, &reason))?;
            let (seconds, rest) = seconds.as_chunks::<8>();
            if !rest.is_empty() {
                return Err(unread("budgets", owner, &"it ends within a number"));
            }
            budget.restore(OwnerId(owner), seconds.iter().map(|&at| i64::from_be_bytes(at)));
        }
        Ok(budget)
    }

    /// An agency's ledger, given its requests in the order in which they were opened.
    ///
    /// # Errors
    ///
    /// If the database fails, or a row is missing, cannot be read, or contradicts the events.
    pub fn outcomes<'a>(
        &self,
        agency: AgencyId,
        requests: impl IntoIterator<Item = Said<'a>>,
    ) -> Result<Outcomes, StoreError> {
        /// A ledger in its serde form.
        #[derive(Serialize)]
        struct Written {
            agency: AgencyId,
            requests: Vec<Box<RawValue>>,
            pools: Vec<Box<RawValue>>,
        }
        let transaction = self.read()?;
        let table = transaction.open_table(OUTCOMES)?;
        let read = |id: u64, row: &[u8]| {
            serde_json::from_slice::<Box<RawValue>>(row).map_err(|e| unread("outcomes", id, &e))
        };
        let mut written = Written { agency, requests: Vec::new(), pools: Vec::new() };
        for said in requests {
            let id = said.id.0;
            let row = table.get(id)?.ok_or_else(|| unread("outcomes", id, &"it is missing"))?;
            let wrong = |reason: String| unread("outcomes", id, &reason);
            let row = row::open("outcomes", &id.to_be_bytes(), row.value()).map_err(wrong)?;
            said.goes_with(row).map_err(wrong)?;
            written.requests.push(read(id, row)?);
        }
        for row in transaction.open_table(POOLS)?.range((agency.0, 0)..=(agency.0, u64::MAX))? {
            let (key, row) = row?;
            let (agency, pool) = key.value();
            let row = row::open("pools", &pool_key(agency, pool), row.value());
            let row = row.map_err(|reason| unread("pools", pool, &reason))?;
            written.pools.push(read(pool, row)?);
        }
        let unread = |error: serde_json::Error| unread("outcomes", agency.0, &error);
        serde_json::from_str(&serde_json::to_string(&written).map_err(unread)?).map_err(unread)
    }
}
