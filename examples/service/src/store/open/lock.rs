//! The lock of a folder: one process at a time makes, opens or rewrites a store in it.
//!
//! The database locks its own file, which does not exist yet while a store is made, and which another
//! one replaces while it is rewritten: two starts at once would each have a file.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::refused;
use crate::store::StoreError;

/// The name of the locked file, which has no content.
const LOCK: &str = "canvass.lock";

/// A locked folder, until this is dropped or the process ends.
#[derive(Debug)]
pub(in crate::store) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks a folder, unless another process has.
    pub(super) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(LOCK);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| refused(&path, error))?;
        match file.try_lock() {
            // Some file systems have no locks; then there is the database's own.
            Err(TryLockError::Error(error)) if error.kind() != std::io::ErrorKind::Unsupported => {
                Err(refused(&path, error))
            }
            Err(TryLockError::WouldBlock) => {
                Err(refused(&path, "another process has the store in this folder open"))
            }
            _ => Ok(Self { _file: file }),
        }
    }
}
