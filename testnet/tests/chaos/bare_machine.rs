//! Without any of the tools that faults need.

use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::{report, testnet, turn};

/// The one tool with which validators are started, wherever it is.
const STARTER: &str = "setsid";

#[test]
fn what_cannot_be_done_is_skipped_with_its_reason() {
    let _turn = turn();
    let tools = tempfile::tempdir().unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|dir| dir.join(STARTER)).find(|p| p.is_file());
    symlink(found.unwrap(), tools.path().join(STARTER)).unwrap();

    let report = report("chaos-bare.json");
    let none = ["--lost-data=0", "--pauses=0", "--packet-losses=0", "--full-disks=0"];
    let one = ["--kills=1", "--partitions=1", "--clock-skews=1", "--sync-errors=1"];
    let mut command = testnet(&["suite", "--power-cuts=1", "--report"]);
    command.arg(&report).args(none).args(one).env("PATH", tools.path());
    assert!(command.output().unwrap().status.success());

    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let rows = report["rows"].as_array().unwrap();
    let audit = |fault: &str| {
        let row = rows.iter().find(|row| row["fault"] == fault);
        row.and_then(|row| row["audit"].as_str()).unwrap_or_else(|| panic!("no row {fault}"))
    };
    assert_eq!(audit("kill -9 of one"), "pass");
    for (fault, reason) in [
        ("one-way split", "skipped: no sandbox: unshare: "),
        ("power cut of one", "skipped: no sandbox: unshare: "),
        ("clock skew", "skipped: cc: "),
        ("failing sync", "skipped: cc: "),
    ] {
        assert!(audit(fault).starts_with(reason), "{fault}: {}", audit(fault));
    }
}
