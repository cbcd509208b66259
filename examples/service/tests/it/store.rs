//! Checkpoints of the store alone.

use canvass::Revision;
use canvass_service::store::{Kept, LogEntry, StagedTile, Store, StoreError};

/// The size of a transaction in bytes: one tile each.
const FEW: usize = 1;

fn tile(tile: u64, bytes: &str) -> StagedTile {
    StagedTile { tile, bytes: bytes.as_bytes().to_vec() }
}

fn log(revisions: std::ops::RangeInclusive<u64>) -> Kept {
    let entry = |revision| LogEntry { revision: Revision(revision), changes: b"[]".to_vec() };
    Kept { revisions: revisions.map(entry).collect(), ..Kept::default() }
}

fn kept(store: &Store) -> (u64, Vec<String>, Vec<u64>) {
    let (revision, tiles) = store.checkpoint().unwrap();
    let mut log = Vec::new();
    let taken = store.replay::<StoreError>(Revision(0), |revision, changes| {
        assert!(changes.is_empty());
        log.push(revision.0);
        Ok(())
    });
    let length = taken.unwrap();
    assert_eq!(length.revisions, log.len() as u64);
    assert!(length.bytes >= 2 * length.revisions);
    let tiles = tiles.into_values().map(|tile| String::from_utf8(tile).unwrap()).collect();
    (revision.0, tiles, log)
}

#[test]
fn a_checkpoint_replaces_changed_tiles_and_trims_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.commit(&log(1..=5)).unwrap();
    store.checkpoint_at(Revision(3), [tile(7, "a"), tile(8, "b")], 1 << 20).unwrap();
    assert_eq!(kept(&store), (3, vec!["a".into(), "b".into()], vec![4, 5]));
    store.checkpoint_at(Revision(5), [tile(8, ""), tile(9, "c")], FEW).unwrap();
    assert_eq!(kept(&store), (5, vec!["a".into(), "c".into()], vec![]));
    assert!(Store::open(folder.path()).is_err(), "a store was opened twice");
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.sweep().unwrap(), 0);
    assert_eq!(kept(&store), (5, vec!["a".into(), "c".into()], vec![]));
}

#[test]
fn a_checkpoint_that_is_cut_off_leaves_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.commit(&log(1..=4)).unwrap();
    store.checkpoint_at(Revision(2), [tile(7, "old"), tile(8, "gone later")], FEW).unwrap();
    // Each tile is a transaction by itself, and the fourth is interrupted.
    let staged = [tile(7, "staged"), tile(8, ""), tile(9, "staged")].into_iter();
    let cut = staged.chain(std::iter::from_fn(|| panic!("cut off")));
    let cut = std::panic::AssertUnwindSafe(|| store.checkpoint_at(Revision(4), cut, FEW));
    assert!(std::panic::catch_unwind(cut).is_err());
    let before = (2, vec!["old".to_owned(), "gone later".to_owned()], vec![3, 4]);
    assert_eq!(kept(&store), before);
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    // The fourth tile was requested before the third was written.
    assert_eq!(store.sweep().unwrap(), 2);
    assert_eq!(kept(&store), before);
    store.checkpoint_at(Revision(4), [tile(7, "new"), tile(8, "")], FEW).unwrap();
    assert_eq!(kept(&store), (4, vec!["new".to_owned()], vec![]));
}

#[test]
fn a_mostly_free_file_is_compacted_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let length = || std::fs::metadata(folder.path().join("canvass.redb")).unwrap().len();
    let store = Store::open(folder.path()).unwrap();
    assert!(!store.compact().unwrap(), "an empty store was compacted");
    for revision in 1..=10 {
        let changes = format!("[{}]", " ".repeat(8 << 20)).into_bytes();
        let entry = LogEntry { revision: Revision(revision), changes };
        store.commit(&Kept { revisions: vec![entry], ..Kept::default() }).unwrap();
    }
    let long = length();
    assert!(long > 80 << 20, "{long}");
    assert!(!store.compact().unwrap(), "nothing was free");
    store.checkpoint_at(Revision(9), [tile(7, "a")], FEW).unwrap();
    let before = kept(&store);
    assert!(store.compact().unwrap());
    assert_eq!(kept(&store), before);
    assert!(length() < long / 4, "{} of {long}", length());
}
