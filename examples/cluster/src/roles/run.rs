//! Runs one process of a cluster.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use canvass::parts::OperatorKey;
use canvass::{Agency, Policy};

use super::bus::Bus;
use super::failed::Failed;
use super::front::Front;
use super::look::Looker;
use super::requests::Requests;
use super::worker::Worker;
use crate::arguments::{Process, Role};
use crate::log::engine;
use crate::log::record::{ChainId, REQUESTS};
use crate::log::stream::{Log, note};
use crate::placement::{Placement, Table};
use crate::state::checkpoint::Folder;
use crate::state::object_store::Objects;
use crate::state::reader::Reader;
use crate::state::replica::Replica;
use crate::state::restore::Restored;
use crate::state::writer::Writer;

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
    let table = Table::new(placement);
    let placement = table.current();
    tokio::spawn(table.clone().follow(process.placement.clone()));
    if process.role == Role::Front {
        return front(process, table, key, bus).await;
    }
    let chains = match process.role {
        Role::Worker => placement.held_by(&process.name),
        _ if placement.requests.contains(&process.name) => vec![REQUESTS],
        _ => Vec::new(),
    };
    if chains.is_empty() {
        return Err(Failed::Unplaced { name: process.name });
    }
    let data = process.data.as_ref();
    let folder = data.map(|data| Folder::new(data, &placement.region, &process.name));
    let log = Log::open(client.clone(), &placement.region, placement.replicas).await?;
    let objects = Objects::new(client, &placement.region, placement.replicas);
    if let Some(folder) = &folder {
        for &chain in &chains {
            folder.fetch(&objects, chain, placement.count()).await?;
        }
    }
    let (replicas, restored) = restore(folder.as_ref(), &chains, placement.count())?;
    let from = if restored.len() == chains.len() {
        restored.iter().map(|one| one.read).min()
    } else {
        None
    };
    let from = from.unwrap_or(0);
    let reader = Arc::new(Reader::new(placement.count(), replicas, from));
    let writer = Writer::new(log.clone(), Arc::clone(&reader), &process.name);
    let writer = Arc::new(writer.map_err(Failed::system)?);
    let following = log.follow(from, |sequence, record| reader.take(sequence, &record));
    let answering = async {
        // Nothing is answered before everything was read that was acknowledged before this start.
        let fence = writer.fence().await;
        for Restored { file, reached, last: (sequence, id), .. } in &restored {
            log.check((&file.display().to_string(), *reached), (*sequence, id), fence).await?;
        }
        reader.wait_for(fence).await;
        let reader = Arc::clone(&reader);
        let is_up = || print("ready");
        if process.role == Role::Worker {
            let placement = Placement::clone(&placement);
            let writer = Arc::clone(&writer);
            let worker = Arc::new(Worker { reader, writer, key, placement, bus: bus.clone() });
            bus.serve(&process.name, is_up, move |call, terms| {
                let worker = Arc::clone(&worker);
                async move { worker.answer(call, terms).await }
            })
            .await
        } else {
            let requests = Arc::new(Requests {
                reader,
                writer: Arc::clone(&writer),
                looker: Looker::new(bus.clone(), key.clone()),
                key,
                table,
                bus: bus.clone(),
                policy: read_policy(&process)?,
                agencies: read_agencies(&process)?,
                asking: Mutex::default(),
            });
            bus.serve(&process.name, is_up, move |call, terms| {
                let requests = Arc::clone(&requests);
                async move { requests.answer(call, terms).await }
            })
            .await
        }
    };
    // In a task of its own: to copy files must not delay whoever reads the log.
    let checkpoints = folder.clone().map(|folder| {
        let (reader, writer) = (Arc::clone(&reader), Arc::clone(&writer));
        tokio::spawn(checkpoints(folder, objects, (reader, writer), process.checkpoint))
    });
    let ended = tokio::select! {
        error = following => Err(error.into()),
        served = answering => served,
        stopped = stopped() => stopped,
    };
    if let Some(checkpoints) = checkpoints {
        checkpoints.abort();
    }
    // The next start reads less.
    if ended.is_ok()
        && let Some(folder) = &folder
    {
        write_checkpoint(folder, &reader);
    }
    ended
}

