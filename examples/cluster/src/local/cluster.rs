//! A cluster on this machine: engine nodes and processes as children, in a folder that is removed at the end.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use canvass::{Agency, Policy};
use tempfile::TempDir;

use super::children::Children;
use crate::log::engine;
use crate::placement::Placement;
use crate::roles::failed::Failed;

/// How many nodes a started engine has.
const NODES: usize = 3;
/// How long a process may take to start.
const START: Duration = Duration::from_secs(60);

/// The parts of a cluster.
#[derive(Debug)]
pub struct Setup {
    /// The engine.
    pub engine: Engine,
    /// This package's program.
    pub program: PathBuf,
    /// Which process holds which partition.
    pub placement: Placement,
    /// The policy.
    pub policy: Policy,
    /// Who may ask.
    pub agencies: Vec<Agency>,
    /// Where children run that do not run on the loopback address, by name.
    pub hosts: BTreeMap<String, Host>,
    /// How many seconds lie between checkpoints.
    pub checkpoint_seconds: u32,
    /// The most bytes of a message; the engine's default is a megabyte.
    pub max_payload: Option<u32>,
    /// Set it to give up a start that is under way.
    pub gives_up: Arc<AtomicBool>,
}

/// The engine of a cluster.
#[derive(Debug)]
pub enum Engine {
    /// Three nodes of this program are started.
    Started {
        /// The program.
        server: PathBuf,
    },
    /// An engine that runs.
    Given {
        /// Its nodes, with commas between.
        nats: String,
        /// Their monitoring addresses, with commas between.
        monitors: String,
    },
}

/// Where a child runs.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its address.
    pub address: IpAddr,
    /// The command in front of the child's own, such as one that enters a network namespace.
    pub through: Vec<String>,
}

/// A cluster on this machine.
#[derive(Debug)]
pub struct Local {
    setup: Setup,
    /// Of each node: for clients, for monitoring, for the other nodes.
    ports: Vec<[u16; 3]>,
    // Ended before the folder is removed.
    children: Children,
    folder: TempDir,
    front: Option<SocketAddr>,
}

impl Local {
    /// Starts the engine's nodes and all processes of a placement.
    ///
    /// # Errors
    ///
    /// If something does not start. All children are ended then.
    pub fn start(setup: Setup) -> Result<Self, Failed> {
        let folder = TempDir::with_prefix("canvass-cluster-").map_err(Failed::system)?;
        let at = folder.path().to_owned();
        write_json(&at, "policy.json", &setup.policy)?;
        write_json(&at, "agencies.json", &setup.agencies)?;
        write_json(&at, "placement.json", &setup.placement)?;
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(Failed::system)?;
        write(&at, "key", &canvass::audit::Digest(key).to_string())?;
        let nodes = if matches!(setup.engine, Engine::Started { .. }) { NODES } else { 0 };
        let ports = free_ports(3 * nodes)?.as_chunks::<3>().0.to_vec();
        let children = Children::new(&setup.program, &at, Arc::clone(&setup.gives_up))?;
        let mut local = Self { setup, folder, ports, children, front: None };
        for node in 0..nodes {
            local.spawn_node(node)?;
        }
        for node in 0..nodes {
            local.await_node(node)?;
        }
        // One unfit node is named here, and not by each process in its log.
        engine::check_now(&local.nats(), &local.monitors())?;
        let placement = &local.setup.placement;
        let mut names: Vec<String> = placement.partitions.iter().flatten().cloned().collect();
        names.extend(placement.requests.iter().cloned());
        names.push("front".to_owned());
        names.sort_unstable();
        names.dedup();
        for name in &names {
            local.spawn_process(name)?;
        }
        for name in &names {
            local.await_process(name)?;
        }
        Ok(local)
    }

    /// Where the front listens.
    #[must_use]
    pub fn front(&self) -> Option<SocketAddr> {
        self.front
    }

    /// The children by name: `node-0` and so on, and those of the placement.
    #[must_use]
    pub fn children(&self) -> &Children {
        &self.children
    }

    /// The addresses of the engine's nodes.
    #[must_use]
    pub fn nats(&self) -> String {
        match &self.setup.engine {
            Engine::Started { .. } => self.urls("nats", |&[client, ..]| client),
            Engine::Given { nats, .. } => nats.clone(),
        }
    }

    /// The monitoring addresses of the engine's nodes.
    #[must_use]
    pub fn monitors(&self) -> String {
        match &self.setup.engine {
            Engine::Started { .. } => self.urls("http", |&[_, monitor, _]| monitor),
            Engine::Given { monitors, .. } => monitors.clone(),
        }
    }

    fn urls(&self, scheme: &str, port: impl Fn(&[u16; 3]) -> u16) -> String {
        let url = |(node, ports)| {
            format!("{scheme}://{}:{}", self.address(&node_name(node)), port(ports))
        };
        self.ports.iter().enumerate().map(url).collect::<Vec<_>>().join(",")
    }

