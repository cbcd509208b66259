//! A store that lacks acknowledged commits: the refusal, or the loss that `--restore` accepts.

use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use redb::{Database, Durability};

use super::Place;
use super::make::drawn;
use crate::store::mark::{Acknowledged, Found};
use crate::store::{META, StoreError, meta};

/// A copy that was accepted without some acknowledged commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The last commit in the copy.
    pub kept: Acknowledged,
    /// The last acknowledged commit, if its mark could be read.
    pub acknowledged: Option<Acknowledged>,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kept, acknowledged } = self;
        write!(f, "a copy was put back that ends at {kept}, of {}: ", at(kept.second))?;
        match acknowledged {
            Some(last) if last.generation == kept.generation => {
                let lost = last.commit.saturating_sub(kept.commit);
                write!(
                    f,
                    "{lost} acknowledged commits are lost, up to that of {}",
                    at(last.second)
                )?;
            }
            Some(last) => write!(f, "all that was acknowledged up to {last} is lost")?,
            None => f.write_str("it is not known how many acknowledged commits are lost")?,
        }
        write!(f, "; nobody is asked until POST /v1/restored has named who withdrew since")
    }
}

/// A second since 1970 in readable form.
fn at(second: u64) -> String {
    let instant = i64::try_from(second).ok().and_then(|s| Timestamp::from_second(s).ok());
    instant.filter(|_| second > 0).map_or("an unknown time".to_owned(), |i| i.to_string())
}

impl Place {
    /// Whether the store is the acknowledged one and has all its commits; or the loss, if that is
    /// accepted.
    pub(super) fn compare(
        &self,
        path: &Path,
        kept: Acknowledged,
        found: &Found,
        restore: bool,
    ) -> Result<Option<Loss>, StoreError> {
        let (path, mark) = (path.display().to_string(), self.mark.display().to_string());
        let (is_missing, acknowledged) = match found {
            Found::Missing => (true, None),
            Found::Damaged => (false, None),
            Found::Read(acknowledged, _) => (false, Some(*acknowledged)),
        };
        let error = match acknowledged {
            Some(acknowledged) if acknowledged.generation != kept.generation => {
                StoreError::OtherGeneration { path, mark, kept, acknowledged }
            }
            Some(acknowledged) if acknowledged.commit > kept.commit => {
                StoreError::OldCopy { path, kept, acknowledged }
            }
            Some(_) => return Ok(None),
            // Nothing was acknowledged yet.
            None if kept.commit == 0 => return Ok(None),
            None => {
                let wrong = if is_missing { "is missing" } else { "is damaged" };
                StoreError::NoMark { path, mark, kept, wrong }
            }
        };
        if restore { Ok(Some(Loss { kept, acknowledged })) } else { Err(error) }
    }

    pub(super) fn missing(&self, path: &Path, found: &Found) -> StoreError {
        let acknowledged = match found {
            Found::Read(acknowledged, _) => Some(*acknowledged),
            _ => None,
        };
        let (path, mark) = (path.display().to_string(), self.mark.display().to_string());
        StoreError::Missing { path, mark, acknowledged }
    }
}

/// Begins a new generation with a restored copy, which asks nobody until it is released.
pub(super) fn restored(database: &Database, loss: Loss) -> Result<Acknowledged, StoreError> {
    let last = loss.acknowledged.map_or(0, |acknowledged| acknowledged.commit);
    let commit = loss.kept.commit.max(last).saturating_add(1);
    let second = loss.acknowledged.map_or(0, |acknowledged| acknowledged.second);
    let second = loss.kept.second.max(second);
    let begun = Acknowledged { generation: drawn()?, commit, second };
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    {
        let mut meta = transaction.open_table(META)?;
        // The copy may replace one that was not released: the older second counts.
        let before = meta::number(&meta, "held")?;
        let since = loss.kept.second.max(1);
        meta.insert("held", if before == 0 { since } else { before.min(since) })?;
        meta::commit(&mut meta, begun)?;
    }
    transaction.commit()?;
    Ok(begun)
}
