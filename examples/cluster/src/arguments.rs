//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use lexopt::{Arg, ValueExt};

/// The text that `--help` prints.
pub const HELP: &str = "\
Routes requests over several processes, on NATS JetStream 2.14 or newer.

Usage: canvass-cluster --demo [--nats-server FILE]
       canvass-cluster ROLE --name NAME --nats URLS --monitor URLS --placement FILE --key FILE [options]

ROLE is `worker`, `front` or `requests`.

  --demo              three engine nodes, four workers, two keepers of requests and a front on this machine, in a
                      folder that is removed at the end, with commands to try
  --nats-server FILE  the engine's program [default: the variable CANVASS_NATS_SERVER, or the path]
  --nats URLS         the engine's nodes, with commas between
  --monitor URLS      the monitoring address of each node, with commas between: a node that is too old, or
                      flushes late, is refused
  --placement FILE    which process holds which partition, as JSON (see the README); a front reads it again
                      when it changes
  --key FILE          the operator's key: 64 hexadecimal digits
  --name NAME         the name of this process in the placement
  --policy FILE       `requests` only: the policy as JSON [default: the library's]
  --agencies FILE     `requests` only: the agencies as a JSON array
  --listen ADDRESS    `front` only: where to listen; port 0 takes a free one [default: 127.0.0.1:8790]
  -h, --help          this

A process prints `ready` once it answers; a front prints `listening on ADDRESS`. Exit codes: 0 stopped as
asked, 1 cannot go on, 2 the engine is missing or unfit, or the command line cannot be read.
";

/// The task that the command line gives.
#[derive(Debug)]
pub enum Task {
    /// Print the help text.
    Help,
    /// Run a cluster on this machine.
    Demo {
        /// The engine's program.
        nats_server: Option<PathBuf>,
    },
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
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 8790));
    let list = |text: String| text.split(',').map(str::to_owned).collect::<Vec<_>>();
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
            Arg::Long("name") => name = Some(parser.value()?.string()?),
            Arg::Long("listen") => listen = parser.value()?.parse()?,
            Arg::Long("help") | Arg::Short('h') => return Ok(Task::Help),
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
    if is_demo {
        return Ok(Task::Demo { nats_server });
    }
    let missing = |name: &str| lexopt::Error::from(format!("{name} is missing: see --help"));
    if nats.is_empty() || monitors.is_empty() {
        return Err(missing("--nats or --monitor"));
    }
    Ok(Task::Run(Box::new(Process {
        role: role.ok_or_else(|| missing("the role"))?,
        name: name.ok_or_else(|| missing("--name"))?,
        nats,
        monitors,
        placement: placement.ok_or_else(|| missing("--placement"))?,
        key: key.ok_or_else(|| missing("--key"))?,
        policy,
        agencies,
        listen,
    })))
}
