//! Child processes by name, with their logs. All are ended when this is dropped.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::watch::Watcher;
use crate::roles::failed::Failed;

/// How long a child may take to end before it is killed.
const END: Duration = Duration::from_secs(10);

/// Child processes by name.
#[derive(Debug)]
pub struct Children {
    folder: PathBuf,
    running: BTreeMap<String, Running>,
    watcher: Watcher,
    gives_up: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    first_line: Receiver<String>,
}

impl Children {
    /// No children; their logs go to a folder. This package's program watches over them. A wait for one
    /// ends early once `gives_up` is set.
    ///
    /// # Errors
    ///
    /// If the watcher cannot be started.
    pub fn new(program: &Path, folder: &Path, gives_up: Arc<AtomicBool>) -> Result<Self, Failed> {
        let watcher = Watcher::start(program, folder)?;
        Ok(Self { folder: folder.to_owned(), running: BTreeMap::new(), watcher, gives_up })
    }

    /// The names of those that were started and not killed.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.running.keys().map(String::as_str)
    }

    /// The id of a child's process.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<u32> {
        self.running.get(name).map(|running| running.child.id())
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// Starts a child in a process group of its own, so that Ctrl-C reaches this process alone, which then
    /// ends its children in order.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn spawn(&mut self, name: &str, mut command: Command) -> Result<(), Failed> {
        let log = OpenOptions::new().create(true).append(true).open(self.log(name));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.map_err(Failed::system)?);
        let spawned = command.process_group(0).spawn();
        let mut child = spawned
            .map_err(|error| Failed::System(format!("`{name}` cannot be started: {error}")))?;
        self.watcher.started(child.id());
        let (sender, first_line) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            // Reads on after the first line: a child whose output nobody reads would wait.
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        self.running.insert(name.to_owned(), Running { child, first_line });
        Ok(())
    }

    /// Waits for the first line that a child prints.
    ///
    /// # Errors
    ///
    /// If it ends, or does not print in time.
    pub fn first_line(&self, name: &str, at_most: Duration) -> Result<String, Failed> {
        let deadline = Instant::now() + at_most;
        let running = self.running.get(name).ok_or_else(|| self.does_not_start(name))?;
        loop {
            match running.first_line.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Timeout)
                    if Instant::now() < deadline && !self.gives_up.load(Ordering::Relaxed) => {}
                Err(_) => return Err(self.does_not_start(name)),
            }
        }
    }

    /// The error of a child that does not start, with the end of its log.
    #[must_use]
    pub fn does_not_start(&self, name: &str) -> Failed {
        if self.gives_up.load(Ordering::Relaxed) {
            return Failed::System("stopped before everything was up".to_owned());
        }
        let log = std::fs::read_to_string(self.log(name)).unwrap_or_default();
        let lines: Vec<&str> = log.trim().lines().rev().take(5).collect();
        let end: Vec<&str> = lines.into_iter().rev().collect();
        Failed::System(format!("`{name}` does not start; the end of its log: {}", end.join(" / ")))
    }

    /// Sends a signal to a child.
    pub fn signal(&self, name: &str, signal: Signal) {
        let id = self.running.get(name).and_then(|running| i32::try_from(running.child.id()).ok());
        if let Some(id) = id.and_then(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process(id, signal);
        }
    }

    /// The names of those that have ended by themselves.
    pub fn ended(&mut self) -> Vec<String> {
        let has_ended = |running: &mut Running| matches!(running.child.try_wait(), Ok(Some(_)));
        let ended = self
            .running
            .iter_mut()
            .filter_map(|(name, running)| has_ended(running).then(|| name.clone()));
        ended.collect()
    }

    /// Kills a child.
    pub fn kill(&mut self, name: &str) {
        if let Some(mut running) = self.running.remove(name) {
            // It may have ended by itself.
            let _ = running.child.kill();
            let _ = running.child.wait();
            self.watcher.ended(running.child.id());
        }
    }

    /// Asks children to end, and kills those that do not in time.
    pub fn stop(&mut self, names: &[String]) {
        for name in names {
            self.signal(name, Signal::TERM);
        }
        let deadline = Instant::now() + END;
        for name in names {
            while let Some(running) = self.running.get_mut(name)
                && matches!(running.child.try_wait(), Ok(None))
                && Instant::now() < deadline
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            self.kill(name);
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        let names: Vec<String> = self.names().map(str::to_owned).collect();
        for name in names {
            self.kill(&name);
        }
    }
}
