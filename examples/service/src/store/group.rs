//! The rows of one commit: they go into the database and, beside it, into the mark, from which a
//! commit can be repeated that the database lost.

use redb::{ReadableTable, WriteTransaction};

use super::mark::Acknowledged;
use super::{
    AGING, BUDGETS, EVENTS, KEYS, Kept, LOG, META, OUTCOMES, POOLS, RECEIPTS, StoreError, events,
    keys, meta, outcomes, unread,
};

/// The number of old keys removed for each new one: more than one, so that they become fewer, and
/// few, so that no commit takes long.
const FORGOTTEN: u64 = 4;

/// A table to which a commit adds rows. Marks store these numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Into {
    Log = 1,
    Events = 2,
    Receipts = 3,
    Outcomes = 4,
    Pools = 5,
    Keys = 6,
    Aging = 7,
    Budgets = 8,
}

impl Into {
    const ALL: [Self; 8] = [
        Self::Log,
        Self::Events,
        Self::Receipts,
        Self::Outcomes,
        Self::Pools,
        Self::Keys,
        Self::Aging,
        Self::Budgets,
    ];
}

/// A row; numbers in keys are big-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) table: Into,
    pub(super) key: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

/// The content of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    to: Acknowledged,
    /// The last revision and the last event; 0 if there is none among the rows.
    revision: u64,
    event: u64,
    /// Keys sent before this second may be removed.
    keys_kept_after: u64,
    forgotten: u64,
    /// 1 if asking is allowed again after a restored copy.
    release: u64,
    rows: Vec<Row>,
}

impl Group {
    pub(super) fn of(kept: &Kept, to: Acknowledged) -> Result<Self, StoreError> {
        let mut rows = Vec::new();
        for entry in &kept.revisions {
            rows.push(super::log_row(entry));
        }
        events::rows(&kept.events, &mut rows)?;
        events::receipt_rows(&kept.receipts, &mut rows);
        outcomes::rows(&kept.outcomes, &mut rows);
        keys::rows(&kept.answers, &mut rows)?;
        Ok(Self {
            to,
            revision: kept.revisions.last().map_or(0, |entry| entry.revision.0),
            event: kept.events.last().map_or(0, |event| event.sequence),
            keys_kept_after: kept.keys_kept_after,
            forgotten: FORGOTTEN.saturating_mul(kept.answers.len() as u64),
            release: u64::from(kept.release),
            rows,
        })
    }

    /// Writes the rows into their tables.
    pub(super) fn apply(&self, transaction: &WriteTransaction) -> Result<(), StoreError> {
        for rows in self.rows.chunk_by(|one, next| one.table == next.table) {
            let Some(Row { table, .. }) = rows.first() else { continue };
            match table {
                Into::Log => insert(transaction, LOG, rows)?,
                Into::Events => insert(transaction, EVENTS, rows)?,
                Into::Receipts => insert(transaction, RECEIPTS, rows)?,
                Into::Outcomes => insert(transaction, OUTCOMES, rows)?,
                Into::Budgets => insert(transaction, BUDGETS, rows)?,
                Into::Pools => {
                    let mut pools = transaction.open_table(POOLS)?;
                    for Row { key, bytes, .. } in rows {
                        let (agency, pool) = key.split_at_checked(8).ok_or_else(short)?;
                        pools.insert((number(agency)?, number(pool)?), bytes.as_slice())?;
                    }
                }
                Into::Keys => {
                    let mut keys = transaction.open_table(KEYS)?;
                    for Row { key, bytes, .. } in rows {
                        keys.insert(key.as_slice(), bytes.as_slice())?;
                    }
                }
                Into::Aging => {
                    let mut aging = transaction.open_table(AGING)?;
                    for Row { key, .. } in rows {
                        let (second, key) = key.split_at_checked(8).ok_or_else(short)?;
                        aging.insert((number(second)?, key), ())?;
                    }
                }
            }
        }
        if self.forgotten > 0 {
            self.forget(transaction)?;
        }
        let mut meta = transaction.open_table(META)?;
        if self.revision > 0 {
            meta.insert("revision", self.revision)?;
        }
        if self.event > 0 {
            meta.insert("event", self.event)?;
        }
        if self.release > 0 {
            meta.insert("held", 0)?;
        }
        meta::commit(&mut meta, self.to)
    }

