//! `db`: what the database of a stopped node holds, and removing what is old.

use crate::journal::{DataLock, LockError};
use crate::operator::disk::Space;
use crate::setup::{Home, exit};
use crate::store::{Pruned, Store, StoreError, StoreOptions, StoreStats};
use serde_json::json;

use super::{Failure, Output, home};
use crate::cli::DbCommand;

pub fn run(command: &DbCommand, output: Output) -> Result<u8, Failure> {
    match command {
        DbCommand::Stats(args) => stats(&args.home(), output),
        DbCommand::Prune { home, before } => prune(&home.home(), *before, output),
    }
}

/// The database, and the lock of its folder, to be held as long.
fn open(home: &Home) -> Result<(Store, DataLock), Failure> {
    let genesis = home::genesis(&home.genesis())?.hash();
    let database = home.database();
    // Opening would make an empty one.
    if !database.exists() {
        let message = format!("{} does not exist: the node has never run", database.display());
        return Err(Failure::new(exit::NOT_FOUND, message));
    }
    let lock = DataLock::acquire(home.path()).map_err(|error| match error {
        LockError::Held { .. } => Failure::safety(error),
        LockError::Io { .. } => Failure::config(error),
    })?;
    let store = Store::open(&database, &genesis, StoreOptions::default());
    Ok((store.map_err(Failure::internal)?, lock))
}

fn prune(home: &Home, before: u64, output: Output) -> Result<u8, Failure> {
    let (store, _lock) = open(home)?;
    let pruned = store.prune(before).map_err(|error| match error {
        StoreError::StillNeeded { .. } => Failure::safety(error),
        _ => Failure::internal(error),
    })?;
    let (oldest, Pruned { receipts, index_keys }) = (store.horizon().oldest, pruned);
    let text = format!(
        "removed {receipts} receipts and {index_keys} index entries; \
         what is held begins with height {oldest}\n"
    );
    let object = json!({
        "oldest": oldest, "receipts_removed": receipts, "index_keys_removed": index_keys,
    });
    output.answer(&text, object);
    Ok(0)
}

fn stats(home: &Home, output: Output) -> Result<u8, Failure> {
    let (store, _lock) = open(home)?;
    let data = home.data();
    let height = store.head().map_err(Failure::internal)?.map(|head| head.height);
    let stats = store.stats().map_err(Failure::internal)?;
    let space = Space::of(&data).map_err(Failure::internal)?;
    let families: Vec<_> = stats
        .families
        .iter()
        .map(|f| json!({ "name": f.name, "keys": f.keys, "disk_bytes": f.disk_bytes }))
        .collect();
    let object = json!({
        "height": height,
        "families": families,
        "disk_bytes": stats.disk_bytes,
        "log_bytes": stats.log_bytes,
        "volume": { "free_bytes": space.free_bytes, "total_bytes": space.total_bytes },
    });
    output.answer(&text(height, &stats, &space), object);
    Ok(0)
}

fn text(height: Option<u64>, stats: &StoreStats, space: &Space) -> String {
    let height = height.map_or_else(|| "none".to_owned(), |height| height.to_string());
    let mut text = format!("height {height}\n{:<12}{:>16}{:>16}\n", "family", "keys", "bytes");
    for family in &stats.families {
        let line = format!("{:<12}{:>16}{:>16}\n", family.name, family.keys, family.disk_bytes);
        text.push_str(&line);
    }
    text.push_str(&format!("{:<12}{:>32}\n", "log", stats.log_bytes));
    text.push_str(&format!("{:<12}{:>32}\n{space}\n", "on disk", stats.disk_bytes));
    text
}
