//! Fetches a checkpoint from the engine's object store into the folder of a process that has none.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::checkpoint::{Folder, MANIFEST, Manifest};
use super::object_store::{Kept, ObjectError, Objects};
use super::restore::{CheckpointError, restore};
use crate::log::record::ChainId;
use crate::log::stream::note;

/// How often a checkpoint is fetched: whoever is in office may replace it meanwhile.
const ROUNDS: u32 = 6;

impl Folder {
    /// Fetches the newest checkpoint of a chain, if there is one and this folder has none of the chain. Where the
    /// store does not answer, a note on standard error reports it, and the process reads the whole log.
    ///
    /// # Errors
    ///
    /// If an object is missing, old or damaged.
    pub async fn fetch(
        &self,
        objects: &Objects,
        chain: ChainId,
        partitions: u16,
    ) -> Result<(), CheckpointError> {
        if self.of(chain).join(MANIFEST).exists() {
            return Ok(());
        }
        let mut failed = ObjectError::Silent(String::new());
        for round in 0..ROUNDS {
            if round > 0 {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            match self.fetch_once(objects, chain, partitions).await {
                Ok(()) => return Ok(()),
                Err(error) => failed = error,
            }
        }
        match failed {
            ObjectError::Unusable { name, reason } => {
                let bucket = objects.bucket();
                let file = format!("{name}` of the object store `{bucket}");
                let remedy = format!("the object store `{bucket}`");
                Err(CheckpointError { file, reason, remedy })
            }
            ObjectError::Silent(reason) => {
                note(&format!(
                    "chain {chain} is read from the whole log: its checkpoint was not read, {reason}"
                ));
                Ok(())
            }
        }
    }

    async fn fetch_once(
        &self,
        objects: &Objects,
        chain: ChainId,
        partitions: u16,
    ) -> Result<(), ObjectError> {
        let Some(kept) = objects.newest(chain).await.map_err(ObjectError::Silent)? else {
            return Ok(());
        };
        let at = self.of(chain).with_extension("fetched");
        let unwritable = |error: io::Error| ObjectError::Silent(error.to_string());
        // A start that was ended in the middle left some files.
        let _ = std::fs::remove_dir_all(&at);
        std::fs::create_dir_all(&at).map_err(unwritable)?;
        let list = fetch_file(objects, &kept, MANIFEST, &at).await?;
        let manifest: Manifest = serde_json::from_slice(&list)
            .map_err(|error| unusable(&kept, MANIFEST, error.to_string()))?;
        for file in manifest.files() {
            fetch_file(objects, &kept, &file, &at).await?;
        }
        // Looked through before it is taken: a file that is not as the list names it is the store's fault.
        if let Err(CheckpointError { file, reason, .. }) = restore(&at, partitions) {
            let file = Path::new(&file).file_name().unwrap_or_default().to_string_lossy();
            return Err(unusable(&kept, &file, reason));
        }
        std::fs::rename(&at, self.of(chain)).map_err(unwritable)
    }
}

async fn fetch_file(
    objects: &Objects,
    kept: &Kept,
    file: &str,
    at: &Path,
) -> Result<Vec<u8>, ObjectError> {
    let bytes = objects.get(kept, file).await?;
    let written = std::fs::write(at.join(file), &bytes);
    written.map_err(|error| ObjectError::Silent(error.to_string()))?;
    Ok(bytes)
}

fn unusable(kept: &Kept, file: &str, reason: String) -> ObjectError {
    ObjectError::Unusable { name: format!("{}{file}", kept.prefix), reason }
}
