//! Finds the engine's program.

use std::path::PathBuf;

use crate::log::engine::Unfit;

/// The variable that names the engine's program.
pub const VARIABLE: &str = "CANVASS_NATS_SERVER";

/// Finds the engine's program: the one given, that of the variable, or the first on the path.
///
/// # Errors
///
/// If there is none, with the files that were looked for.
pub fn find_server(given: Option<PathBuf>) -> Result<PathBuf, Unfit> {
    let variable = || std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
    let (candidates, looked) = if let Some(given) = given {
        let looked = format!("`{}`, as --nats-server names it", given.display());
        (vec![given], looked)
    } else if let Some(named) = variable().map(PathBuf::from) {
        let looked =
            format!("`{}`, as {VARIABLE} names it (--nats-server is not given)", named.display());
        (vec![named], looked)
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let files = std::env::split_paths(&path).map(|folder| folder.join("nats-server"));
        let looked = format!(
            "`nats-server` in the folders of PATH (neither --nats-server nor {VARIABLE} names one)"
        );
        (files.collect(), looked)
    };
    candidates.into_iter().find(|file| file.is_file()).ok_or(Unfit::Missing { looked })
}
