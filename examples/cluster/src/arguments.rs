//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, ValueExt};

use crate::local::watch;

/// The text that `--help` prints.
pub const HELP: &str = "\
Routes requests over several processes, on NATS JetStream 2.14 or newer.

Usage: canvass-cluster --demo [--nats-server FILE | --nats URLS [--monitor URLS]]
       canvass-cluster ROLE --name NAME --nats URLS --placement FILE --key FILE [options]

ROLE is `worker`, `front` or `requests`.

  --demo              three engine nodes, four workers, two keepers of requests and a front on this machine, in a
                      folder that is removed at the end, with commands to try
  --nats-server FILE  the engine's program [default: the variable CANVASS_NATS_SERVER, or the path]
  --nats URLS         the nodes of an engine that runs, with commas between; the first may have the name and
                      password to sign in with: nats://name:password@host:4222
  --monitor URLS      the monitoring address of each node, with commas between: a node that is too old, or
                      flushes late, is refused [default: port 8222 of each node]
  --placement FILE    which process holds which partition, as JSON (see the README); read again when it changes
  --key FILE          the operator's key: 64 hexadecimal digits
  --name NAME         the name of this process in the placement
  --data FOLDER       `worker` and `requests`: where to keep checkpoints [default: none, and a start reads the
                      whole log]
  --checkpoint-seconds N
                      how many seconds lie between checkpoints [default: 60]
  --policy FILE       `requests` only: the policy as JSON
  --agencies FILE     `requests` only: the agencies as a JSON array
  --listen ADDRESS    `front` only: where to listen; port 0 takes a free one [default: 127.0.0.1:8790]
  -h, --help          this

A process prints `ready` once it answers; a front prints `listening on ADDRESS`. Exit codes: 0 stopped as
asked, 1 cannot go on, 2 the engine is missing or unfit, or the command line cannot be read.
";

/// The longest time between checkpoints: a year of 366 days.
const MOST_SECONDS: u64 = 366 * 86_400;

/// The task that the command line gives.
#[derive(Debug)]
pub enum Task {
    /// Print the help text.
    Help,
    /// Run a cluster on this machine.
    Demo {
        /// The engine's program.
        nats_server: Option<PathBuf>,
        /// The nodes of an engine that runs, and their monitoring addresses; or none.
        given: Option<(Vec<String>, Vec<String>)>,
    },
    /// End the children of a cluster on this machine whose own process was killed.
    Watch,
    /// Run one process of a cluster.
    Run(Box<Process>),
}

/// The role of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Holds partitions.
    Worker,
    /// Answers the operator.
    Front,
    /// Keeps requests.
    Requests,
}

/// One process of a cluster.
#[derive(Debug)]
pub struct Process {
    /// Its role.
    pub role: Role,
    /// Its name in the placement.
    pub name: String,
    /// The engine's nodes.
    pub nats: Vec<String>,
    /// Their monitoring addresses.
    pub monitors: Vec<String>,
    /// The placement.
    pub placement: PathBuf,
    /// The operator's key.
    pub key: PathBuf,
    /// The policy.
    pub policy: Option<PathBuf>,
    /// The agencies.
    pub agencies: Option<PathBuf>,
    /// Where a front listens.
    pub listen: SocketAddr,
    /// Where checkpoints are kept.
    pub data: Option<PathBuf>,
    /// How much time lies between them.
    pub checkpoint: Duration,
}

