//! The engine: how to reach it, and whether it is fit.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectErrorKind, ConnectOptions, ServerAddr};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::stream::note;

/// The oldest version that lets one writer win.
const OLDEST: (u64, u64) = (2, 14);

/// Why the engine cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// No engine is there.
    #[error(
        "no nats-server was found: looked for {looked}. Canvass needs NATS 2.14 or newer with JetStream, since older ones let \
         several writers win one place in the log. `.ci/nats FOLDER` gets a pinned one, whose path you pass by --nats-server or \
         CANVASS_NATS_SERVER; --nats uses one that runs. The service on one machine needs no engine and does the same: \
         `cargo run --release -p canvass-service -- --demo`"
    )]
    Missing {
        /// The files that were looked for.
        looked: String,
    },
    /// It does not answer.
    #[error("the engine at {at} does not answer: {reason}")]
    Unreachable {
        /// Where.
        at: String,
        /// Why.
        reason: String,
    },
    /// It does not take the name and password, or the token.
    #[error(
        "the engine at {at} refuses this sign-in: --nats has the name and password in an address, as in \
         nats://name:password@host:4222, or a token as in nats://token@host:4222, with percent signs for letters that addresses do not have"
    )]
    SignIn {
        /// Where.
        at: String,
    },
    /// It is too old.
    #[error(
        "the engine at {at} is version {version}, and 2.14 or newer is needed: older ones let several writers win"
    )]
    Old {
        /// Where.
        at: String,
        /// Its version.
        version: String,
    },
    /// It has no JetStream, or flushes late.
    #[error(
        "the engine at {at} does not flush before it acknowledges: set `sync_interval: always` in its `jetstream` block, or a \
         power cut loses changes that were acknowledged"
    )]
    Lazy {
        /// Where.
        at: String,
    },
    /// Too few nodes were named.
    #[error(
        "{found} nodes of the engine were named, and {needed} are needed: give one `--monitor` address for each node"
    )]
    Nodes {
        /// How many different ones were named.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The log cannot be made or opened.
    #[error("the log `{stream}` cannot be opened: {reason}")]
    Log {
        /// Which stream.
        stream: String,
        /// Why.
        reason: String,
    },
    /// The beginning of the log is gone.
    #[error(
        "the log `{stream}` begins at record {first}: the records before are gone, and with them whoever withdrew there. Restore the log"
    )]
    Truncated {
        /// Which stream.
        stream: String,
        /// Its first record.
        first: u64,
    },
    /// The stream is not one that keeps everything.
    #[error(
        "the stream `{stream}` is no log that keeps everything: it has limits, lets records be deleted, has fewer than {replicas} replicas, \
         flushes late, is kept in memory, or is read from its leader alone (`allow_direct`). Remove it or name another region"
    )]
    LaxLog {
        /// Which stream.
        stream: String,
        /// How many replicas are needed.
        replicas: usize,
    },
    /// The log ends before the last record that a checkpoint has read.
    #[error(
        "the log `{stream}` ends at record {last}, and the checkpoint `{file}` has read up to {read}: records that were acknowledged \
         are gone from the log. Restore the log; remove the checkpoint only if it belongs to another one"
    )]
    Short {
        /// Which stream.
        stream: String,
        /// Its last record.
        last: u64,
        /// The checkpoint.
        file: String,
        /// How far it has read.
        read: u64,
    },
    /// The checkpoint is of another log.
    #[error(
        "record {sequence} of the log `{stream}` is not the one that the checkpoint `{file}` was made from: the checkpoint belongs to \
         another log. Remove it, and the process reads the whole log"
    )]
    Other {
        /// Which stream.
        stream: String,
        /// Which record.
        sequence: u64,
        /// The checkpoint.
        file: String,
    },
}

#[derive(Deserialize)]
struct Varz {
    server_id: String,
    version: String,
    #[serde(default)]
    jetstream: JetStream,
}

#[derive(Default, Deserialize)]
struct JetStream {
    #[serde(default)]
    config: Option<JetStreamConfig>,
}

#[derive(Deserialize)]
struct JetStreamConfig {
    #[serde(default)]
    sync_always: bool,
}

