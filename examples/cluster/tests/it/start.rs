//! Refusals at the start, each by name and with exit code 2.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use async_nats::connection::State;
use async_nats::jetstream;
use canvass_cluster::log::engine::connect;

use crate::engine::{Node, program, server};

/// The message of a process that is refused.
pub fn refused(arguments: &[&str]) -> String {
    let mut command = Command::new(program());
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("the process runs, where a refusal was expected: {arguments:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Files of a cluster with one engine node, and the arguments that name them.
pub fn worker(folder: &std::path::Path, nats: &str, monitor: &str) -> Vec<String> {
    let table = r#"{"region":"one","partitions":[["w"]],"requests":["r"],"replicas":1}"#;
    std::fs::write(folder.join("placement.json"), table).unwrap();
    std::fs::write(folder.join("key"), "07".repeat(32)).unwrap();
    let file = |name: &str| folder.join(name).display().to_string();
    let (placement, key) = (file("placement.json"), file("key"));
    let arguments = [
        "worker",
        "--name",
        "w",
        "--nats",
        nats,
        "--monitor",
        monitor,
        "--placement",
        &placement,
        "--key",
        &key,
    ];
    arguments.map(str::to_owned).to_vec()
}

/// A node that answers its monitoring address with one text.
fn node_that_answers(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let length = text.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
            );
        }
    });
    at
}

fn refused_with(monitor: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let arguments = worker(folder.path(), "nats://127.0.0.1:1", monitor);
    refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_missing_engine_is_named_with_the_way_to_get_it() {
    let message = refused(&["--demo", "--nats-server", "/nowhere/nats-server"]);
    for words in
        ["--nats-server", "CANVASS_NATS_SERVER", "2.14", ".ci/nats", "canvass-service -- --demo"]
    {
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_command_line_without_a_role_names_the_demo() {
    let message = refused(&[]);
    assert!(message.contains("a role, or --demo, is missing: see --help"), "{message}");
}

#[test]
fn a_demo_on_an_engine_that_is_not_there_is_refused_at_once() {
    let fit = node_that_answers(
        r#"{"server_id":"A","version":"2.14.0","jetstream":{"config":{"sync_always":true}}}"#,
    );
    let begun = Instant::now();
    let message = refused(&["--demo", "--nats", "nats://127.0.0.1:1", "--monitor", &fit]);
    assert!(message.contains("the engine at nats://127.0.0.1:1 does not answer"), "{message}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn an_old_or_lax_or_absent_node_is_refused() {
    let old = node_that_answers(
        r#"{"server_id":"A","version":"2.9.10","jetstream":{"config":{"sync_always":true}}}"#,
    );
    assert!(refused_with(&old).contains(
        "is version 2.9.10, and 2.14 or newer is needed: older ones let several writers win"
    ));
    let lazy = node_that_answers(
        r#"{"server_id":"A","version":"2.14.0","jetstream":{"config":{"sync_always":false}}}"#,
    );
    assert!(refused_with(&lazy).contains("does not flush before it acknowledges"));
    let with_password = lazy.replace("http://", "http://west:secret@");
    let message = refused_with(&with_password);
    assert!(message.contains(&lazy) && !message.contains("secret"), "{message}");
    let plain = node_that_answers(r#"{"server_id":"A","version":"2.15.1","jetstream":{}}"#);
    assert!(refused_with(&plain).contains("sync_interval: always"));
    assert!(refused_with("http://127.0.0.1:1").contains("does not answer"));
}

#[test]
fn one_node_named_three_times_is_one_node() {
    let fit = node_that_answers(
        r#"{"server_id":"A","version":"2.14.0","jetstream":{"config":{"sync_always":true}}}"#,
    );
    let folder = tempfile::tempdir().unwrap();
    let arguments = worker(folder.path(), "nats://127.0.0.1:1", &[fit.as_str(); 3].join(","));
    let table = r#"{"region":"one","partitions":[["w"]],"requests":["r"],"replicas":3}"#;
    std::fs::write(folder.path().join("placement.json"), table).unwrap();
    let message = refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(message.contains("1 nodes of the engine were named, and 3 are needed"), "{message}");
}

#[test]
fn a_node_that_flushes_late_is_refused() {
    let Some(server) = server() else { return };
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(&server, folder.path(), ("max_mem: 1M", ""));
    let arguments = worker(folder.path(), &node.nats, &node.monitor);
    let message = refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(message.contains("does not flush before it acknowledges"), "{message}");
}

#[test]
fn a_refused_sign_in_is_named_without_the_password() {
    let Some(server) = server() else { return };
    let folder = tempfile::tempdir().unwrap();
    let user = "authorization { user: west, password: \"p@ss\" }";
    let node = Node::start(&server, folder.path(), ("sync_interval: always", user));
    let host = node.nats.trim_start_matches("nats://");
    for sign_in in ["", "west:secret@", "secret@", "east:p%40ss@"] {
        let arguments = worker(folder.path(), &format!("nats://{sign_in}{host}"), &node.monitor);
        let message = refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let named =
            format!("the engine at nats://{host} refuses this sign-in: --nats has the name");
        assert!(message.contains(&named), "{message}");
        assert!(!message.contains("secret") && !message.contains("p%40ss"), "{message}");
    }
    let connected = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(async { connect(&[format!("nats://west:p%40ss@{host}")], "start").await });
    assert_eq!(connected.unwrap().connection_state(), State::Connected);
}

#[test]
fn a_truncated_log_and_a_lax_stream_are_refused() {
    let Some(server) = server() else { return };
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(&server, folder.path(), ("sync_interval: always", ""));
    let arguments = worker(folder.path(), &node.nats, &node.monitor);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let kept = || jetstream::stream::Config {
        name: "canvass-one".to_owned(),
        subjects: vec!["canvass.one.log.*".to_owned()],
        deny_delete: true,
        deny_purge: true,
        allow_direct: true,
        ..jetstream::stream::Config::default()
    };
    let make = |config: jetstream::stream::Config, purges: bool| {
        runtime.block_on(async {
            let options = async_nats::ConnectOptions::new().retry_on_initial_connect();
            let context = jetstream::new(options.connect(&node.nats).await.unwrap());
            let _ = context.delete_stream("canvass-one").await;
            let mut made = context.create_stream(&config).await;
            while made.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
                made = context.create_stream(&config).await;
            }
            for _ in 0..3 {
                context.publish("canvass.one.log.0", "{}".into()).await.unwrap().await.unwrap();
            }
            if purges {
                made.unwrap().purge().sequence(3).await.unwrap();
            }
        });
        refused(&arguments)
    };
    let message = make(jetstream::stream::Config { deny_purge: false, ..kept() }, true);
    assert!(message.contains("`canvass-one` begins at record 3: the records before"), "{message}");
    let lax: [fn(&mut jetstream::stream::Config); 7] = [
        |config| config.max_messages = 1_000,
        |config| config.max_age = Duration::from_secs(86_400),
        |config| config.storage = jetstream::stream::StorageType::Memory,
        |config| config.deny_delete = false,
        |config| config.allow_rollup = true,
        |config| config.allow_direct = false,
        |config| config.persist_mode = Some(jetstream::stream::PersistenceMode::Async),
    ];
    for (number, loosen) in lax.into_iter().enumerate() {
        let mut config = kept();
        loosen(&mut config);
        // The engine itself refuses roll-ups where purges are denied.
        config.deny_purge &= !config.allow_rollup;
        let message = make(config, false);
        assert!(
            message.contains("`canvass-one` is no log that keeps everything"),
            "{number}: {message}"
        );
    }
}
