//! Every bench as a run of a few seconds: that it works, says what it should and ends well. What it
//! measures so is of no use, and not judged.

use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs a bench and reads the report that it wrote.
fn report(args: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("results").join("latest.json");
    let output = Command::new(env!("CARGO_BIN_EXE_ballast-bench"))
        .args(args)
        .arg("--out")
        .arg(&out)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!output.stdout.is_empty(), "it prints what it found");
    if ["standard", "links", "one-of-four"].contains(&args[0]) {
        let picture = std::fs::read_to_string(out.with_extension("svg")).unwrap();
        assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
    }
    serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap()
}

fn standard(more: &[&str]) -> Value {
    let args = "standard --rate 400 --seconds 3 --warmup 1 --accounts 400 --batch 10 --lone 3";
    report(&args.split(' ').chain(more.iter().copied()).collect::<Vec<_>>())
}

#[test]
fn the_standard_run_reports_every_figure_and_its_audit_passes() {
    let report = standard(&[]);
    for figure in [
        "committed_per_s",
        "verification_ceiling_per_s",
        "ceiling_ratio",
        "cpu_us_per_tx_per_validator",
        "batch_verify_us_per_sig",
        "cpu_ratio",
        "p50_ms",
        "p99_ms",
        "idle_p50_ms",
        "disk_bytes_per_tx",
    ] {
        assert!(report[figure].as_f64().is_some_and(|value| value > 0.0), "{figure}: {report}");
    }
    assert_eq!(report["audit"], "pass");
    assert!(report["accepted"].as_u64().unwrap() > 1_000);
}

#[test]
fn forged_signatures_and_a_single_recipient_pass_the_audit_too() {
    let report = standard(&["--bad-per-mille", "50", "--one-recipient"]);
    assert_eq!(report["audit"], "pass");
    assert!(report["maximum"]["forged"].as_u64().unwrap() > 0, "{report}");
}

#[test]
fn single_costs_are_those_of_every_part() {
    let args = "micro --keys-max 1000 --block 100 --blocks 2 --repeat-ms 1 --validators-max 4";
    let report = report(&args.split(' ').collect::<Vec<_>>());
    let costs = report.as_array().unwrap();
    for part in ["verify", "decode", "state tree", "execute", "store", "consensus"] {
        let of_part = |cost: &&Value| cost["what"].as_str().unwrap().contains(part);
        let us = costs.iter().find(of_part).and_then(|cost| cost["us"].as_f64());
        assert!(us.is_some_and(|us| us > 0.0), "{part}: {report}");
    }
}

#[test]
fn a_validator_is_started_again_and_votes() {
    let report = report(&["restart", "--accounts", "500"]);
    assert_eq!(report["accounts"], 500);
}

#[test]
fn validators_far_from_each_other_commit_within_a_few_links() {
    let args = "links --link-ms 50 --transactions 5 --validators-max 4";
    let report = report(&args.split(' ').collect::<Vec<_>>());
    let rows = report.as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        // Virtual time: the same on every machine.
        let p50 = row["p50_ms"].as_f64().unwrap();
        assert!((100.0..400.0).contains(&p50), "{row}");
        assert!(row["proposal_bytes_per_block"].as_f64().unwrap() > 0.0, "{row}");
    }
}

#[test]
fn one_of_four_falls_out_and_payments_go_on() {
    let report = report(
        &"one-of-four --rates 60 --seconds 4 --calm 1 --accounts 200 nothing killed clock-behind lies"
            .split(' ')
            .collect::<Vec<_>>(),
    );
    let runs = report.as_array().unwrap();
    assert_eq!(runs.len(), 4);
    // A machine may not let every fault be tried.
    for run in runs.iter().filter(|run| run.get("skipped").is_none()) {
        assert_eq!(run["seconds"].as_array().unwrap().len(), 6, "{run}");
        for stretch in ["before", "during", "after"] {
            assert!(run[stretch]["payments"].as_u64().unwrap() > 0, "{run}");
            assert_eq!(run[stretch]["lost"], 0, "{run}");
        }
    }
}
