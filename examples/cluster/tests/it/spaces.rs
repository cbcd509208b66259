//! A network namespace for each child, joined by a bridge: a child is cut off by taking its cable down.
//!
//! The test that wants them runs itself again inside namespaces of its own, so nothing of this machine's network
//! changes and no privilege is needed where user namespaces are permitted.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

use canvass_cluster::local::cluster::Host;

const INSIDE: &str = "CANVASS_INSIDE_SPACES";

/// The words that run a command inside new namespaces.
const UNSHARE: [&str; 9] = [
    "unshare",
    "--user",
    "--map-root-user",
    "--net",
    "--mount",
    "--kill-child",
    "--fork",
    "sh",
    "-c",
];
const PREPARE: &str = "mount -t tmpfs none /run && ip link set lo up && exec \"$0\" \"$@\"";

/// Whether this process is to run the test: inside namespaces where they are permitted, or without. Elsewhere
/// it has run the test in another process that is inside, and the test is done.
pub fn enter(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let inside = |words: &[&str]| {
        let mut command = Command::new(UNSHARE[0]);
        command.args(&UNSHARE[1..]).arg(PREPARE).args(words).env(INSIDE, "1");
        command
    };
    let probe = inside(&["sh", "-c", "ip link add br0 type bridge && ip netns add probe"]).output();
    if !probe.as_ref().is_ok_and(|output| output.status.success()) {
        eprintln!("without cut-offs: network namespaces are not permitted here: {probe:?}");
        return true;
    }
    let own = std::env::current_exe().unwrap();
    let status =
        inside(&[own.to_str().unwrap(), "--exact", test, "--nocapture", "--include-ignored"])
            .status();
    assert!(status.unwrap().success(), "`{test}` failed inside network namespaces");
    false
}

/// The cables of children by name; empty where there are no namespaces.
#[derive(Debug, Default)]
pub struct Cables {
    pub hosts: BTreeMap<String, Host>,
    numbers: BTreeMap<String, u8>,
}

fn ip(words: &str) {
    let output = Command::new("ip").args(words.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {words}: {output:?}");
}

impl Cables {
    /// A namespace and a cable for each name.
    pub fn lay<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut cables = Self::default();
        if std::env::var_os(INSIDE).is_none() {
            return cables;
        }
        ip("link add br0 type bridge");
        ip("addr add 10.77.0.1/24 dev br0");
        ip("link set br0 up");
        for (number, name) in (2..).zip(names) {
            ip(&format!("netns add {name}"));
            ip(&format!("link add v{number} type veth peer name eth0 netns {name}"));
            ip(&format!("link set v{number} master br0 up"));
            ip(&format!("-n {name} addr add 10.77.0.{number}/24 dev eth0"));
            ip(&format!("-n {name} link set eth0 up"));
            ip(&format!("-n {name} link set lo up"));
            let address = IpAddr::V4(Ipv4Addr::new(10, 77, 0, number));
            let through = ["ip", "netns", "exec", name].map(str::to_owned).to_vec();
            cables.hosts.insert(name.to_owned(), Host { address, through });
            cables.numbers.insert(name.to_owned(), number);
        }
        cables
    }

    /// Whether children can be cut off.
    pub fn can_cut(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// Cuts a child off, or joins it again.
    pub fn set(&self, name: &str, is_joined: bool) {
        let state = if is_joined { "up" } else { "down" };
        ip(&format!("link set v{} {state}", self.numbers[name]));
    }
}
