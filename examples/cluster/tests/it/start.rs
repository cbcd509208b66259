//! Refusals at the start, each by name and with exit code 2.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use async_nats::jetstream;

use crate::{engine, program};

/// The message of a process that is refused.
fn refused(arguments: &[&str]) -> String {
    let output = Command::new(program()).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Files of a cluster with one engine node, and the arguments that name them.
fn worker(folder: &std::path::Path, nats: &str, monitor: &str) -> Vec<String> {
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
fn node_that_says(text: &'static str) -> String {
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
fn an_old_or_lax_or_absent_node_is_refused() {
    let old = node_that_says(
        r#"{"server_id":"A","version":"2.9.10","jetstream":{"config":{"sync_always":true}}}"#,
    );
    assert!(refused_with(&old).contains(
        "is version 2.9.10, and 2.14 or newer is needed: older ones let several writers win"
    ));
    let lazy = node_that_says(
        r#"{"server_id":"A","version":"2.14.0","jetstream":{"config":{"sync_always":false}}}"#,
    );
    assert!(refused_with(&lazy).contains("does not flush before it acknowledges"));
    let plain = node_that_says(r#"{"server_id":"A","version":"2.15.1","jetstream":{}}"#);
    assert!(refused_with(&plain).contains("sync_interval: always"));
    assert!(refused_with("http://127.0.0.1:1").contains("does not answer"));
}

#[test]
fn one_node_named_three_times_is_one_node() {
    let fit = node_that_says(
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
fn a_truncated_log_and_a_lax_stream_are_refused() {
    let Some(server) = engine() else { return };
    let folder = tempfile::tempdir().unwrap();
    let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (client, monitor) = (port(), port());
    let store = folder.path().join("store");
    let config = format!(
        "listen: 127.0.0.1:{client}\nhttp: 127.0.0.1:{monitor}\njetstream {{ store_dir: {store:?}, sync_interval: always }}\n"
    );
    let file = folder.path().join("node.conf");
    std::fs::write(&file, config).unwrap();
    let mut node = Command::new(server)
        .arg("-c")
        .arg(&file)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let (nats, monitor) =
        (format!("nats://127.0.0.1:{client}"), format!("http://127.0.0.1:{monitor}"));
    let arguments = worker(folder.path(), &nats, &monitor);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let make = |max_messages: i64| {
        runtime.block_on(async {
            let options = async_nats::ConnectOptions::new().retry_on_initial_connect();
            let context = jetstream::new(options.connect(&nats).await.unwrap());
            let config = jetstream::stream::Config {
                name: "canvass-one".to_owned(),
                subjects: vec!["canvass.one.log.*".to_owned()],
                max_messages,
                ..jetstream::stream::Config::default()
            };
            let mut made = context.create_stream(&config).await;
            while made.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
                made = context.create_stream(&config).await;
            }
            for _ in 0..3 {
                context.publish("canvass.one.log.0", "{}".into()).await.unwrap().await.unwrap();
            }
            let stream = made.unwrap();
            if max_messages < 0 {
                stream.purge().sequence(3).await.unwrap();
            }
            (context, stream)
        })
    };
    let (context, _) = make(-1);
    let message = refused(&arguments);
    assert!(
        message.contains("`canvass-one` begins at record 3: the ones before are gone"),
        "{message}"
    );
    runtime.block_on(context.delete_stream("canvass-one")).unwrap();
    make(1_000);
    let message = refused(&arguments);
    assert!(message.contains("the stream `canvass-one` has limits"), "{message}");
    node.kill().unwrap();
    node.wait().unwrap();
}
