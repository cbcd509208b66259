//! The writer's table compared with a map. The source file is included here, since it is not
//! public.

#[path = "../../src/registry/directory/probe_table.rs"]
#[allow(dead_code, reason = "not all of it is asked")]
mod table;

use std::collections::BTreeMap;

use foldhash::quality::RandomState;
use proptest::prelude::*;

use table::{ProbeTable, Slot};

/// An entry: a key and its value.
type Entry = Option<(u64, u8)>;

impl Slot for Entry {
    const VACANT: Self = None;

    fn key(&self) -> Option<u64> {
        self.map(|(key, _)| key)
    }
}

fn sorted(table: &ProbeTable<Entry>) -> Vec<(u64, u8)> {
    let mut all: Vec<(u64, u8)> = table.iter().flatten().copied().collect();
    all.sort_unstable();
    all
}

proptest! {
    /// Few keys, so that most repeat, and full tables, so that entries collide.
    #[test]
    fn a_table_is_a_map(steps in prop::collection::vec((0_u64..120, any::<u8>(), 0_u8..5), 0..400)) {
        let mut table: ProbeTable<Entry> = ProbeTable::new(&RandomState::default());
        let mut map = BTreeMap::new();
        for (key, value, step) in steps {
            match step {
                0 => prop_assert_eq!(table.remove(key).flatten(), map.remove_entry(&key)),
                1 => {
                    let entry = map.get(&key).map(|&value| (key, value));
                    prop_assert_eq!(table.get(key).copied().flatten(), entry);
                }
                _ => {
                    let before = map.insert(key, value).map(|before| (key, before));
                    prop_assert_eq!(table.insert(Some((key, value))).flatten(), before);
                }
            }
            prop_assert_eq!(table.len(), map.len());
        }
        for key in 0..120 {
            let entry = map.get(&key).map(|&value| (key, value));
            prop_assert_eq!(table.get(key).copied().flatten(), entry);
        }
        let odd = table.split_off(|key| key % 2 == 1);
        let (odd_of_map, even_of_map): (Vec<_>, Vec<_>) = map.into_iter().partition(|(key, _)| key % 2 == 1);
        prop_assert_eq!(sorted(&odd), odd_of_map);
        prop_assert_eq!(sorted(&table), even_of_map);
    }
}

/// All sizes at which a table is full, and its content while all entries are removed again.
#[test]
fn a_table_fills_up_and_empties() {
    for size in [0, 1, 6, 7, 8, 63, 64, 65, 3_584, 3_585] {
        let mut table: ProbeTable<Entry> = ProbeTable::new(&RandomState::default());
        table.reserve(size);
        for key in 0..size as u64 {
            assert_eq!(table.insert(Some((key, 1))), None);
        }
        assert_eq!((table.len(), table.iter().count()), (size, size));
        for key in 0..size as u64 {
            assert_eq!(table.remove(key), Some(Some((key, 1))), "{key} of {size}");
            assert!(table.get(key).is_none());
        }
        assert_eq!((table.len(), table.iter().count()), (0, 0));
        assert_eq!(table.remove(0), None);
    }
}
