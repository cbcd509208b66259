//! The folder of the `change_stream` example: killed, cut off, damaged, and how much it writes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use canvass::{CameraId, Change, OwnerId, Registry, Revision};

use crate::random::Rng;
use crate::support::*;

#[path = "../../examples/change_stream/folder.rs"]
mod folder;

use folder::Folder;

fn empty(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("canvass-{name}-{}", std::process::id()));
    fs::remove_dir_all(&path).ok();
    path
}

/// Opens a folder that nobody has open. A test beside this one may be starting a program, which
/// holds copies of all locks of this process for an instant: so it tries again.
fn open(path: &Path) -> folder::Done<(Folder, Registry)> {
    for _ in 0..500 {
        match Folder::open(path) {
            Err(error) if error.to_string().contains(": in use: ") => {
                std::thread::sleep(Duration::from_millis(10));
            }
            opened => return opened,
        }
    }
    Folder::open(path)
}

/// The change of a revision: the same whenever it is delivered.
fn change(revision: u64) -> Change {
    let mut rng = Rng(revision.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let (id, owner) = (revision % 700, 1 + rng.below(500));
    match revision % 7 {
        0..3 => {
            let at = place((10, 50), rng.below(90_000) as i64, rng.below(90_000) as i64);
            Change::Upsert(camera_at(id, owner, at))
        }
        3 => grant(owner),
        4 => withdraw(owner),
        _ => Change::RecordAsked {
            owner: OwnerId(owner),
            agency: None,
            at: noon() + days(rng.below(9) as i64),
        },
    }
}

/// Delivers changes up to a revision; those that are kept are passed over.
fn deliver(folder: &mut Folder, registry: &Registry, last: u64, sync: u64) {
    for revision in registry.snapshot().revision().0 + 1..=last {
        let change = change(revision);
        registry.replay(Revision(revision), [change.clone()]).unwrap();
        folder.append(&change).unwrap();
        if revision % sync == 0 {
            folder.sync().unwrap();
            folder.checkpoint_if_due(registry).unwrap();
        }
    }
    folder.sync().unwrap();
}

/// The registry is that of the first changes; `expected` is brought there by replaying them.
#[track_caller]
fn equal(registry: &Registry, expected: &Registry, revision: u64) {
    for revision in expected.snapshot().revision().0 + 1..=revision {
        expected.apply([change(revision)]).unwrap();
    }
    assert_eq!(registry.snapshot().revision(), Revision(revision));
    let cameras = |of: &Registry| (0..700).map(|id| of.camera(CameraId(id))).collect::<Vec<_>>();
    assert_eq!(cameras(registry), cameras(expected));
    for owner in (1..=500).map(OwnerId) {
        assert_eq!(registry.consent(owner), expected.consent(owner));
        assert_eq!(registry.asked(owner), expected.asked(owner));
    }
}

/// Not a test by itself: the program that is killed. It prints each revision that is synced.
#[test]
fn child_that_is_killed() {
    let Ok(path) = std::env::var("CANVASS_KILLED_FOLDER") else { return };
    let (mut folder, registry) = open(Path::new(&path)).unwrap();
    loop {
        let next = (registry.snapshot().revision().0 / 50 + 1) * 50;
        deliver(&mut folder, &registry, next, 50);
        if next % 100 == 0 {
            folder.checkpoint(&registry).unwrap();
        }
        println!("synced {next}");
    }
}

#[test]
fn no_kill_loses_a_synced_change() {
    let path = empty("killed");
    let (mut revision, mut checkpoints, mut rng) = (0, 0, Rng(3));
    let expected = Registry::new();
    for _ in 0..20 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kept_folder::child_that_is_killed", "--nocapture"])
            .env("CANVASS_KILLED_FOLDER", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut synced = None;
        let mut number = |line: String| {
            if let Some((_, number)) = line.split_once("synced ") {
                synced = Some(number.parse::<u64>().unwrap());
            }
        };
        // At least one sync each time, then a kill at any instant.
        for line in lines.by_ref() {
            let line = line.unwrap();
            let is_synced = line.contains("synced ");
            number(line);
            if is_synced {
                break;
            }
        }
        std::thread::sleep(Duration::from_micros(rng.below(60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        lines.map_while(Result::ok).for_each(number);
        let (folder, registry) = open(&path).unwrap();
        let now = registry.snapshot().revision().0;
        assert!(now >= synced.unwrap() && now > revision, "{now}, {synced:?}, {revision}");
        checkpoints += u64::from(now / 100 > revision / 100);
        revision = now;
        equal(&registry, &expected, revision);
        drop(folder);
    }
    assert!(checkpoints > 5, "kills came between checkpoints too: {checkpoints}");
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn a_log_cut_off_anywhere_opens_with_a_prefix() {
    let path = empty("cut");
    let (mut folder, registry) = open(&path).unwrap();
    deliver(&mut folder, &registry, 30, 10);
    folder.checkpoint(&registry).unwrap();
    deliver(&mut folder, &registry, 36, 10);
    drop(folder);
    let log = path.join("log-30");
    let bytes = fs::read(&log).unwrap();
    for length in 0..=bytes.len() {
        fs::write(&log, &bytes[..length]).unwrap();
        let (mut folder, registry) = open(&path).unwrap();
        let lines = bytes[..length].split(|&byte| byte == b'\n').count() - 1;
        assert_eq!(registry.snapshot().revision().0, 30 + lines as u64);
        // The stream is delivered again, behind the line that was cut off.
        deliver(&mut folder, &registry, 36, 10);
        drop(folder);
        assert_eq!(fs::read(&log).unwrap(), bytes);
    }
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn a_damaged_byte_is_never_passed_over() {
    let path = empty("damaged");
    let (mut folder, registry) = open(&path).unwrap();
    deliver(&mut folder, &registry, 60, 10);
    folder.checkpoint(&registry).unwrap();
    deliver(&mut folder, &registry, 70, 10);
    drop(folder);
    let (mut rng, mut refused) = (Rng(9), 0);
    let files: Vec<_> = fs::read_dir(&path).unwrap().map(|file| file.unwrap().path()).collect();
    for _ in 0..400 {
        let file = rng.pick(&files.iter().collect::<Vec<_>>());
        let before = fs::read(file).unwrap();
        if before.is_empty() {
            continue;
        }
        let mut bytes = before.clone();
        let at = rng.below(bytes.len() as u64) as usize;
        bytes[at] ^= 1 << rng.below(8);
        fs::write(file, &bytes).unwrap();
        match open(&path) {
            Err(_) => refused += 1,
            // Only the last line's own end may look like a kill.
            Ok((_, registry)) => {
                assert_eq!(at + 1, bytes.len(), "{}", file.display());
                equal(&registry, &Registry::new(), 69);
            }
        }
        fs::write(file, &before).unwrap();
    }
    assert!(refused > 300, "{refused}");
    let error = fs::write(path.join("log-60"), "00000000 {}\n").and(Ok(open(&path)));
    let error = error.unwrap().err().unwrap().to_string();
    assert!(error.ends_with("log-60:1: damaged"), "{error}");
    fs::remove_dir_all(path).unwrap();
}

/// Without one of its files a folder would come back with fewer changes, and without a withdrawal.
#[test]
fn a_missing_file_is_never_passed_over() {
    let path = empty("missing");
    let (mut folder, registry) = open(&path).unwrap();
    deliver(&mut folder, &registry, 60, 10);
    folder.checkpoint(&registry).unwrap();
    deliver(&mut folder, &registry, 70, 10);
    drop(folder);
    let files = fs::read_dir(&path).unwrap().map(|file| file.unwrap().path());
    let files: Vec<_> = files.filter(|file| file.file_name().unwrap() != "lock").collect();
    assert!(files.len() > 3, "{files:?}");
    for file in files {
        let before = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let error = open(&path).err().unwrap().to_string();
        assert!(
            error.contains("log-") || error.contains(file.file_name().unwrap().to_str().unwrap()),
            "{error}"
        );
        fs::write(&file, before).unwrap();
    }
    equal(&open(&path).unwrap().1, &Registry::new(), 70);
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn a_folder_is_opened_by_one_program_at_a_time() {
    let path = empty("locked");
    let (folder, _) = open(&path).unwrap();
    let error = Folder::open(&path).err().unwrap().to_string();
    assert!(error.contains(": in use: "), "{error}");
    drop(folder);
    assert!(open(&path).is_ok());
    fs::remove_dir_all(path).unwrap();
}

/// Fifty syncs of scattered changes to a registry of 20,000 cameras.
#[test]
fn syncs_write_the_changes_and_little_more() {
    let path = empty("little");
    let (mut folder, registry) = open(&path).unwrap();
    let camera = |id| {
        let at = place((10, 50), id as i64 % 97_000, id as i64 * 7 % 89_000);
        Change::Register(camera_at(id, 1 + id % 9_000, at))
    };
    for id in 1_000..21_000 {
        registry.apply([camera(id)]).unwrap();
        folder.append(&camera(id)).unwrap();
    }
    folder.checkpoint(&registry).unwrap();
    let (before, first) = (folder.written, registry.snapshot().revision().0);
    let mut changed = 0;
    for revision in 1..=50 * 200 {
        let change = change(revision);
        changed += serde_json::to_string(&change).unwrap().len() as u64;
        registry.replay(Revision(first + revision), [change.clone()]).unwrap();
        folder.append(&change).unwrap();
        if revision % 200 == 0 {
            folder.sync().unwrap();
            folder.checkpoint_if_due(&registry).unwrap();
        }
    }
    let (written, whole) = (folder.written - before, before);
    println!("{written} bytes for {changed} bytes of changes; all tiles at first: {whole}");
    assert!(written * 4 < changed * 5, "{written} bytes for {changed}");
    fs::remove_dir_all(path).unwrap();
}
