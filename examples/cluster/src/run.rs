//! Runs one process of a cluster.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use canvass::parts::OperatorKey;
use canvass::{Agency, Policy};
use futures_util::StreamExt;

use crate::arguments::{Process, Role};
use crate::bus::{Answer, Bus, Call};
use crate::engine::{self, Unfit};
use crate::front::Front;
use crate::log::{Log, LogError};
use crate::look::Looker;
use crate::placement::{Placement, PlacementError};
use crate::record::REQUESTS;
use crate::requests::Requests;
use crate::state::{Replica, State};
use crate::worker::Worker;
use crate::writer::Writer;

/// Why a process cannot start, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The engine is unfit.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The placement cannot be used.
    #[error(transparent)]
    Placement(#[from] PlacementError),
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
    /// The exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Log(_) | Self::System(_) => 1,
            _ => 2,
        }
    }
}

/// Runs a process until it is stopped.
///
/// # Errors
///
/// If it cannot start, or the log cannot be followed any further.
pub async fn run(process: Process) -> Result<(), Failed> {
    let placement = Placement::read(&process.placement)?;
    let key = read_key(&process.key)?;
    engine::check_nodes(&process.monitors, placement.replicas).await?;
    let client = engine::connect(&process.nats, &process.name).await?;
    let bus = Bus::new(client.clone(), &placement.region);
    if process.role == Role::Front {
        return front(process, placement, key, bus).await;
    }
    let chains: BTreeMap<_, _> = if process.role == Role::Worker {
        placement
            .held_by(&process.name)
            .into_iter()
            .map(|chain| (chain, Replica::partition()))
            .collect()
    } else if placement.requests.contains(&process.name) {
        BTreeMap::from([(REQUESTS, Replica::requests())])
    } else {
        BTreeMap::new()
    };
    if chains.is_empty() {
        return Err(Failed::Unplaced { name: process.name });
    }
    let log = Log::open(client, &placement.region, placement.replicas).await?;
    let state = Arc::new(State::new(chains));
    let writer = Writer::new(log.clone(), Arc::clone(&state), &process.name);
    let writer = writer.map_err(|error| Failed::System(error.to_string()))?;
    let name = process.name.clone();
    let following = follow(log, Arc::clone(&state));
    let answering = async {
        // Nothing is answered before everything was read that was acknowledged before this start.
        let fence = writer.fence().await;
        state.wait_for(fence).await;
        let state = Arc::clone(&state);
        if process.role == Role::Worker {
            let worker = Arc::new(Worker { state, writer, key, placement });
            serve(&bus, &name, move |call| {
                let worker = Arc::clone(&worker);
                async move { worker.answer(call).await }
            })
            .await
        } else {
            let looker = Looker::new(bus.clone(), key.clone());
            let (policy, agencies) = (read_policy(&process)?, read_agencies(&process)?);
            let bus_of = bus.clone();
            let requests = Arc::new(Requests {
                state,
                writer,
                key,
                placement,
                bus: bus_of,
                looker,
                policy,
                agencies,
            });
            serve(&bus, &name, move |call| {
                let requests = Arc::clone(&requests);
                async move { requests.answer(call).await }
            })
            .await
        }
    };
    tokio::select! {
        error = following => Err(error.into()),
        served = answering => served,
        stopped = tokio::signal::ctrl_c() => stopped.map_err(|error| Failed::System(error.to_string())),
    }
}

/// Follows the log in the state.
async fn follow(log: Log, state: Arc<State>) -> LogError {
    log.follow(0, |sequence, record| state.take(sequence, &record)).await
}

/// Answers calls, each in a task of its own. A subscription that ended is made again.
async fn serve<F, A>(bus: &Bus, name: &str, answer: F) -> Result<(), Failed>
where
    F: Fn(Call) -> A + Clone + Send + 'static,
    A: Future<Output = Answer> + Send + 'static,
{
    let mut is_ready = false;
    loop {
        let subscribed = bus.listen(name).await;
        let mut calls = subscribed.map_err(|error| Failed::System(error.to_string()))?;
        if !std::mem::replace(&mut is_ready, true) {
            print("ready");
        }
        while let Some(message) = calls.next().await {
            let (bus, answer) = (bus.clone(), answer.clone());
            tokio::spawn(async move {
                let answer = match serde_json::from_slice(&message.payload) {
                    Ok(call) => answer(call).await,
                    Err(error) => Answer::refused("unreadable", error),
                };
                bus.answer(&message, &answer).await;
            });
        }
    }
}

async fn front(
    process: Process,
    placement: Placement,
    key: OperatorKey,
    bus: Bus,
) -> Result<(), Failed> {
    let front = Front::new(bus, key, placement);
    tokio::spawn(Arc::clone(&front).follow_placement(process.placement));
    let failed = |error: std::io::Error| {
        Failed::System(format!("cannot listen on {}: {error}", process.listen))
    };
    let listener = tokio::net::TcpListener::bind(process.listen).await.map_err(failed)?;
    print(&format!("listening on {}", listener.local_addr().map_err(failed)?));
    let served = axum::serve(listener, front.router());
    tokio::select! {
        served = served => served.map_err(failed),
        stopped = tokio::signal::ctrl_c() => stopped.map_err(failed),
    }
}

/// A line on standard output, at once.
pub fn print(line: &str) {
    let mut output = std::io::stdout().lock();
    // Whoever closed it does not read it.
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

fn text(file: &Path) -> Result<String, Failed> {
    std::fs::read_to_string(file).map_err(|error| unusable(file, &error))
}

fn unusable(file: &Path, reason: &dyn std::fmt::Display) -> Failed {
    Failed::File { file: file.display().to_string(), reason: reason.to_string() }
}

/// Reads the operator's key: 64 hexadecimal digits.
///
/// # Errors
///
/// If the file cannot be read, or has something else.
pub fn read_key(file: &Path) -> Result<OperatorKey, Failed> {
    let digest = text(file)?.trim().parse::<canvass::audit::Digest>();
    let digest =
        digest.map_err(|_| unusable(file, &"a key is 64 hexadecimal digits in lower case"))?;
    Ok(OperatorKey::new(digest.0))
}

fn read_policy(process: &Process) -> Result<Policy, Failed> {
    let Some(file) = &process.policy else { return Ok(Policy::default()) };
    serde_json::from_str(&text(file)?).map_err(|error| unusable(file, &error))
}

fn read_agencies(process: &Process) -> Result<BTreeMap<canvass::AgencyId, Agency>, Failed> {
    let Some(file) = &process.agencies else { return Ok(BTreeMap::new()) };
    let agencies: Vec<Agency> =
        serde_json::from_str(&text(file)?).map_err(|error| unusable(file, &error))?;
    Ok(agencies.into_iter().map(|agency| (agency.id, agency)).collect())
}