/// Reads the command line.
///
/// # Errors
///
/// The first argument that cannot be read, or that is missing.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Task, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut is_demo = false;
    let (mut role, mut name, mut nats_server) = (None, None, None);
    let (mut nats, mut monitors) = (Vec::new(), Vec::new());
    let (mut placement, mut key, mut policy, mut agencies) = (None, None, None, None);
    let (mut data, mut checkpoint) = (None, Duration::from_secs(60));
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 8790));
    let list = |text: String| {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect::<Vec<_>>()
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("demo") => is_demo = true,
            Arg::Long("nats-server") => nats_server = Some(parser.value()?.into()),
            Arg::Long("nats") => nats = list(parser.value()?.string()?),
            Arg::Long("monitor") => monitors = list(parser.value()?.string()?),
            Arg::Long("placement") => placement = Some(PathBuf::from(parser.value()?)),
            Arg::Long("key") => key = Some(PathBuf::from(parser.value()?)),
            Arg::Long("policy") => policy = Some(PathBuf::from(parser.value()?)),
            Arg::Long("agencies") => agencies = Some(PathBuf::from(parser.value()?)),
            Arg::Long("data") => data = Some(PathBuf::from(parser.value()?)),
            Arg::Long("checkpoint-seconds") => {
                let seconds = parser.value()?.parse::<u64>()?;
                if !(1..=MOST_SECONDS).contains(&seconds) {
                    let words =
                        format!("--checkpoint-seconds is {seconds}; from 1 to {MOST_SECONDS}");
                    return Err(words.into());
                }
                checkpoint = Duration::from_secs(seconds);
            }
            Arg::Long("name") => name = Some(parser.value()?.string()?),
            Arg::Long("listen") => listen = parser.value()?.parse()?,
            Arg::Long("help") | Arg::Short('h') => return Ok(Task::Help),
            Arg::Value(value) if value == watch::ROLE => return Ok(Task::Watch),
            Arg::Value(value) if role.is_none() => {
                role = Some(match value.string()?.as_str() {
                    "worker" => Role::Worker,
                    "front" => Role::Front,
                    "requests" => Role::Requests,
                    other => {
                        return Err(format!(
                            "`{other}` is no role: `worker`, `front` or `requests`"
                        )
                        .into());
                    }
                });
            }
            argument => return Err(argument.unexpected()),
        }
    }
    if monitors.is_empty() {
        monitors = nats.iter().map(|node| monitor_of(node)).collect();
    }
    if is_demo {
        let given = (!nats.is_empty()).then_some((nats, monitors));
        return Ok(Task::Demo { nats_server, given });
    }
    let missing = |name: &str| lexopt::Error::from(format!("{name} is missing: see --help"));
    let role = role.ok_or_else(|| missing("a role, or --demo,"))?;
    if nats.is_empty() {
        return Err(missing("--nats"));
    }
    if role == Role::Requests && policy.is_none() {
        return Err(missing("--policy"));
    }
    Ok(Task::Run(Box::new(Process {
        role,
        name: name.ok_or_else(|| missing("--name"))?,
        nats,
        monitors,
        placement: placement.ok_or_else(|| missing("--placement"))?,
        key: key.ok_or_else(|| missing("--key"))?,
        policy,
        agencies,
        listen,
        data,
        checkpoint,
    })))
}

/// The monitoring address that a node has if nobody configured another.
fn monitor_of(node: &str) -> String {
    let host = node.split_once("://").map_or(node, |(_, host)| host);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let end =
        host.rfind(':').filter(|&end| !host.ends_with(']') && end > host.rfind(']').unwrap_or(0));
    format!("http://{}:8222", end.and_then(|end| host.get(..end)).unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::{monitor_of, read};

    #[test]
    fn seconds_between_checkpoints_have_a_range() {
        let error = |seconds: &str| {
            let error = read(["--checkpoint-seconds", seconds].map(Into::into)).err();
            error.map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(error("0"), "--checkpoint-seconds is 0; from 1 to 31622400");
        assert_eq!(error("31622401"), "--checkpoint-seconds is 31622401; from 1 to 31622400");
        assert!(error("-1").contains("-1"));
        for allowed in ["1", "31622400"] {
            // The next that is missing.
            assert_eq!(error(allowed), "a role, or --demo, is missing: see --help");
        }
    }

    #[test]
    fn a_node_is_monitored_at_the_default_port_of_its_host() {
        assert_eq!(monitor_of("nats://10.0.0.1:4222"), "http://10.0.0.1:8222");
        assert_eq!(monitor_of("nats://me:secret@north.example"), "http://north.example:8222");
        assert_eq!(monitor_of("[::1]:4222"), "http://[::1]:8222");
        assert_eq!(monitor_of("[::1]"), "http://[::1]:8222");
    }
}