    /// Removes some of the old keys.
    fn forget(&self, transaction: &WriteTransaction) -> Result<(), StoreError> {
        let (mut keys, mut aging) = (transaction.open_table(KEYS)?, transaction.open_table(AGING)?);
        for _ in 0..self.forgotten {
            let old = match aging.first()? {
                Some((age, _)) if age.value().0 < self.keys_kept_after => {
                    let (second, key) = age.value();
                    (second, key.to_vec())
                }
                _ => break,
            };
            keys.remove(old.1.as_slice())?;
            aging.remove((old.0, old.1.as_slice()))?;
        }
        Ok(())
    }

    /// The bytes of the commit in a mark.
    pub(super) fn encode(&self) -> Vec<u8> {
        let size = self.rows.iter().map(|row| 17 + row.key.len() + row.bytes.len()).sum::<usize>();
        let mut bytes = Vec::with_capacity(64 + size);
        let numbers =
            [self.revision, self.event, self.keys_kept_after, self.forgotten, self.release];
        for number in numbers {
            bytes.extend(number.to_le_bytes());
        }
        for Row { table, key, bytes: row } in &self.rows {
            bytes.push(*table as u8);
            for part in [key, row] {
                bytes.extend((part.len() as u64).to_le_bytes());
                bytes.extend(part);
            }
        }
        bytes
    }

    /// The commit in a mark.
    pub(super) fn decode(to: Acknowledged, mut bytes: &[u8]) -> Result<Self, StoreError> {
        let mut numbers = [0; 5];
        for number in &mut numbers {
            *number = take_number(&mut bytes)?;
        }
        let [revision, event, keys_kept_after, forgotten, release] = numbers;
        let mut rows = Vec::new();
        while let Some((&code, rest)) = bytes.split_first() {
            bytes = rest;
            let table = Into::ALL.into_iter().find(|table| *table as u8 == code);
            let table = table.ok_or_else(short)?;
            let key = take_bytes(&mut bytes)?;
            rows.push(Row { table, key, bytes: take_bytes(&mut bytes)? });
        }
        Ok(Self { to, revision, event, keys_kept_after, forgotten, release, rows })
    }
}

fn insert(
    transaction: &WriteTransaction,
    table: redb::TableDefinition<'static, u64, &'static [u8]>,
    rows: &[Row],
) -> Result<(), StoreError> {
    let mut table = transaction.open_table(table)?;
    for Row { key, bytes, .. } in rows {
        table.insert(number(key)?, bytes.as_slice())?;
    }
    Ok(())
}

fn number(bytes: &[u8]) -> Result<u64, StoreError> {
    Ok(u64::from_be_bytes(bytes.try_into().map_err(|_| short())?))
}

fn take_number(bytes: &mut &[u8]) -> Result<u64, StoreError> {
    let (number, rest) = bytes.split_first_chunk().ok_or_else(short)?;
    *bytes = rest;
    Ok(u64::from_le_bytes(*number))
}

fn take_bytes(bytes: &mut &[u8]) -> Result<Vec<u8>, StoreError> {
    let length = usize::try_from(take_number(bytes)?).map_err(|_| short())?;
    let (taken, rest) = bytes.split_at_checked(length).ok_or_else(short)?;
    *bytes = rest;
    Ok(taken.to_vec())
}

/// The error for rows of a mark with a valid checksum that no service wrote.
fn short() -> StoreError {
    unread("mark", 0, &"its rows end too early, or are of no table")
}

#[cfg(test)]
mod tests {
    use super::{Acknowledged, Group, Into, Row};

    #[test]
    fn a_group_comes_back_from_its_bytes() -> Result<(), crate::store::StoreError> {
        let row = |table, key: &[u8], bytes: &[u8]| Row {
            table,
            key: key.to_vec(),
            bytes: bytes.to_vec(),
        };
        let to = Acknowledged { generation: 7, commit: 3, second: 100 };
        let rows = Into::ALL.map(|table| row(table, &[table as u8; 16], b"row")).to_vec();
        let (revision, event, keys_kept_after, forgotten, release) = (1, 2, 3, 4, 1);
        let group = Group { to, revision, event, keys_kept_after, forgotten, release, rows };
        let bytes = group.encode();
        assert_eq!(Group::decode(to, &bytes)?, group);
        for length in 0..bytes.len() {
            // A cut between rows leaves fewer of them; the mark's checksum detects that.
            if let Ok(shorter) = Group::decode(to, &bytes[..length]) {
                assert!(shorter.rows.len() < group.rows.len());
            }
        }
        Ok(())
    }
}
