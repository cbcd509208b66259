//! Why a process cannot start, or cannot go on.

use crate::log::engine::Unfit;
use crate::log::stream::LogError;
use crate::placement::PlacementError;
use crate::state::restore::CheckpointError;

/// Why a process ended.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The engine is unfit.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The placement cannot be used.
    #[error(transparent)]
    Placement(#[from] PlacementError),
    /// A checkpoint cannot be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A file cannot be used.
    #[error("`{file}` cannot be used: {reason}")]
    File {
        /// Which file.
        file: String,
        /// Why.
        reason: String,
    },
    /// The log cannot be followed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The process is in no row of the placement.
    #[error("`{name}` holds nothing in the placement: add it, or give another name")]
    Unplaced {
        /// Its name.
        name: String,
    },
    /// The system refuses something.
    #[error("{0}")]
    System(String),
}

impl Failed {
    /// The exit code: 2 for whatever you can change before the next start.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Log(LogError::Partitions { .. }) => 2,
            Self::Log(_) | Self::System(_) => 1,
            _ => 2,
        }
    }

    /// A refusal of the system.
    pub fn system(error: impl std::fmt::Display) -> Self {
        Self::System(error.to_string())
    }
}
