//! The table of which workers hold which partition, and where requests are kept.

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use canvass::OwnerId;
use serde::{Deserialize, Serialize};

use crate::log::record::{ChainId, REQUESTS};
use crate::log::stream::note;

/// How many nodes of the engine may hold a record: the engine has no stream with more.
const REPLICAS: std::ops::RangeInclusive<usize> = 1..=5;

/// Where everything is. All processes of a region read the same table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// The region's name, a word of letters, digits and hyphens.
    pub region: String,
    /// The workers of each partition, the one that writes first. The number of rows never changes: owners are
    /// dealt by it.
    pub partitions: Vec<Vec<String>>,
    /// The processes that keep the requests, the one that writes first.
    pub requests: Vec<String>,
    /// How many nodes of the engine hold each record.
    pub replicas: usize,
}

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the placement `{file}` cannot be used: {reason}")]
pub struct PlacementError {
    /// Which file.
    pub file: String,
    /// Why.
    pub reason: String,
}

impl Placement {
    /// Reads a table.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or a partition has no worker.
    pub fn read(file: &Path) -> Result<Self, PlacementError> {
        let error = |reason: String| PlacementError { file: file.display().to_string(), reason };
        let text = std::fs::read_to_string(file).map_err(|e| error(e.to_string()))?;
        let table: Self = serde_json::from_str(&text).map_err(|e| error(e.to_string()))?;
        let word = |name: &String| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let names = table.partitions.iter().flatten().chain(&table.requests).chain([&table.region]);
        if let Some(name) = names.into_iter().find(|name| !word(name)) {
            return Err(error(format!("`{name}` is not a word of letters, digits and hyphens")));
        }
        let too_many = table.partitions.len() >= usize::from(REQUESTS);
        if table.partitions.is_empty() || too_many {
            return Err(error("there must be from 1 to 59,999 partitions".to_owned()));
        }
        if table.partitions.iter().any(Vec::is_empty) || table.requests.is_empty() {
            return Err(error("each partition, and `requests`, needs a process".to_owned()));
        }
        if !REPLICAS.contains(&table.replicas) {
            let (least, most) = REPLICAS.into_inner();
            return Err(error(format!("`replicas` is {}; from {least} to {most}", table.replicas)));
        }
        for names in table.partitions.iter().chain([&table.requests]) {
            let mut others = names.iter();
            while let Some(name) = others.next() {
                if others.clone().any(|other| other == name) {
                    return Err(error(format!("`{name}` stands twice in one list")));
                }
            }
        }
        Ok(table)
    }

    /// The number of partitions.
    #[must_use]
    pub fn count(&self) -> u16 {
        // INVARIANT: `read` refuses a longer table.
        u16::try_from(self.partitions.len()).unwrap_or(u16::MAX)
    }

    /// The partition of an owner.
    #[must_use]
    pub fn partition_of(&self, owner: OwnerId) -> ChainId {
        NonZeroU16::new(self.count()).map_or(0, |number| owner.partition(number))
    }

    /// The partitions, with their workers.
    pub fn chains(&self) -> impl Iterator<Item = (ChainId, &[String])> {
        (0..REQUESTS).zip(self.partitions.iter().map(Vec::as_slice))
    }

    /// The workers of a partition.
    #[must_use]
    pub fn workers(&self, chain: ChainId) -> &[String] {
        self.partitions.get(usize::from(chain)).map_or(&[], Vec::as_slice)
    }

    /// The partitions that a worker holds.
    #[must_use]
    pub fn held_by(&self, name: &str) -> Vec<ChainId> {
        let held = self.chains().filter(|(_, workers)| workers.iter().any(|worker| worker == name));
        held.map(|(chain, _)| chain).collect()
    }
}

/// The table in force, which is read again when its file changes.
#[derive(Clone, Debug)]
pub struct Table {
    current: Arc<RwLock<Arc<Placement>>>,
}

impl Table {
    /// The table that was read at the start.
    #[must_use]
    pub fn new(placement: Placement) -> Self {
        Self { current: Arc::new(RwLock::new(Arc::new(placement))) }
    }

    /// The table in force.
    #[must_use]
    pub fn current(&self) -> Arc<Placement> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the file again whenever it changes, so that workers come and go while requests are answered. A
    /// table of another region, or of another number of partitions, is passed over, and so is one that
    /// cannot be read: the one in force stays.
    pub async fn follow(self, file: PathBuf) {
        let mut noted = String::new();
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let fault = match Placement::read(&file) {
                Ok(next) => self.take(next).err(),
                Err(error) => Some(error.to_string()),
            };
            // Once, not twice a second.
            let fault = fault.unwrap_or_default();
            if fault != noted && !fault.is_empty() {
                note(&format!("{fault}; the table that was read before stays in force"));
            }
            noted = fault;
        }
    }

    /// Takes another table of the same region.
    fn take(&self, next: Placement) -> Result<(), String> {
        let known = self.current();
        if next.region != known.region || next.count() != known.count() {
            return Err(format!(
                "the placement is of region `{}` with {} partitions, and this process serves `{}` with {}",
                next.region,
                next.count(),
                known.region,
                known.count()
            ));
        }
        if next != *known {
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Placement;

    #[test]
    fn a_table_out_of_range_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("placement.json");
        let read = |partitions: &str, requests: &str, replicas: &str| {
            let table = format!(
                r#"{{"region":"one","partitions":{partitions},"requests":{requests},"replicas":{replicas}}}"#
            );
            std::fs::write(&file, table).expect("room");
            Placement::read(&file).map_or_else(|error| error.reason, |_| String::new())
        };
        let (workers, keepers) = (r#"[["a","b"],["b"]]"#, r#"["r"]"#);
        assert_eq!([1, 5].map(|it| read(workers, keepers, &it.to_string())), ["", ""]);
        assert_eq!(read(workers, keepers, "0"), "`replicas` is 0; from 1 to 5");
        assert_eq!(read(workers, keepers, "6"), "`replicas` is 6; from 1 to 5");
        assert!(read(workers, keepers, "-1").starts_with("invalid value: integer `-1`"));
        assert_eq!(read(r#"[["a","b","a"]]"#, keepers, "1"), "`a` stands twice in one list");
        assert_eq!(read(workers, r#"["r","r"]"#, "1"), "`r` stands twice in one list");
        assert!(read("[]", keepers, "1").contains("from 1 to 59,999"));
        assert!(read(workers, "[]", "1").contains("needs a process"));
    }
}
