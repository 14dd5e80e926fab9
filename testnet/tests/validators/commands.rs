//! The `ballast-testnet` command itself.

use std::path::PathBuf;
use std::process::{Command, Output};

use ballast_testnet::manifest::Manifest;
use ballast_testnet::network::binary;
use serde_json::Value;

use crate::common::turn;

/// Ends, with its network, with the test.
struct Testnet {
    dir: PathBuf,
    _temp: tempfile::TempDir,
}

impl Testnet {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        Self { dir: temp.path().join("net"), _temp: temp }
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ballast-testnet"));
        command.args(args).arg("--dir").arg(&self.dir).output().unwrap()
    }

    /// What a command that succeeds answers.
    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn exit(&self, args: &[&str]) -> Option<i32> {
        self.run(args).status.code()
    }
}

impl Drop for Testnet {
    fn drop(&mut self) {
        self.run(&["reset"]);
    }
}

fn pids(env: &Value) -> Vec<u64> {
    let validators = env["validators"].as_array().unwrap();
    validators.iter().filter_map(|validator| validator["pid"].as_u64()).collect()
}

#[test]
fn a_network_comes_up_pays_goes_down_and_is_never_reused_silently() {
    let _turn = turn();
    let net = Testnet::new();
    assert_eq!(net.exit(&["status"]), Some(3));
    let env = net.json(&["up", "--detach", "--json"]);
    assert_eq!(env["schema"], "ballast/v1");
    assert_eq!(env["accounts"].as_array().unwrap().len(), 10);
    let first = pids(&env);
    assert_eq!(first.len(), 4);

    // A second time: refused, with the way out named, and nothing touched.
    let manifest = Manifest::read(&net.dir).unwrap();
    let second = net.run(&["up", "--detach", "--validators", "7"]);
    assert_eq!(second.status.code(), Some(9));
    assert!(String::from_utf8_lossy(&second.stderr).contains("ballast testnet reset"));
    assert_eq!(Manifest::read(&net.dir).unwrap(), manifest);
    assert_eq!(pids(&net.json(&["env", "--json"])), first);

    let address = env["accounts"][1]["address"].as_str().unwrap();
    let paid = net.json(&["--json", "faucet", address, "12.50"]);
    assert_eq!(paid["amount_micros"], 12_500_000);

    net.json(&["--json", "chaos", "kill", "2"]);
    let status = net.json(&["--json", "status"]);
    assert_eq!(status["validators"][2]["state"], "dead");
    net.json(&["--json", "chaos", "start", "2"]);
    net.json(&["--json", "restart"]);
    let restarted = pids(&net.json(&["env", "--json"]));
    assert!(restarted.len() == 4 && restarted.iter().all(|pid| !first.contains(pid)));

    let joined = net.json(&["--json", "join", "--via", "1"]);
    assert_eq!((&joined["name"], &joined["joined"]), (&"validator-4".into(), &true.into()));
    let status = net.json(&["--json", "status"]);
    assert_eq!(status["validators"][4]["voting"], "observer");
    assert_eq!(net.exit(&["join", "--via", "9"]), Some(3));

    let running = Manifest::read(&net.dir).unwrap().validators;
    assert!(running.iter().all(|entry| entry.alive().is_some()));
    assert_eq!(net.exit(&["down"]), Some(0));
    assert!(running.iter().all(|entry| entry.alive().is_none()));
    assert_eq!(net.exit(&["faucet", address, "1"]), Some(7));
    assert_eq!(net.exit(&["up", "--detach"]), Some(9));
    assert_eq!(net.exit(&["reset"]), Some(0));
    assert!(!net.dir.exists());
    assert_eq!(net.exit(&["down"]), Some(3));
}

#[test]
fn a_folder_that_holds_something_else_is_left_alone() {
    let net = Testnet::new();
    std::fs::create_dir(&net.dir).unwrap();
    std::fs::write(net.dir.join("letter"), "dear").unwrap();
    assert_eq!(net.exit(&["up", "--detach"]), Some(9));
    assert_eq!(net.exit(&["reset"]), Some(3));
    assert_eq!(std::fs::read_dir(&net.dir).unwrap().count(), 1);
}

/// What a script of this folder said, once it has come to its end.
fn told(script: &str) -> String {
    let output = Command::new(format!("{}/{script}", env!("CARGO_MANIFEST_DIR")))
        .env("BALLAST_BIN_DIR", binary("ballast").unwrap().parent().unwrap())
        .env_remove("BALLAST_DIR")
        .output()
        .unwrap();
    let (said, warned) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{warned}");
    said.into_owned()
}

/// `testnet/life.sh`: what it says of the supply at its end is what its steps make of it.
#[test]
fn the_life_of_a_dollar_is_told_to_its_end() {
    let _turn = turn();
    let said = told("life.sh");
    let last = said.rsplit("What the chain holds now").next().unwrap_or_default();
    for line in
        ["total           10190030.00", "minted          250000.00", "paid out        59970.00"]
    {
        assert!(last.contains(line), "{line}: {said}");
    }
}

/// `testnet/wallet.sh`: a new user's session, from the first key to a payment that two of three
/// signed offline.
#[test]
fn a_wallets_first_day_goes_as_the_readme_says() {
    let _turn = turn();
    let said = told("wallet.sh");
    for (chapter, line) in [
        ("A payment, and what became of it", "\n80.25\n"),
        ("A proof of the balance", "available"),
        ("An account of three", "\n30.00\n"),
        ("Everything that happened", "AccountRegistered"),
    ] {
        let rest = said.split(chapter).nth(1).unwrap_or_default();
        assert!(rest.contains(line), "{chapter}: no {line:?} in {said}");
    }
}
