//! Each line of `docs/guarantees.md` names tests that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// All Rust files below the folders that prove something.
fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = ["src", "tests", "examples/cluster/tests"].map(|it| root.join(it)).to_vec();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|of| of == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The text between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn each_guarantee_names_tests_that_there_are() {
    let guarantees = include_str!("../../docs/guarantees.md");
    let (_, table) = guarantees.split_once("| guarantee | proved by |\n|---|---|\n").unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 20, "{}", rows.len());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = sources();
    let mut told_apart = BTreeSet::new();
    for row in rows {
        let [_, guarantee, proof, _] = row.split('|').collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        assert!(told_apart.insert(guarantee), "listed twice: {guarantee}");
        // A file is named by its path from the root, or by its name alone if that is unique or was
        // given before.
        let is_rust = |name: &str| Path::new(name).extension().is_some_and(|of| of == "rs");
        let named = quoted(proof).filter(|name| is_rust(name) || name.starts_with("tests/"));
        let mut proofs = Vec::new();
        for name in named {
            let found = sources
                .iter()
                .filter(|file| file.starts_with(root.join(name)) || file.ends_with(name));
            let text: String = found.map(|file| fs::read_to_string(file).unwrap()).collect();
            assert!(!text.is_empty(), "`{name}` is not there, and is to prove:{guarantee}");
            proofs.push(text);
        }
        let proves = |what: &str| proofs.iter().any(|text| text.contains(what));
        assert!(proves("#[test]") || proves("compile_fail"), "nothing proves:{guarantee}");
        assert!(!proof.contains("compile-fail") || proves("compile_fail"), "not in{proof}");
    }
}
