//! The rows of one commit: they go into the database and, beside it, into the mark, from which a
//! commit can be repeated that the database lost.

use canvass::OwnerId;
use redb::{ReadableTable, WriteTransaction};

use super::counted::{self, Counted, Tally, leading};
use super::mark::Acknowledged;
use super::{
    AGING, EVENTS, KEYS, Kept, LOG, META, RECEIPTS, StoreError, coverage, disclosed, erase, events,
    invitations, keys, log, meta, outcomes, revisions, row, unread,
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
    Notices = 9,
    Bulletins = 10,
    Coverage = 11,
    Entries = 12,
    Seeds = 13,
    Salts = 14,
    Reached = 15,
    OwnerKeys = 16,
    Pending = 17,
}

impl Into {
    const ALL: [Self; 17] = [
        Self::Log,
        Self::Events,
        Self::Receipts,
        Self::Outcomes,
        Self::Pools,
        Self::Keys,
        Self::Aging,
        Self::Budgets,
        Self::Notices,
        Self::Bulletins,
        Self::Coverage,
        Self::Entries,
        Self::Seeds,
        Self::Salts,
        Self::Reached,
        Self::OwnerKeys,
        Self::Pending,
    ];

    /// The table, if its keys are bytes and its rows are counted.
    fn counted(self) -> Option<Counted> {
        match self {
            Self::Notices => Some(counted::NOTICES),
            Self::Bulletins => Some(counted::BULLETINS),
            Self::Coverage => Some(counted::COVERAGE),
            Self::Entries => Some(counted::ENTRIES),
            Self::Seeds => Some(counted::SEEDS),
            Self::Pending => Some(counted::PENDING),
            Self::Salts => Some(counted::SALTS),
            Self::Reached => Some(counted::REACHED),
            Self::OwnerKeys => Some(counted::OWNER_KEYS),
            _ => None,
        }
    }
}

/// A row; numbers in keys are big-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) table: Into,
    pub(super) key: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

impl Row {
    /// A row of a counted table, with its checksum.
    pub(super) fn sealed(table: Into, key: Vec<u8>, row: Vec<u8>) -> Self {
        let name = table.counted().map_or("", Counted::name);
        let bytes = row::seal(name, &key, row);
        Self { table, key, bytes }
    }
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
    /// Owners who are in no row from then on. They are in no mark either: such a commit is not done again.
    erased: Vec<OwnerId>,
}

impl Group {
    pub(super) fn of(kept: &Kept, to: Acknowledged) -> Result<Self, StoreError> {
        let mut rows = Vec::new();
        for entry in &kept.revisions {
            rows.push(revisions::log_row(entry));
        }
        events::rows(&kept.events, &mut rows)?;
        events::receipt_rows(&kept.receipts, &mut rows);
        outcomes::rows(&kept.outcomes, &mut rows);
        keys::rows(&kept.answers, &mut rows)?;
        disclosed::rows(&kept.disclosed, &mut rows)?;
        Ok(Self {
            to,
            revision: kept.revisions.last().map_or(0, |entry| entry.revision.0),
            event: kept.events.last().map_or(0, |event| event.sequence),
            keys_kept_after: kept.keys_kept_after,
            forgotten: FORGOTTEN.saturating_mul(kept.answers.len() as u64),
            release: u64::from(kept.release),
            rows,
            erased: kept.disclosed.erased.clone(),
        })
    }

    /// Writes the rows into their tables.
    pub(super) fn apply(&self, transaction: &WriteTransaction) -> Result<(), StoreError> {
        let mut tally = Tally::read(&transaction.open_table(META)?)?;
        for rows in self.rows.chunk_by(|one, next| one.table == next.table) {
            let Some(Row { table, .. }) = rows.first() else { continue };
            match table {
                Into::Log => insert(transaction, LOG, rows)?,
                Into::Events => insert(transaction, EVENTS, rows)?,
                Into::Receipts => insert(transaction, RECEIPTS, rows)?,
                Into::Outcomes | Into::Pools | Into::Budgets => {
                    outcomes::put(transaction, *table, rows, &mut tally)?;
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
                Into::Entries => log::close(transaction, rows, &mut tally)?,
                Into::Coverage => coverage::replace(transaction, rows, &mut tally)?,
                Into::OwnerKeys => invitations::replace(transaction, rows, &mut tally)?,
                other => {
                    let table = other.counted().ok_or_else(short)?;
                    tally.put(transaction, table, rows)?;
                }
            }
        }
        if self.forgotten > 0 {
            self.forget(transaction)?;
        }
        // Last, so that nothing that the group has kept of them stays.
        erase::erase(transaction, &self.erased, &mut tally)?;
        let entries = self.rows.iter().filter(|row| row.table == Into::Entries);
        let entries = entries.map(|row| leading(&row.key).saturating_add(1)).max();
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
        if let Some(entries) = entries {
            meta.insert("audit", entries)?;
        }
        if !self.erased.is_empty() {
            meta.insert("rewrite", 1)?;
        }
        tally.write(&mut meta)?;
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
        Ok(Self {
            to,
            revision,
            event,
            keys_kept_after,
            forgotten,
            release,
            rows,
            erased: Vec::new(),
        })
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

pub(super) fn number(bytes: &[u8]) -> Result<u64, StoreError> {
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
pub(super) fn short() -> StoreError {
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
        let erased = Vec::new();
        let group =
            Group { to, revision, event, keys_kept_after, forgotten, release, rows, erased };
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
