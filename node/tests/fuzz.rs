//! A short fuzz run of the journal's files: the bodies are those of the targets in testnet/fuzz, the
//! seeds are files as a validator leaves them. `BALLAST_FUZZ_ROUNDS` makes it long.

#[path = "fuzz/bodies.rs"]
mod bodies;
#[path = "../../runtime/tests/fuzz/driver.rs"]
mod driver;

use std::fs;

use ballast_node::journal;
use driver::drive;
use journal::{SignState, Wal, WalOptions};

#[test]
fn sign_state_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sign-state");
    let mut state = SignState::create(&path, bodies::OWNER.key).unwrap();
    let mut seeds = vec![fs::read(&path).unwrap()];
    for record in [&b"one"[..], &[2; 60], &[3; 256]] {
        state.save(record).unwrap();
        seeds.push(fs::read(&path).unwrap());
    }
    drive("sign_state", 10, &seeds, bodies::sign_state);
}

#[test]
fn write_ahead_logs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wal");
    let (mut wal, _) =
        Wal::open_with(&path, &bodies::OWNER, WalOptions { file_bytes: 1024 }).unwrap();
    let mut seeds = vec![fs::read(&path).unwrap()];
    for height in 1..=3 {
        wal.reset(height).unwrap();
        for entry in [&b"a vote"[..], &[7; 90], b""] {
            wal.append(entry).unwrap();
            wal.sync(0).unwrap();
            seeds.push(fs::read(&path).unwrap());
        }
    }
    drive("wal", 10, &seeds, bodies::wal);
}