/// The replicas of some chains, restored where there is a checkpoint.
fn restore(
    folder: Option<&Folder>,
    chains: &[ChainId],
    partitions: u16,
) -> Result<(BTreeMap<ChainId, Replica>, Vec<Restored>), Failed> {
    let (mut replicas, mut restored) = (BTreeMap::new(), Vec::new());
    for &chain in chains {
        let found = folder.map(|folder| folder.restore(chain, partitions)).transpose()?.flatten();
        let empty = || if chain == REQUESTS { Replica::requests() } else { Replica::partition() };
        let replica = found.as_ref().map_or_else(empty, |found| found.replica.clone());
        replicas.insert(chain, replica);
        restored.extend(found);
    }
    Ok((replicas, restored))
}

/// Writes checkpoints now and then, and copies those of chains in this process's office to the object store.
async fn checkpoints(
    folder: Folder,
    mut objects: Objects,
    (reader, writer): (Arc<Reader>, Arc<Writer>),
    every: Duration,
) {
    let chains: Vec<ChainId> = reader.lock().replicas.keys().copied().collect();
    loop {
        tokio::time::sleep(every).await;
        let (to, from) = (folder.clone(), Arc::clone(&reader));
        // A failed write is noted, and the checkpoint before stays.
        let _ = tokio::task::spawn_blocking(move || write_checkpoint(&to, &from)).await;
        for &chain in &chains {
            let office = (chain, writer.epoch(chain));
            if let Err(error) = objects.copy(&folder.of(chain), office).await {
                note(&format!("chain {chain} has no new checkpoint in the object store: {error}"));
            }
        }
    }
}

fn write_checkpoint(folder: &Folder, reader: &Reader) {
    if let Err(error) = folder.write(reader) {
        note(&format!("no checkpoint was written, and the one before stays: {error}"));
    }
}

/// Waits until the process is asked to stop.
///
/// # Errors
///
/// If the system does not let signals be received.
pub async fn stopped() -> Result<(), Failed> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate()).map_err(Failed::system)?;
    tokio::select! {
        stopped = tokio::signal::ctrl_c() => stopped.map_err(Failed::system),
        _ = terminated.recv() => Ok(()),
    }
}

async fn front(process: Process, table: Table, key: OperatorKey, bus: Bus) -> Result<(), Failed> {
    let failed = |error: std::io::Error| {
        Failed::System(format!("cannot listen on {}: {error}", process.listen))
    };
    let listener = tokio::net::TcpListener::bind(process.listen).await.map_err(failed)?;
    print(&format!("listening on {}", listener.local_addr().map_err(failed)?));
    let served = axum::serve(listener, Front::new(bus, key, table).router());
    tokio::select! {
        served = served => served.map_err(failed),
        stopped = stopped() => stopped,
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
    let Some(file) = &process.policy else {
        return Err(Failed::System("a process that keeps requests needs --policy".to_owned()));
    };
    let policy: Policy =
        serde_json::from_str(&text(file)?).map_err(|error| unusable(file, &error))?;
    policy.checked().map_err(|error| unusable(file, &error))
}

fn read_agencies(process: &Process) -> Result<BTreeMap<canvass::AgencyId, Agency>, Failed> {
    let Some(file) = &process.agencies else { return Ok(BTreeMap::new()) };
    let agencies: Vec<Agency> =
        serde_json::from_str(&text(file)?).map_err(|error| unusable(file, &error))?;
    let mut known = BTreeMap::new();
    for agency in agencies {
        let id = agency.id;
        if known.insert(id, agency).is_some() {
            return Err(unusable(file, &format!("agency `{id}` occurs twice")));
        }
    }
    Ok(known)
}
