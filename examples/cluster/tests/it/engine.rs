//! The engine that tests run on, and one test at a time on it: they share two cores and measure times.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use canvass_cluster::local::server::find_server;

static TURN: Mutex<()> = Mutex::new(());

/// The engine's program for a whole cluster, of which one runs at a time.
pub fn engine() -> Option<(PathBuf, MutexGuard<'static, ()>)> {
    Some((server()?, TURN.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// The engine's program; `None` where it is missing and nobody requires it.
pub fn server() -> Option<PathBuf> {
    let found = find_server(None);
    assert!(found.is_ok() || std::env::var_os("CANVASS_REQUIRE_NATS").is_none(), "{found:?}");
    if found.is_err() {
        eprintln!("skipped: no nats-server; see `.ci/nats`");
    }
    found.ok()
}

/// This package's program.
pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_canvass-cluster"))
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One node of the engine, ended when it is dropped.
pub struct Node {
    child: Child,
    pub nats: String,
    pub monitor: String,
}

impl Node {
    /// Starts a node with its files in a folder, with lines of its configuration.
    pub fn start(server: &Path, folder: &Path, (jetstream, others): (&str, &str)) -> Self {
        let (client, monitor) = (free_port(), free_port());
        let store = folder.join("store").display().to_string();
        let config = format!(
            "listen: 127.0.0.1:{client}\nhttp: 127.0.0.1:{monitor}\njetstream {{ store_dir: \"{store}\", {jetstream} }}\n{others}\n"
        );
        let file = folder.join("node.conf");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(server);
        let child = command.arg("-c").arg(&file).stderr(Stdio::null()).spawn().unwrap();
        let node = Self {
            child,
            nats: format!("nats://127.0.0.1:{client}"),
            monitor: format!("http://127.0.0.1:{monitor}"),
        };
        while std::net::TcpStream::connect(("127.0.0.1", monitor)).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        node
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
