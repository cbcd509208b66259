//! A cluster on this machine: engine nodes and processes as children, in a folder that is removed at the end.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use canvass::{Agency, Policy};
use tempfile::TempDir;

use crate::engine::Unfit;
use crate::placement::Placement;
use crate::run::Failed;

/// How many nodes the engine has.
const NODES: usize = 3;
/// How long a process may take to start.
const START: Duration = Duration::from_secs(60);

/// A cluster on this machine.
#[derive(Debug)]
pub struct Local {
    folder: TempDir,
    server: PathBuf,
    program: PathBuf,
    ports: Vec<[u16; 3]>,
    children: BTreeMap<String, Child>,
    placement: Placement,
    front: Option<SocketAddr>,
}

/// Finds the engine's program: the one given, that of the variable, or the first on the path.
///
/// # Errors
///
/// If there is none.
pub fn find_server(given: Option<PathBuf>) -> Result<PathBuf, Unfit> {
    let named = given.or_else(|| std::env::var_os("CANVASS_NATS_SERVER").map(PathBuf::from));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = match named {
        Some(named) => vec![named],
        None => std::env::split_paths(&path).map(|folder| folder.join("nats-server")).collect(),
    };
    candidates.into_iter().find(|file| file.is_file()).ok_or(Unfit::Missing)
}

impl Local {
    /// Starts the engine's nodes and all processes of a placement, under a policy.
    ///
    /// # Errors
    ///
    /// If something does not start.
    pub fn start(
        server: PathBuf,
        program: PathBuf,
        placement: Placement,
        (policy, agencies): (&Policy, &[Agency]),
    ) -> Result<Self, Failed> {
        let folder = TempDir::with_prefix("canvass-cluster-").map_err(system)?;
        let at = folder.path().to_owned();
        let json = |name: &str, value: serde_json::Result<String>| {
            std::fs::write(at.join(name), value.map_err(system)?).map_err(system)
        };
        json("policy.json", serde_json::to_string(policy))?;
        json("agencies.json", serde_json::to_string(agencies))?;
        json("placement.json", serde_json::to_string(&placement))?;
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(system)?;
        std::fs::write(at.join("key"), canvass::audit::Digest(key).to_string()).map_err(system)?;
        let ports = free_ports(3 * NODES)?;
        let ports: Vec<[u16; 3]> = ports.as_chunks::<3>().0.to_vec();
        let children = BTreeMap::new();
        let mut local = Self { folder, server, program, ports, children, placement, front: None };
        for node in 0..NODES {
            local.start_node(node)?;
        }
        let mut names: Vec<String> = local.placement.partitions.iter().flatten().cloned().collect();
        names.extend(local.placement.requests.iter().cloned());
        names.sort_unstable();
        names.dedup();
        for name in names {
            local.start_process(&name)?;
        }
        local.start_process("front")?;
        Ok(local)
    }

    /// Where the front listens.
    #[must_use]
    pub fn front(&self) -> Option<SocketAddr> {
        self.front
    }

