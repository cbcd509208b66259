//! A started service, and a client of it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use canvass_service::settings::TokenDigest;
use jiff::{SignedDuration, Timestamp};
use redb::{Database, Key, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use serde_json::{Value, json};

pub const OPERATOR: &str = "operator-token-of-the-tests";
pub const FIRST: &str = "token-of-agency-1";
pub const SECOND: &str = "token-of-agency-2";

/// Held by a test that measures: two of them at once would measure each other.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // Whoever failed with it leaves nothing behind.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The service's program, started on a free port.
pub struct Service {
    child: Child,
    address: String,
    agent: ureq::Agent,
    config: PathBuf,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The problem in an answer, with the expected status and code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("/problems/{code}"));
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }
}

/// A configuration with two agencies; arguments replace the policy and the limits. The limit on an
/// agency's rate is high unless the arguments set it.
pub fn config(policy: &Value, limits: &Value) -> Value {
    let hex = |token: &str| TokenDigest::of(token.as_bytes()).hex();
    let agency = |id: u64, token: &str| {
        let record = json!({
            "id": id, "name": format!("Agency {id}"), "kind": "local",
            "jurisdiction": square(-85.5, 40.5, 2.0),
        });
        json!({ "token_sha256": hex(token), "agency": record })
    };
    let mut often =
        json!({ "agency_requests_per_minute": 10_000_000, "agency_open_requests": 1_000_000 });
    if let (Some(all), Some(given)) = (often.as_object_mut(), limits.as_object()) {
        all.extend(given.clone());
    }
    let mut in_zone = json!({ "quiet_hours": { "zone": "UTC" } });
    if let (Some(all), Some(given)) = (in_zone.as_object_mut(), policy.as_object()) {
        all.extend(given.clone());
    }
    json!({
        "operator_token_sha256": hex(OPERATOR),
        "agencies": [agency(1, FIRST), agency(2, SECOND)],
        "policy": in_zone, "limits": often,
        // Most tests are about the owners asked, not about their letters; `noticed` approves
        // notices here.
        "notices": { "approval": "elsewhere" },
        // The host in requests that a test writes by hand.
        "hosts": { "programs": ["x"] },
    })
}

/// A square, given by its south-west corner.
pub fn square(west: f64, south: f64, side: f64) -> Value {
    let (east, north) = (west + side, south + side);
    json!({ "type": "Polygon", "coordinates": [[
        [west, south], [east, south], [east, north], [west, north], [west, south]
    ]] })
}

/// A request of agency 1 about the last hours.
pub fn request(case: &str, area: &Value) -> Value {
    let ago = |hours| {
        let at = Timestamp::now() - SignedDuration::from_hours(hours);
        Timestamp::from_second(at.as_second()).unwrap().to_string()
    };
    json!({
        "agency": 1, "incident": "burglary", "area": area, "case_reference": case,
        "contact": "desk@example.org", "window": { "start": ago(5), "end": ago(3) },
    })
}

/// Registers a camera of an owner who agreed.
pub fn agreed(owner: u64, lon: f64, lat: f64) -> [Value; 2] {
    [
        json!({ "register": { "id": owner, "owner": owner, "position": [lon, lat],
            "recording": { "kept_days": 60 } } }),
        json!({ "set_consent": { "owner": owner, "consent": { "standing": "granted" } } }),
    ]
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
    complained(command(folder, config))
}

/// As [`complaint`](Self::complaint), with a shell limit.
#[track_caller]
pub fn complaint_within(folder: &Path, config: &Value, limit: &str) -> String {
    complained(within(folder, config, limit))
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
fn complained(mut command: Command) -> String {
    let ended = command.stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(1), &b""[..]), "{said}");
    said
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

pub fn get(
    agent: &ureq::Agent,
    address: &str,
    token: &str,
    path: &str,
) -> Result<Answer, ureq::Error> {
    let mut request = agent.get(format!("{address}{path}"));
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    answer(request.call()?)
}

pub fn post(
    agent: &ureq::Agent,
    address: &str,
    token: &str,
    path: &str,
    body: &[u8],
) -> Result<Answer, ureq::Error> {
    let mut request = agent.post(format!("{address}{path}")).content_type("application/json");
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    answer(request.send(body)?)
}

pub fn post_keyed(
    agent: &ureq::Agent,
    address: &str,
    token: &str,
    path: &str,
    key: &str,
    body: &[u8],
) -> Result<Answer, ureq::Error> {
    let request = agent.post(format!("{address}{path}")).content_type("application/json");
    let request = request.header("authorization", format!("Bearer {token}"));
    answer(request.header("idempotency-key", key).send(body)?)
}

pub fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let text = response.body_mut().read_to_string()?;
    Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), text })
}

/// A table of the store.
pub type Table<K> = TableDefinition<'static, K, &'static [u8]>;

/// The rows of a table, in a store that is not open.
pub fn rows<K>(folder: &Path, table: Table<K>) -> Vec<(K, Vec<u8>)>
where
    K: Key + for<'a> redb::Value<SelfType<'a> = K>,
{
    let database = database(folder);
    let table = database.begin_read().unwrap().open_table(table).unwrap();
    let mut rows = Vec::new();
    for row in table.iter().unwrap() {
        let (key, bytes) = row.unwrap();
        rows.push((key.value(), bytes.value().to_vec()));
    }
    rows
}

pub fn insert<K>(folder: &Path, table: Table<K>, key: K, bytes: &[u8])
where
    K: Key + for<'a> redb::Value<SelfType<'a> = K>,
{
    edit(folder, |transaction| {
        transaction.open_table(table).unwrap().insert(key, bytes).unwrap();
    });
}

/// Removes a row, and returns it.
#[track_caller]
pub fn remove<K>(folder: &Path, table: Table<K>, key: K) -> Vec<u8>
where
    K: Key + for<'a> redb::Value<SelfType<'a> = K>,
{
    edit(folder, |transaction| {
        let mut table = transaction.open_table(table).unwrap();
        let row = table.remove(key).unwrap();
        row.unwrap().value().to_vec()
    })
}

pub fn edit<T>(folder: &Path, edit: impl FnOnce(&WriteTransaction) -> T) -> T {
    let database = database(folder);
    let transaction = database.begin_write().unwrap();
    let edited = edit(&transaction);
    transaction.commit().unwrap();
    edited
}

fn database(folder: &Path) -> Database {
    Database::open(folder.join("data/canvass.redb")).unwrap()
}
