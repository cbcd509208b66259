//! The rows of a store that is not open.

use std::path::Path;

use redb::{Database, Key, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

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
