//! `ballast testnet …` is `ballast-testnet …`, the program beside this one.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::context::testnet_program;
use crate::exit::{Exit, Failure};

/// The arguments for the testnet program, when the command line is for it. Global flags that came
/// before (`ballast --json testnet status`) go along.
pub fn arguments(all: impl Iterator<Item = OsString>) -> Option<Vec<OsString>> {
    let mut before = Vec::new();
    let mut all = all;
    for argument in all.by_ref() {
        if argument == "testnet" {
            return Some(all.chain(before).collect());
        }
        let is_dir = before.last().is_some_and(|last| last == "--dir");
        let is_ours = argument == "--json" || argument == "--dir";
        if !is_ours && !is_dir && !argument.to_string_lossy().starts_with("--dir=") {
            return None;
        }
        before.push(argument);
    }
    None
}

/// Becomes the testnet program; comes back only when it cannot be started.
pub fn exec(arguments: Vec<OsString>) -> Failure {
    let program = testnet_program();
    let error = Command::new(&program).args(arguments).exec();
    let message = format!("{} cannot be started: {error}", program.display());
    Failure::new(Exit::Config, "TESTNET_MISSING", message)
        .next("build it: cargo build --release -p ballast-testnet -p ballast-node")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(line: &str) -> Option<String> {
        let arguments = arguments(line.split(' ').map(OsString::from))?;
        Some(arguments.iter().map(|a| a.to_string_lossy()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn everything_behind_testnet_is_passed_on_as_it_is() {
        assert_eq!(passed("testnet up --dir x --json").unwrap(), "up --dir x --json");
        assert_eq!(passed("testnet --help").unwrap(), "--help");
        assert_eq!(passed("--json --dir x testnet env").unwrap(), "env --json --dir x");
        assert_eq!(passed("--dir testnet testnet env"), Some("testnet env --dir".into()));
        assert_eq!(passed("pay testnet 5"), None);
        assert_eq!(passed("status"), None);
    }
}
