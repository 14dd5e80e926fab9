//! What must hold whatever is in the files that keep a validator from signing twice: opening them
//! answers, and a file that opens goes on from what it said. Given damaged inputs by
//! `tests/fuzz.rs`, a fuzzer's by testnet/fuzz.

use std::fs;
use std::path::PathBuf;

use crate::journal::{Owner, SignState, Wal, WalOptions};

pub const OWNER: Owner = Owner { key: [7; 32], chain: [8; 32] };

/// In memory where possible. One file for each thread and kind, written anew each time.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let thread = std::thread::current().id();
    let path = folder.join(format!("ballast-fuzz-{}-{thread:?}-{name}", std::process::id()));
    fs::write(&path, bytes).unwrap();
    path
}

pub fn sign_state(bytes: &[u8]) {
    let path = file("sign-state", bytes);
    if let Ok((mut opened, _)) = SignState::open(&path, &OWNER) {
        opened.save(b"next").unwrap();
        let generation = opened.generation();
        drop(opened);
        let (again, record) = SignState::open(&path, &OWNER).unwrap();
        assert_eq!(record.as_deref(), Some(&b"next"[..]));
        assert_eq!(again.generation(), generation);
    }
    fs::remove_file(path).unwrap();
}

pub fn wal(bytes: &[u8]) {
    let options = WalOptions { file_bytes: 1024 };
    let path = file("wal", bytes);
    if let Ok((mut opened, found)) = Wal::open_with(&path, &OWNER, options) {
        opened.append(b"next").unwrap();
        opened.sync(0).unwrap();
        drop(opened);
        let (_, again) = Wal::open_with(&path, &OWNER, options).unwrap();
        let expected: Vec<_> = found.entries.into_iter().chain([b"next".to_vec()]).collect();
        assert_eq!((again.height, again.entries), (found.height, expected));
        assert_eq!(again.cut_bytes, 0, "the tail was cut the first time");
    }
    fs::remove_file(path).unwrap();
}
