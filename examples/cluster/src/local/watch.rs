//! Ends the children of a cluster whose own process was killed.
//!
//! A process that is killed cannot end its children, and the engine's nodes are not ours to change. So a second
//! process holds the end of a pipe and the list of the children. The system closes the pipe with the first
//! process, whatever became of it.

use std::collections::BTreeSet;
use std::io::{BufRead, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::log::stream::note;
use crate::roles::failed::Failed;

/// The argument that makes this package's program a watcher.
pub const ROLE: &str = "watch";

/// The watcher of a cluster's children.
#[derive(Debug)]
pub struct Watcher {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Watcher {
    /// Starts a watcher of children whose files are in a folder, which it removes as well.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start(program: &Path, folder: &Path) -> Result<Self, Failed> {
        let mut command = Command::new(program);
        command.arg(ROLE).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // Ctrl-C reaches the first process alone.
        let mut child = command.process_group(0).spawn().map_err(Failed::system)?;
        let pipe = child.stdin.take();
        let mut watcher = Self { child, pipe };
        watcher.write(&format!("folder {}", folder.display()));
        Ok(watcher)
    }

    /// A child was started.
    pub fn started(&mut self, id: u32) {
        self.write(&format!("started {id}"));
    }

    /// A child has ended.
    pub fn ended(&mut self, id: u32) {
        self.write(&format!("ended {id}"));
    }

    fn write(&mut self, line: &str) {
        let Some(pipe) = &mut self.pipe else { return };
        if let Err(error) = writeln!(pipe, "{line}") {
            note(&format!("children stay behind if this process is killed: {error}"));
            self.pipe = None;
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.write("over");
        self.pipe = None;
        // It ends with the pipe.
        let _ = self.child.wait();
    }
}

/// Watches until the input ends. Unless it ends as announced, the children are killed and their folder is removed.
pub fn watch(input: impl BufRead) {
    let (mut children, mut folder) = (BTreeSet::new(), None);
    for line in input.lines().map_while(Result::ok) {
        match line.split_once(' ') {
            Some(("started", id)) => drop(children.insert(id.to_owned())),
            Some(("ended", id)) => drop(children.remove(id)),
            Some(("folder", path)) => folder = Some(PathBuf::from(path)),
            _ if line == "over" => return,
            _ => {}
        }
    }
    for id in children.iter().filter_map(|id| Pid::from_raw(id.parse().ok()?)) {
        // It may have ended by itself.
        let _ = kill_process(id, Signal::KILL);
    }
    if let Some(folder) = folder {
        // Files that a dying child still writes may keep it: once more then.
        for _ in 0..50 {
            if std::fs::remove_dir_all(&folder).is_ok() || !folder.exists() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}