    /// The names of all children: `node-0` and so on, and those of the placement.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.children.keys().map(String::as_str)
    }

    /// The id of a child's process.
    #[must_use]
    pub fn process(&self, name: &str) -> Option<u32> {
        self.children.get(name).map(Child::id)
    }

    /// The addresses of the engine's nodes.
    #[must_use]
    pub fn nats(&self) -> String {
        let urls = self.ports.iter().map(|[client, ..]| format!("nats://127.0.0.1:{client}"));
        urls.collect::<Vec<_>>().join(",")
    }

    /// The monitoring addresses of the engine's nodes.
    #[must_use]
    pub fn monitors(&self) -> String {
        let urls = self.ports.iter().map(|[_, monitor, _]| format!("http://127.0.0.1:{monitor}"));
        urls.collect::<Vec<_>>().join(",")
    }

    /// The folder with logs of all children.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Changes the placement; fronts read it.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn place(&mut self, placement: Placement) -> Result<(), Failed> {
        let text = serde_json::to_string(&placement).map_err(system)?;
        // Whole or not at all: a front may be reading it.
        let (next, file) =
            (self.folder.path().join("next.json"), self.folder.path().join("placement.json"));
        std::fs::write(&next, text).and_then(|()| std::fs::rename(&next, &file)).map_err(system)?;
        self.placement = placement;
        Ok(())
    }

    /// Starts a child again after it was killed.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn start_again(&mut self, name: &str) -> Result<(), Failed> {
        match name.strip_prefix("node-").and_then(|number| number.parse().ok()) {
            Some(node) => self.start_node(node),
            None => self.start_process(name),
        }
    }

    /// Kills a child.
    pub fn kill(&mut self, name: &str) {
        if let Some(mut child) = self.children.remove(name) {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn start_node(&mut self, node: usize) -> Result<(), Failed> {
        let name = format!("node-{node}");
        let Some(&[client, monitor, cluster]) = self.ports.get(node) else {
            return Err(Failed::System(format!("there is no `{name}`")));
        };
        let folder = self.folder.path().join(&name);
        let routes: Vec<String> =
            self.ports.iter().map(|[.., port]| format!("nats://127.0.0.1:{port}")).collect();
        let config = format!(
            "server_name: {name}\nlisten: 127.0.0.1:{client}\nhttp: 127.0.0.1:{monitor}\n\
             jetstream {{ store_dir: {folder:?}, sync_interval: always }}\n\
             cluster {{ name: canvass, listen: 127.0.0.1:{cluster}, routes: [{}] }}\n",
            routes.join(", ")
        );
        let file = self.folder.path().join(format!("{name}.conf"));
        std::fs::write(&file, config).map_err(system)?;
        let mut command = Command::new(&self.server);
        command.arg("-c").arg(&file).stdout(Stdio::null());
        let log = std::fs::File::create(self.folder.path().join(format!("{name}.log")))
            .map_err(system)?;
        let child = command.stderr(log).spawn().map_err(system)?;
        self.children.insert(name, child);
        // It answers on its client port once it is up.
        let deadline = Instant::now() + START;
        while std::net::TcpStream::connect(("127.0.0.1", client)).is_err() {
            if Instant::now() > deadline {
                return Err(Failed::System(format!("`node-{node}` does not start")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Starts a process of the placement, and waits until it answers.
    fn start_process(&mut self, name: &str) -> Result<(), Failed> {
        let at = self.folder.path().to_owned();
        let role = if name == "front" {
            "front"
        } else if self.placement.requests.iter().any(|other| other == name) {
            "requests"
        } else {
            "worker"
        };
        let mut command = Command::new(&self.program);
        command.args([role, "--name", name, "--nats", &self.nats(), "--monitor", &self.monitors()]);
        command.arg("--placement").arg(at.join("placement.json")).arg("--key").arg(at.join("key"));
        if role == "requests" {
            command.arg("--policy").arg(at.join("policy.json"));
            command.arg("--agencies").arg(at.join("agencies.json"));
        }
        if role == "front" {
            let port = self.front.map_or(0, |front| front.port());
            command.arg("--listen").arg(format!("127.0.0.1:{port}"));
        }
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(at.join(format!("{name}.log")));
        let mut child =
            command.stdout(Stdio::piped()).stderr(log.map_err(system)?).spawn().map_err(system)?;
        let output = child.stdout.take();
        self.children.insert(name.to_owned(), child);
        let mut line = String::new();
        if let Some(output) = output {
            BufReader::new(output).read_line(&mut line).map_err(system)?;
        }
        if let Some(address) = line.trim().strip_prefix("listening on ") {
            self.front = Some(address.parse().map_err(system)?);
        } else if line.trim() != "ready" {
            let log = std::fs::read_to_string(at.join(format!("{name}.log"))).unwrap_or_default();
            return Err(Failed::System(format!("`{name}` does not start: {}", log.trim())));
        }
        Ok(())
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        for child in self.children.values_mut() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Ports that nobody listens on at this moment.
fn free_ports(number: usize) -> Result<Vec<u16>, Failed> {
    let listeners = (0..number).map(|_| TcpListener::bind(("127.0.0.1", 0)));
    let listeners = listeners.collect::<Result<Vec<_>, _>>().map_err(system)?;
    let ports = listeners.iter().map(|listener| listener.local_addr().map(|at| at.port()));
    ports.collect::<Result<Vec<_>, _>>().map_err(system)
}

fn system(error: impl std::fmt::Display) -> Failed {
    Failed::System(error.to_string())
}