    fn address(&self, name: &str) -> IpAddr {
        let host = self.setup.hosts.get(name);
        host.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |host| host.address)
    }

    /// A command where a child runs.
    fn command(&self, name: &str, program: &Path) -> Command {
        let through = self.setup.hosts.get(name).and_then(|host| host.through.split_first());
        let Some((first, others)) = through else { return Command::new(program) };
        let mut command = Command::new(first);
        command.args(others).arg(program);
        command
    }

    /// The folder with logs of all children.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Changes the placement; processes read it.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn place(&mut self, placement: Placement) -> Result<(), Failed> {
        // Whole or not at all: a process may be reading it.
        write_json(self.folder.path(), "next.json", &placement)?;
        let (next, file) =
            (self.folder.path().join("next.json"), self.folder.path().join("placement.json"));
        std::fs::rename(next, file).map_err(Failed::system)?;
        self.setup.placement = placement;
        Ok(())
    }

    /// Kills a child.
    pub fn kill(&mut self, name: &str) {
        self.children.kill(name);
    }

    /// Starts a child again after it was killed, and does not wait until it answers.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn spawn(&mut self, name: &str) -> Result<(), Failed> {
        match node_number(name) {
            Some(node) => self.spawn_node(node),
            None => self.spawn_process(name),
        }
    }

    /// Waits until a child that was started answers.
    ///
    /// # Errors
    ///
    /// If it does not answer in time.
    pub fn ready(&mut self, name: &str) -> Result<(), Failed> {
        match node_number(name) {
            Some(node) => self.await_node(node),
            None => self.await_process(name),
        }
    }

    /// Starts children that have ended by themselves again, as a supervisor does; their names.
    ///
    /// # Errors
    ///
    /// If one cannot be started.
    pub fn supervise(&mut self) -> Result<Vec<String>, Failed> {
        let ended = self.children.ended();
        for name in &ended {
            self.kill(name);
            self.spawn(name)?;
        }
        Ok(ended)
    }

    /// Ends all children: processes first, which write their checkpoints, and then the engine.
    pub fn stop(&mut self) {
        let (nodes, processes): (Vec<String>, Vec<String>) =
            self.children.names().map(str::to_owned).partition(|name| node_number(name).is_some());
        self.children.stop(&processes);
        self.children.stop(&nodes);
    }

    fn spawn_node(&mut self, node: usize) -> Result<(), Failed> {
        let name = node_name(node);
        let (Some(&[client, monitor, cluster]), Engine::Started { server }) =
            (self.ports.get(node), &self.setup.engine)
        else {
            return Err(Failed::System(format!("there is no `{name}`")));
        };
        let (store, at) = (self.folder.path().join(&name), self.address(&name));
        let payload =
            self.setup.max_payload.map_or(String::new(), |most| format!("max_payload: {most}\n"));
        let routes = self.urls("nats", |&[.., port]| port).replace(',', ", ");
        let config = format!(
            "server_name: {name}\nlisten: {at}:{client}\nhttp: {at}:{monitor}\n\
             jetstream {{ store_dir: \"{}\", sync_interval: always }}\n\
             cluster {{ name: canvass, listen: {at}:{cluster}, routes: [{routes}] }}\n{payload}",
            store.display(),
        );
        write(self.folder.path(), &format!("{name}.conf"), &config)?;
        let mut command = self.command(&name, server);
        command.arg("-c").arg(self.folder.path().join(format!("{name}.conf")));
        self.children.spawn(&name, command)
    }

    /// A node answers on its client port once it is up.
    fn await_node(&mut self, node: usize) -> Result<(), Failed> {
        let name = node_name(node);
        let port = self.ports.get(node).map_or(0, |&[client, ..]| client);
        let at = SocketAddr::new(self.address(&name), port);
        let deadline = Instant::now() + START;
        while std::net::TcpStream::connect_timeout(&at, Duration::from_secs(1)).is_err() {
            if Instant::now() > deadline || self.setup.gives_up.load(Ordering::Relaxed) {
                return Err(self.children.does_not_start(&name));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Starts a process of the placement.
    fn spawn_process(&mut self, name: &str) -> Result<(), Failed> {
        let at = self.folder.path();
        let is_keeper = self.setup.placement.requests.iter().any(|other| other == name);
        let role = if name == "front" {
            "front"
        } else if is_keeper {
            "requests"
        } else {
            "worker"
        };
        let mut command = self.command(name, &self.setup.program);
        command.args([role, "--name", name, "--nats", &self.nats(), "--monitor", &self.monitors()]);
        command.arg("--placement").arg(at.join("placement.json")).arg("--key").arg(at.join("key"));
        if role == "front" {
            let port = self.front.map_or(0, |front| front.port());
            command.arg("--listen").arg(SocketAddr::new(self.address(name), port).to_string());
        } else {
            command.arg("--data").arg(at.join("data"));
            let seconds = self.setup.checkpoint_seconds.to_string();
            command.args(["--checkpoint-seconds", &seconds]);
        }
        if role == "requests" {
            command.arg("--policy").arg(at.join("policy.json"));
            command.arg("--agencies").arg(at.join("agencies.json"));
        }
        self.children.spawn(name, command)
    }

    /// A process prints a line once it answers.
    fn await_process(&mut self, name: &str) -> Result<(), Failed> {
        let line = self.children.first_line(name, START)?;
        if let Some(address) = line.strip_prefix("listening on ") {
            self.front = Some(address.parse().map_err(Failed::system)?);
        }
        Ok(())
    }
}

fn node_name(node: usize) -> String {
    format!("node-{node}")
}

fn node_number(name: &str) -> Option<usize> {
    name.strip_prefix("node-")?.parse().ok()
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Failed> {
    std::fs::write(folder.join(name), text).map_err(Failed::system)
}

fn write_json(folder: &Path, name: &str, value: &impl serde::Serialize) -> Result<(), Failed> {
    write(folder, name, &serde_json::to_string(value).map_err(Failed::system)?)
}

/// Ports that nobody listens on at this moment.
fn free_ports(number: usize) -> Result<Vec<u16>, Failed> {
    let listeners = (0..number).map(|_| TcpListener::bind(("127.0.0.1", 0)));
    let listeners = listeners.collect::<Result<Vec<_>, _>>().map_err(Failed::system)?;
    let ports = listeners.iter().map(|listener| listener.local_addr().map(|at| at.port()));
    ports.collect::<Result<Vec<_>, _>>().map_err(Failed::system)
}
