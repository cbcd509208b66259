//! The distinct texts of a column, numbered as they appear.
//!
//! Plain numbers are kept as eight bytes each and texts one behind another, since a file may have
//! millions: five million ids take 80 MB, where a map of strings took 600.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// The file has more rows than a registry takes.
#[derive(Debug)]
pub(crate) struct Full;

/// Numbers for texts: 0 for the first, 1 for the next one that differs, and so on.
#[derive(Default)]
pub(crate) struct Names {
    table: HashTable<u32>,
    hasher: RandomState,
    kept: Kept,
}

/// Texts by number.
pub(crate) enum Kept {
    /// Used while each text is a plain number: `7`, not `007`.
    Numbers(Vec<u64>),
    Texts(Texts),
}

impl Default for Kept {
    fn default() -> Self {
        Self::Numbers(Vec::new())
    }
}

#[derive(Default)]
pub(crate) struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    pub(crate) fn get(&self, number: usize) -> Option<&str> {
        let end = *self.ends.get(number)?;
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before));
        self.text.get(start.copied().unwrap_or(0)..end)
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }
}

impl Names {
    /// The number of a text, and whether it is new.
    pub(crate) fn insert(&mut self, text: &str) -> Result<(u32, bool), Full> {
        let number = plain_number(text);
        if number.is_none() {
            self.turn_to_texts();
        }
        let hasher = &self.hasher;
        match (&mut self.kept, number) {
            (Kept::Numbers(numbers), Some(number)) => {
                let get = |&at: &u32| numbers.get(at as usize).copied();
                let entry = self.table.entry(
                    hasher.hash_one(number),
                    |at| get(at) == Some(number),
                    |at| hasher.hash_one(get(at).unwrap_or_default()),
                );
                add(entry, numbers.len()).inspect(|&(_, new)| {
                    if new {
                        numbers.push(number);
                    }
                })
            }
            (Kept::Texts(texts), _) => {
                let get = |&at: &u32| texts.get(at as usize);
                let entry = self.table.entry(
                    hasher.hash_one(text),
                    |at| get(at) == Some(text),
                    |at| hasher.hash_one(get(at).unwrap_or_default()),
                );
                add(entry, texts.ends.len()).inspect(|&(_, new)| {
                    if new {
                        texts.push(text);
                    }
                })
            }
            // Unreachable: the numbers were turned into texts above.
            (Kept::Numbers(_), None) => Err(Full),
        }
    }

    /// The texts by number.
    pub(crate) fn into_kept(self) -> Kept {
        self.kept
    }

    /// Turns numbers into texts, once a text is not a plain number.
    fn turn_to_texts(&mut self) {
        let Kept::Numbers(numbers) = &self.kept else { return };
        let mut texts = Texts::default();
        for number in numbers {
            texts.push(&number.to_string());
        }
        let hash = |&at: &u32| self.hasher.hash_one(texts.get(at as usize).unwrap_or_default());
        self.table.clear();
        for at in 0..u32::try_from(numbers.len()).unwrap_or(u32::MAX) {
            self.table.insert_unique(hash(&at), at, hash);
        }
        self.kept = Kept::Texts(texts);
    }
}

fn add(entry: Entry<'_, u32>, next: usize) -> Result<(u32, bool), Full> {
    match entry {
        Entry::Occupied(known) => Ok((*known.get(), false)),
        Entry::Vacant(free) => {
            let number = u32::try_from(next).map_err(|_| Full)?;
            free.insert(number);
            Ok((number, true))
        }
    }
}

/// The number of a text, if the text is the number as printed.
fn plain_number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    if plain && (!text.starts_with('0') || text == "0") { text.parse().ok() } else { None }
}
