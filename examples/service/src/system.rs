//! The system's limits for this process, compared with the configuration.

use crate::settings::Limits;

/// Open files beside connections: the database, the log, the listener, the runtime's, and a
/// reserve.
const OTHER_FILES: u64 = 64;

/// The system allows this process too few open files to answer anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this process may have {allowed} open files, and needs {OTHER_FILES} beside one for each \
     connection; allow it more (`ulimit -n`, or `LimitNOFILE=` of systemd)"
)]
pub struct TooFewFiles {
    /// The number of files that it allows.
    pub allowed: u64,
}

/// The limits, with as many connections as the system allows files. The system's own soft limit is
/// raised first, as far as possible.
///
/// # Errors
///
/// If that leaves no connection.
#[cfg(unix)]
pub fn fitted(limits: Limits) -> Result<Limits, TooFewFiles> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let needed = files(&limits);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // No number means no limit.
    let mut allowed = current.unwrap_or(u64::MAX);
    if allowed < needed {
        let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
        if raised > allowed
            && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok()
        {
            tracing::info!(from = allowed, to = raised, "the limit of open files was raised");
            allowed = raised;
        }
    }
    lowered(limits, allowed)
}

/// The limits unchanged: this system does not report the number of files that it allows.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub fn fitted(limits: Limits) -> Result<Limits, TooFewFiles> {
    Ok(limits)
}

fn files(limits: &Limits) -> u64 {
    u64::try_from(limits.connections).unwrap_or(u64::MAX).saturating_add(OTHER_FILES)
}

/// The limits with no more connections than files.
#[cfg_attr(not(unix), expect(dead_code, reason = "only where the system tells"))]
fn lowered(limits: Limits, allowed: u64) -> Result<Limits, TooFewFiles> {
    if files(&limits) <= allowed {
        return Ok(limits);
    }
    let connections = allowed.saturating_sub(OTHER_FILES);
    match usize::try_from(connections) {
        Ok(connections) if connections > 0 => {
            tracing::warn!(
                allowed_files = allowed,
                asked = limits.connections,
                connections,
                "the system allows too few open files for limit `connections`, which is lowered"
            );
            Ok(Limits { connections, ..limits })
        }
        _ => Err(TooFewFiles { allowed }),
    }
}

#[cfg(test)]
mod tests {
    use super::{OTHER_FILES, TooFewFiles, lowered};
    use crate::settings::Limits;

    #[test]
    fn connections_are_limited_by_open_files() {
        let limits = || Limits { connections: 1000, ..Limits::default() };
        let fitted = |allowed| lowered(limits(), allowed).map(|limits| limits.connections);
        assert_eq!(fitted(1000 + OTHER_FILES), Ok(1000));
        assert_eq!(fitted(999 + OTHER_FILES), Ok(999));
        assert_eq!(fitted(1 + OTHER_FILES), Ok(1));
        assert_eq!(fitted(OTHER_FILES), Err(TooFewFiles { allowed: OTHER_FILES }));
    }
}