/// Connects to an engine, for as long as it takes, and again whenever the connection is lost. Signs in with the
/// name and password of the first address that has them, or with a name alone as a token.
///
/// # Errors
///
/// If an address cannot be read, or the engine refuses the name, the password or the token.
pub async fn connect(nats: &[String], name: &str) -> Result<Client, Unfit> {
    let at = nats.iter().map(|node| without_secrets(node)).collect::<Vec<_>>().join(",");
    let unreachable =
        |error: &dyn Display| Unfit::Unreachable { at: at.clone(), reason: error.to_string() };
    let nodes = nats.iter().map(|node| node.parse()).collect::<Result<Vec<ServerAddr>, _>>();
    let nodes = nodes.map_err(|error| unreachable(&error))?;
    let options = || {
        let options = ConnectOptions::new()
            .name(name)
            .ping_interval(Duration::from_secs(1))
            .connection_timeout(Duration::from_secs(2))
            .reconnect_delay_callback(|attempts| {
                Duration::from_millis(if attempts < 3 { 20 } else { 250 })
            })
            .request_timeout(Some(Duration::from_secs(5)));
        signed_in(options, &nodes)
    };
    match options().connect(&nodes[..]).await {
        Ok(client) => return Ok(client),
        Err(error) if error.kind() == ConnectErrorKind::AuthorizationViolation => {
            return Err(Unfit::SignIn { at });
        }
        Err(_) => {}
    }
    let connected = options().retry_on_initial_connect().connect(&nodes[..]).await;
    let client = connected.map_err(|error| unreachable(&error))?;
    for _ in 0..100 {
        if client.connection_state() == State::Connected {
            return Ok(client);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    note(&format!("no node of the engine at {at} takes a connection: trying on"));
    Ok(client)
}

fn signed_in(options: ConnectOptions, nodes: &[ServerAddr]) -> ConnectOptions {
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let named = nodes.iter().find_map(|node| Some((plain(node.username()?), node.password())));
    match named {
        Some((name, Some(password))) => options.user_and_password(name, plain(password)),
        Some((token, None)) => options.token(token),
        None => options,
    }
}

/// An address without the name and password that it may have, and without a port that is no number: it may be a
/// password that a comma has cut off.
fn without_secrets(node: &str) -> String {
    let (scheme, rest) = node.split_once("://").unwrap_or(("nats", node));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let is_port = |port: &str| port.trim_end_matches('/').bytes().all(|byte| byte.is_ascii_digit());
    match host.rsplit_once(':') {
        Some((name, port)) if !is_port(port) && !port.ends_with(']') => {
            format!("{scheme}://{name}:...")
        }
        _ => format!("{scheme}://{host}"),
    }
}

/// Checks an engine where nobody waits for it: one of its nodes takes a connection, and all are fit. Lists of
/// addresses have commas between.
///
/// # Errors
///
/// If no node takes a connection, or one is unfit or does not answer.
pub fn check_now(nats: &str, monitors: &str) -> Result<(), Unfit> {
    check_connection(nats)?;
    monitors.split(',').try_for_each(|monitor| check_node(monitor).map(|_| ()))
}

fn check_connection(nats: &str) -> Result<(), Unfit> {
    let mut reason = "no address is given".to_owned();
    for node in nats.split(',') {
        let shown = without_secrets(node);
        let host = shown.split_once("://").map_or(&*shown, |(_, host)| host).trim_end_matches('/');
        let with_port = if host.ends_with(|last: char| last.is_ascii_digit()) && host.contains(':')
        {
            host.to_owned()
        } else {
            format!("{host}:4222")
        };
        match std::net::TcpStream::connect(&with_port) {
            Ok(_) => return Ok(()),
            Err(error) => reason = error.to_string(),
        }
    }
    let at = nats.split(',').map(without_secrets).collect::<Vec<_>>().join(",");
    Err(Unfit::Unreachable { at, reason })
}

/// Asks each node at its monitoring address whether it is fit. Nodes that do not answer are passed over while
/// most of those that the log needs do, so that a process starts while a node is down.
///
/// # Errors
///
/// The first node that is unfit, by name; or if too few nodes were named, or answer.
pub async fn check_nodes(monitors: &[String], needed: usize) -> Result<(), Unfit> {
    let (mut nodes, mut silent) = (BTreeSet::new(), Vec::new());
    for answer in futures_util::future::join_all(monitors.iter().map(|at| check(at))).await {
        match answer {
            Ok(node) => {
                nodes.insert(node);
            }
            Err(error @ Unfit::Unreachable { .. }) => silent.push(error),
            Err(error) => return Err(error),
        }
    }
    let found = nodes.len() + silent.len();
    let most = needed / 2 + 1;
    match silent.into_iter().next() {
        Some(error) if nodes.len() < most => Err(error),
        _ if found < needed => Err(Unfit::Nodes { found, needed }),
        _ => Ok(()),
    }
}

async fn check(at: &str) -> Result<String, Unfit> {
    let node = at.to_owned();
    let checked = tokio::task::spawn_blocking(move || check_node(&node)).await;
    checked.unwrap_or_else(|e| Err(Unfit::Unreachable { at: at.to_owned(), reason: e.to_string() }))
}

/// Asks a node at its monitoring address for its identity, and blocks until it answers.
///
/// # Errors
///
/// If it does not answer, or is unfit.
fn check_node(at: &str) -> Result<String, Unfit> {
    let url = format!("{}/varz", at.trim_end_matches('/'));
    let unreachable = |reason: String| {
        let reason = format!("{reason}; --monitor names the monitoring address of each node");
        Unfit::Unreachable { at: without_secrets(at), reason }
    };
    let agent = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(3))).build();
    let answer = ureq::Agent::new_with_config(agent).get(&url).call();
    let mut answer = answer.map_err(|error| unreachable(error.to_string()))?;
    let text =
        answer.body_mut().read_to_string().map_err(|error| unreachable(error.to_string()))?;
    let node: Varz = serde_json::from_str(&text).map_err(|error| unreachable(error.to_string()))?;
    let at = &without_secrets(at);
    let mut numbers = node.version.split(['.', '-']).map(|number| number.parse().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < OLDEST {
        return Err(Unfit::Old { at: at.to_owned(), version: node.version });
    }
    if !node.jetstream.config.is_some_and(|config| config.sync_always) {
        return Err(Unfit::Lazy { at: at.to_owned() });
    }
    Ok(node.server_id)
}
