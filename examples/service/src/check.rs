//! `--check`: reads everything that a start would read, and changes nothing.

use std::path::Path;

use crate::engine::{Rules, StartError, examine};
use crate::store::{Opening, Store};

/// Reads the store in a folder as a start would, and describes it.
///
/// # Errors
///
/// If a start would refuse it.
pub fn check(folder: &Path, opening: &Opening, rules: &Rules) -> Result<String, StartError> {
    let Some((store, loss)) = Store::look(folder, opening)? else {
        return Ok("store: there is none; a start makes one".to_owned());
    };
    let found = examine(&store, rules)?;
    let mut lines = format!(
        "store: {}; revision {}, {} cameras, {} events, {} revisions in the log",
        store.acknowledged(),
        found.revision,
        found.cameras,
        found.events,
        found.log
    );
    if let Some(loss) = loss {
        lines.push_str("\nwith --restore: ");
        lines.push_str(&loss.to_string());
    } else if store.held_since()?.is_some() {
        lines.push_str("\na copy was put back: nobody is asked until POST /v1/restored");
    }
    Ok(lines)
}
