//! The table of which workers hold which partition, and where requests are kept.

use std::num::NonZeroU16;
use std::path::Path;

use canvass::OwnerId;
use serde::{Deserialize, Serialize};

use crate::record::ChainId;

/// Where everything is. All processes of a region read the same table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// The region's name, a word of letters, digits and hyphens.
    pub region: String,
    /// The workers of each partition, the one that writes first. Their number never changes: owners are dealt
    /// by it.
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
        let too_many = table.partitions.len() >= usize::from(crate::record::REQUESTS);
        if table.partitions.is_empty() || too_many {
            return Err(error("there must be from 1 to 59,999 partitions".to_owned()));
        }
        if table.partitions.iter().any(Vec::is_empty) || table.requests.is_empty() {
            return Err(error("each partition, and `requests`, needs a process".to_owned()));
        }
        Ok(table)
    }

    /// The partition of an owner.
    #[must_use]
    pub fn partition_of(&self, owner: OwnerId) -> ChainId {
        let number = u16::try_from(self.partitions.len()).ok().and_then(NonZeroU16::new);
        number.map_or(0, |number| owner.partition(number))
    }

    /// The partitions, with their workers.
    pub fn chains(&self) -> impl Iterator<Item = (ChainId, &[String])> {
        (0..crate::record::REQUESTS).zip(self.partitions.iter().map(Vec::as_slice))
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
