//! The chaos suite in its short form, on whatever this machine can do, and what would make it
//! worthless. The suite's table goes to standard error, past the test harness, so that what is
//! skipped is seen. Needs `ballast-node` as the tests of validators do.

mod bare_machine;
mod durable_at_start;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One network at a time.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn testnet(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ballast-testnet"));
    command.arg("chaos").args(arguments);
    command
}

/// In the target folder.
fn report(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(name)
}

#[test]
fn the_short_suite_loses_nothing() {
    let _turn = turn();
    let report = report("chaos.json");
    let report = report.to_str().unwrap();
    let status = testnet(&["suite", "--report", report]).stdout(std::io::stderr()).status();
    assert!(status.unwrap().success(), "see {report}");
}

#[test]
fn disks_that_lie_are_noticed() {
    let _turn = turn();
    let status = testnet(&["prove"]).status();
    assert!(status.unwrap().success());
}

#[test]
fn honest_validators_hold_against_everyone_who_means_harm() {
    let _turn = turn();
    let report = report("lies.json");
    let report = report.to_str().unwrap();
    let arguments = ["lies", "--seconds", "1", "--report", report];
    let status = testnet(&arguments).stdout(std::io::stderr()).status();
    assert!(status.unwrap().success(), "see {report}");
}
