//! The dependencies of the library and of the cluster compared with the lists in `deny.toml`: licences, and crates
//! with two versions. It checks the same as `cargo deny`, where that is not installed. Entries of a list that
//! are marked as the cluster's do not hold for the library.

#![allow(clippy::expect_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The mark of entries that hold for the cluster alone.
const CLUSTER: &str = "the cluster's alone";

/// Packages that are looked at together, and whether a line of a list holds for them.
type Checked = (&'static [&'static str], fn(&str) -> bool);

const CHECKED: [Checked; 2] =
    [(&["canvass"], |line| !line.contains(CLUSTER)), (&["canvass", "canvass-cluster"], |_| true)];

#[test]
fn each_dependency_has_a_licence_on_the_list() {
    let deny = read("deny.toml");
    for (packages, holds) in CHECKED {
        let lines = section(&deny, "allow = [").lines().filter(|line| holds(line));
        let allowed: BTreeSet<&str> = lines.flat_map(quoted).collect();
        let tree = tree(packages);
        assert!(tree.len() > 20 && allowed.len() >= 3, "there is something to look at");
        let mut used = BTreeSet::new();
        for Dependency { name, licence, .. } in &tree {
            assert!(permits(licence, &allowed, &mut used), "`{name}` has `{licence}`");
        }
        let unused: Vec<_> = allowed.difference(&used).collect();
        assert_eq!(unused, [] as [&&str; 0], "a licence on the list that nothing has");
    }
}

#[test]
fn each_crate_in_two_versions_is_known() {
    let deny = read("deny.toml");
    for (packages, holds) in CHECKED {
        let mut versions = BTreeMap::<String, BTreeSet<(u64, u64, u64)>>::new();
        for Dependency { name, version, .. } in tree(packages) {
            versions.entry(name).or_default().insert(version);
        }
        let older = versions.iter().flat_map(|(name, versions)| {
            versions.iter().rev().skip(1).map(move |&(major, minor, _)| match major {
                0 => format!("{name}@0.{minor}"),
                _ => format!("{name}@{major}"),
            })
        });
        let lines = section(&deny, "skip = [").lines().filter(|line| holds(line));
        let known = lines.filter_map(|line| {
            line.split_once("crate = \"")?.1.split('"').next().map(str::to_owned)
        });
        assert_eq!(older.collect::<BTreeSet<_>>(), known.collect::<BTreeSet<_>>());
    }
}

#[test]
fn each_dependency_comes_from_the_default_registry() {
    let lock = read("Cargo.lock");
    let sources: Vec<&str> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("source = \"")?.strip_suffix('"'))
        .collect();
    assert!(sources.len() > 20);
    // A crate of the default registry depends on that registry alone, and no manifest of this
    // workspace names another one: if one crate is from there, all are.
    let first = sources.first().copied().unwrap_or_default();
    assert!(first.starts_with("registry+"), "{first}");
    assert!(sources.iter().all(|&source| source == first), "{sources:?}");
    for folder in [".", "benches", "examples/cluster", "examples/service", "fuzz", "tests/shuttle"]
    {
        let manifest = read(&format!("{folder}/Cargo.toml"));
        for key in ["registry", "registry-index", "git", "[patch", "[source", "[registries"] {
            let named = |line: &str| line.trim_start().starts_with(key) && key.starts_with('[');
            let inline = |line: &str| !key.starts_with('[') && line.contains(&format!("{key} ="));
            let found = manifest.lines().find(|line| named(line) || inline(line));
            assert_eq!(found, None, "{folder}");
        }
    }
    assert_eq!(lock.matches("\nsource = ").count(), lock.matches("\nchecksum = ").count());
}

#[test]
fn an_expression_of_licences_is_read_as_it_is_meant() {
    let allowed = BTreeSet::from(["MIT", "Zlib"]);
    let permits = |licence| permits(licence, &allowed, &mut BTreeSet::new());
    for yes in [
        "MIT",
        "GPL-3.0 OR MIT",
        "MIT/GPL-3.0",
        "(GPL-3.0 OR MIT) AND Zlib",
        "MIT AND Zlib",
        "MIT WITH Exception OR MIT",
    ] {
        assert!(permits(yes), "{yes}");
    }
    for no in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Zlib) AND GPL-3.0", "", "MIT WITH Exception"]
    {
        assert!(!permits(no), "{no}");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).expect("a file of the workspace")
}

/// The text between an opening bracket and the line that closes it.
fn section<'a>(deny: &'a str, opening: &str) -> &'a str {
    let start = deny.find(opening).expect("a list") + opening.len();
    let length = deny[start..].find("\n]").expect("the end of a list");
    &deny[start..start + length]
}

fn quoted(list: &str) -> BTreeSet<&str> {
    list.split('"').skip(1).step_by(2).collect()
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Dependency {
    name: String,
    version: (u64, u64, u64),
    licence: String,
}

/// The dependencies built for users of some packages on this machine, the packages included.
fn tree(packages: &[&str]) -> BTreeSet<Dependency> {
    let output = Command::new(option_env!("CARGO").unwrap_or("cargo"))
        .args(["tree", "--locked", "--edges", "normal,build", "--all-features"])
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .args(["--prefix", "none", "--format", "{p}|{l}"])
        .current_dir(root())
        .output()
        .expect("cargo is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (package, licence) = line.split_once('|').expect("as asked for");
            let mut words = package.split(' ');
            let (name, version) = (words.next().expect("a name"), words.next().expect("a version"));
            let mut numbers = version.trim_start_matches('v').split(['.', '+', '-']);
            let mut number = || numbers.next().and_then(|word| word.parse().ok()).unwrap_or(0);
            Dependency {
                name: name.to_owned(),
                version: (number(), number(), number()),
                licence: licence.trim_end_matches(" (*)").to_owned(),
            }
        })
        .collect()
}

/// Whether the listed licences satisfy an expression; records those that are used.
fn permits<'a>(licence: &str, allowed: &BTreeSet<&'a str>, used: &mut BTreeSet<&'a str>) -> bool {
    let spaced = licence.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut place = 0;
    let met = any(&words, &mut place, allowed, used);
    met && place == words.len()
}

fn any<'a>(
    words: &[&str],
    place: &mut usize,
    allowed: &BTreeSet<&'a str>,
    used: &mut BTreeSet<&'a str>,
) -> bool {
    let mut met = all(words, place, allowed, used);
    while words.get(*place) == Some(&"OR") {
        *place += 1;
        met |= all(words, place, allowed, used);
    }
    met
}

fn all<'a>(
    words: &[&str],
    place: &mut usize,
    allowed: &BTreeSet<&'a str>,
    used: &mut BTreeSet<&'a str>,
) -> bool {
    let mut met = true;
    loop {
        let word = words.get(*place).copied();
        *place += 1;
        met &= if word == Some("(") {
            let met = any(words, place, allowed, used);
            *place += 1;
            met
        } else {
            let exception = words.get(*place).filter(|&&next| next == "WITH");
            let known = match exception {
                // A licence with an exception is one of its own, and none is listed.
                Some(_) => None,
                None => word.and_then(|word| allowed.get(word)),
            };
            *place += 2 * usize::from(exception.is_some());
            used.extend(known);
            known.is_some()
        };
        if words.get(*place) != Some(&"AND") {
            return met;
        }
        *place += 1;
    }
}
