//! The program, started on a free port.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::answers::{Answer, answer, get, post, post_keyed};
use super::{FIRST, OPERATOR};

/// The service's program, started on a free port.
pub struct Service {
    child: Child,
    address: String,
    agent: ureq::Agent,
    config: PathBuf,
}

impl Service {
    /// Starts the program in a folder, where it finds its configuration.
    pub fn start(folder: &Path, config: &Value) -> Self {
        Self::spawn(folder, command(folder, config))
    }

    /// As [`start`](Self::start), with a shell limit such as `ulimit -n 200`.
    pub fn start_within(folder: &Path, config: &Value, limit: &str) -> Self {
        Self::spawn(folder, within(folder, config, limit))
    }

    /// As [`start`](Self::start), with further options.
    pub fn start_with(folder: &Path, config: &Value, options: &[&str]) -> Self {
        let mut command = command(folder, config);
        command.args(options);
        Self::spawn(folder, command)
    }

    /// Starts a command that runs the program.
    pub fn spawn(folder: &Path, mut command: Command) -> Self {
        let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
        let mut child = command.stderr(log).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ");
        let address = address.unwrap_or_else(|| panic!("the first line is `{line}`")).to_owned();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)))
            .build()
            .new_agent();
        Self { child, address, agent, config: folder.join("config.json") }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn agent(&self) -> ureq::Agent {
        self.agent.clone()
    }

    #[track_caller]
    pub fn get(&self, token: &str, path: &str) -> Answer {
        get(&self.agent, &self.address, token, path).unwrap()
    }

    #[track_caller]
    pub fn post(&self, token: &str, path: &str, body: impl AsRef<[u8]>) -> Answer {
        post(&self.agent, &self.address, token, path, body.as_ref()).unwrap()
    }

    /// Sends a request without a body.
    #[track_caller]
    pub fn send(&self, token: &str, method: &str, path: &str) -> Answer {
        let request = ureq::http::Request::builder().method(method);
        let request = request.uri(format!("{}{path}", self.address));
        let request = request.header("authorization", format!("Bearer {token}"));
        answer(self.agent.run(request.body(()).unwrap()).unwrap()).unwrap()
    }

    /// A `POST` with an idempotency key.
    #[track_caller]
    pub fn post_keyed(&self, token: &str, path: &str, key: &str, body: impl AsRef<[u8]>) -> Answer {
        post_keyed(&self.agent, &self.address, token, path, key, body.as_ref()).unwrap()
    }

    /// Applies changes, and asserts that they are accepted.
    #[track_caller]
    pub fn change(&self, changes: &[Value]) -> u64 {
        let answer = self.post(OPERATOR, "/v1/changes", json!(changes).to_string());
        answer.expect(200)["revision"].as_u64().unwrap()
    }

    /// Opens a request of agency 1, and asserts that it is accepted.
    #[track_caller]
    pub fn open(&self, request: &Value) -> Value {
        self.post(FIRST, "/v1/requests", request.to_string()).expect(201)
    }

    /// Makes the program read its configuration again.
    pub fn hang_up(&self, config: &Value) {
        std::fs::write(&self.config, config.to_string()).unwrap();
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    }

    /// Kills it at once, as a crash would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it, and waits for its end.
    #[track_caller]
    pub fn stop(self) {
        assert_eq!(self.exit_code(), Some(0));
    }

    /// Stops it, and returns its exit code.
    pub fn exit_code(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// Waits for a condition within some time, and returns the time that it took.
    #[track_caller]
    pub fn wait_for(&self, within: Duration, is: impl Fn(&Self) -> bool) -> Duration {
        let begun = Instant::now();
        while !is(self) {
            assert!(begun.elapsed() < within, "nothing came within {within:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
        begun.elapsed()
    }

    /// A metric's value.
    #[track_caller]
    pub fn measure(&self, name: &str) -> i64 {
        let text = self.get(OPERATOR, "/metrics").text;
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("canvass_{name} ")));
        line.unwrap_or_else(|| panic!("no `{name}` in {text}")).parse().unwrap()
    }
}

/// Starts the program in a folder, where it must end by itself, and returns its error message.
#[track_caller]
pub fn complaint(folder: &Path, config: &Value) -> String {
    complained(&mut command(folder, config))
}

/// As [`complaint`](Self::complaint), with a shell limit.
#[track_caller]
pub fn complaint_within(folder: &Path, config: &Value, limit: &str) -> String {
    complained(&mut within(folder, config, limit))
}

/// The program's command line in a shell with a limit.
fn within(folder: &Path, config: &Value, limit: &str) -> Command {
    let inner = command(folder, config);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{limit} && exec \"$0\" \"$@\"")]).arg(inner.get_program());
    shell.args(inner.get_args()).env("CANVASS_LOG", "debug").stdout(Stdio::piped());
    shell
}

#[track_caller]
pub fn complained(command: &mut Command) -> String {
    let ended = command.stderr(Stdio::piped()).output().unwrap();
    let said = told(&ended.stderr);
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(1), &b""[..]), "{said}");
    said
}

/// The lines of standard error without the warning of a policy without anonymity, which many tests
/// have.
pub fn told(stderr: &[u8]) -> String {
    let text = std::str::from_utf8(stderr).unwrap();
    let lines = text.lines().filter(|line| !line.contains("warning: `policy.anonymity` is waived"));
    lines.fold(String::new(), |all, line| format!("{all}{line}\n"))
}

pub fn command(folder: &Path, config: &Value) -> Command {
    let file = folder.join("config.json");
    std::fs::write(&file, config.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_canvass-service"));
    command.args(["--listen", "127.0.0.1:0", "--log", "json", "--config"]).arg(&file);
    command.arg("--data").arg(folder.join("data")).env("CANVASS_LOG", "debug");
    command.stdout(Stdio::piped());
    command
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
