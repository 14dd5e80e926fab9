//! The command line: what there is to say, with examples.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::commands::{
    account, allowance, auth, bridge, control, council, deposit, document, events, incident,
    institution, key, minter, pay, payout, policy, proof, proposal, redeem, reserve, role, supply,
    terms, tx, upgrade, uri, validator,
};
use crate::context::Globals;
use crate::exit::{Exit, Failure};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  ballast testnet up --detach              start four validators on this machine
  ballast pay dev:1 12.50 --ref INV-17 --wait
  ballast balance dev:1
  ballast tx show ID
  ballast events tail --json
  ballast status

Exit codes: 0 success (with --wait: committed and executed), 1 internal, 2 usage, 3 not found,
4 refused, or would fail, and not sent, 5 committed but failed, expired, or replaced, 6 outcome unknown,
7 unreachable, 8 permission, 9 safety refusal, 78 bad configuration, 130 interrupted.";

/// Wallet and administration of a Ballast chain
#[derive(Parser, Debug)]
#[command(name = "ballast", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Keys on this machine
    #[command(subcommand)]
    Key(key::Command),
    /// Pay dollars to an account
    Pay(pay::PayArgs),
    /// What an account holds
    Balance(account::OfAccount),
    /// An account in full; `account register` opens one
    Account(account::AccountArgs),
    /// Transfers, mints and burns of an account, newest first
    History(account::HistoryArgs),
    /// Transactions: build, sign, combine, submit, wait, show, decode, simulate
    #[command(subcommand)]
    Tx(tx::Command),
    /// What others may spend for an account
    #[command(subcommand)]
    Allowance(allowance::Command),
    /// Permits and payments signed offline, relayed by somebody else
    #[command(subcommand)]
    Auth(auth::Command),
    /// The supply, minting and burning
    #[command(subcommand)]
    Supply(supply::Command),
    /// Deposits at the bank
    #[command(subcommand)]
    Deposit(deposit::Command),
    /// Redemptions: dollars at the bank for dollars here
    #[command(subcommand)]
    Redeem(redeem::Command),
    /// What the bank paid for redemptions
    #[command(subcommand)]
    Payout(payout::Command),
    /// Reserve reports and what minting rests on
    #[command(subcommand)]
    Reserve(reserve::Command),
    /// Minters and their limits
    #[command(subcommand)]
    Minter(minter::Command),
    /// Institutions and travel data
    #[command(subcommand)]
    Institution(institution::Command),
    /// Bridges to other chains
    #[command(subcommand)]
    Bridge(bridge::Command),
    /// Pauses, freezes, holds, seizures, and the log of power
    #[command(subcommand)]
    Control(control::Command),
    /// Who holds which role
    #[command(subcommand)]
    Role(role::Command),
    /// Proposals of the council
    #[command(subcommand)]
    Proposal(proposal::Command),
    /// The council; signing for it off the chain
    #[command(subcommand)]
    Council(council::Command),
    /// Parameters of the chain
    #[command(subcommand)]
    Policy(policy::Command),
    /// Terms of redemption
    #[command(subcommand)]
    Terms(terms::Command),
    /// Documents that the issuer publishes
    #[command(subcommand)]
    Document(document::Command),
    /// The log of incidents
    #[command(subcommand)]
    Incident(incident::Command),
    /// The validator set
    #[command(subcommand)]
    Validator(validator::Command),
    /// Upgrades of the rules
    #[command(subcommand)]
    Upgrade(upgrade::Command),
    /// Proofs that verify offline
    #[command(subcommand)]
    Proof(proof::Command),
    /// Payment URIs, for who is to be paid
    #[command(subcommand)]
    Uri(uri::Command),
    /// What happens on the chain
    #[command(subcommand)]
    Events(events::Command),
    /// The chain and its validators
    #[command(after_help = "\
Examples:
  ballast status
  ballast status --endpoint http://127.0.0.1:7301 --json")]
    Status,
    /// A local network: up, down, status, … (runs ballast-testnet)
    #[command(
        disable_help_flag = true,
        after_help = "\
Examples:
  ballast testnet up
  ballast testnet env --json
  ballast testnet reset"
    )]
    Testnet {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
        arguments: Vec<OsString>,
    },
    /// Completions for a shell
    #[command(after_help = "\
Examples:
  ballast completions bash > ballast.bash")]
    Completions { shell: Shell },
}

pub fn completions(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ballast", &mut script);
    // A reader that has gone away has what it wanted.
    drop(std::io::stdout().write_all(&script));
}

/// Help and version are answers; anything else the parser says is a usage error.
pub fn refuse(error: &clap::Error) -> ExitCode {
    let is_json = std::env::args_os().any(|argument| argument == "--json");
    if error.use_stderr() && is_json {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        let message = first.strip_prefix("error: ").unwrap_or(first);
        let failure = Failure::usage(message).next("ballast --help");
        Output::new(true, false).failure(&failure);
        return ExitCode::from(failure.exit.code());
    }
    // Nothing can be done when even that cannot be printed.
    drop(error.print());
    if error.use_stderr() { ExitCode::from(Exit::Usage.code()) } else { ExitCode::SUCCESS }
}

/// Reads dollars into micro-dollars.
pub fn amount(text: &str) -> Result<u64, String> {
    ballast_primitives::amount::parse_dollars(text).map_err(|error| error.to_string())
}

/// Reads 64 hex digits.
pub fn hash(text: &str) -> Result<ballast_primitives::Hash, String> {
    ballast_proto::convert::read_hash("it", text).map_err(|error| error.to_string())
}

/// Reads a public key.
pub fn public_key(text: &str) -> Result<ballast_primitives::PublicKey, String> {
    ballast_proto::convert::read_key("it", text).map_err(|error| error.to_string())
}

/// Reads 64 hex digits, or `@FILE` for the BLAKE3 digest of a file.
pub fn digest(text: &str) -> Result<ballast_primitives::Hash, String> {
    let Some(path) = text.strip_prefix('@') else {
        return hash(text).map_err(|error| format!("{error}; @FILE takes the digest of a file"));
    };
    let mut hasher = blake3::Hasher::new();
    let file = std::fs::File::open(path).map_err(|error| format!("{path}: {error}"))?;
    hasher.update_reader(file).map_err(|error| format!("{path}: {error}"))?;
    Ok(ballast_primitives::Hash(*hasher.finalize().as_bytes()))
}

/// Reads a time such as `2026-10-01T00:00:00Z`, or `+90d` for 90 days from now.
pub fn moment(text: &str) -> Result<u64, String> {
    crate::message::read_time(text)
}

/// Reads a total in dollars into micro-dollars.
pub fn total(text: &str) -> Result<u128, String> {
    crate::message::parse_total(text)
}

/// Reads a duration such as `90s`, `15m`, `24h`, `30d` into milliseconds.
pub fn duration_ms(text: &str) -> Result<u64, String> {
    let malformed = || format!("\"{text}\" is not a duration such as 90s, 15m, 24h, 30d");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(malformed()),
    };
    let count: u64 = digits.parse().map_err(|_| malformed())?;
    count.checked_mul(unit).ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_commands_people_know_are_understood() {
        for line in [
            "ballast pay dbal1x 12.50 --ref INV-17 --wait",
            "ballast --json balance",
            "ballast balance dev:3 --endpoint http://a,http://b",
            "ballast account dev:1",
            "ballast account",
            "ballast account register --key 00 --class 1",
            "ballast history dev:1 --limit 5",
            "ballast supply mint 5 --deposit ab",
            "ballast control pause transfer,mint --for 2h --sign-with alice,bob --wait",
            "ballast control hold dev:1 5 --council --draft hold.json",
            "ballast proposal approve 3 --yes --from bob",
            "ballast policy set --quota 0=20/333 --custodian-share none",
            "ballast council set --member dev:1=ab --thresholds 1,2,2,2",
            "ballast auth pay dev:3 20 --until +1d --out pay.json",
            "ballast reserve reconcile --liabilities 10000000",
            "ballast terms set --cutoff 17:00 --holiday 2026-12-25,2027-01-01",
            "ballast redeem list --open",
            "ballast events tail --after 12/0/1",
            "ballast testnet up --dir x --json",
            "ballast proof verify p --genesis g",
            "ballast completions bash",
            "ballast pay dev:1 5 --sender dbal1x --build payment.json",
            "ballast tx sign payment.json --with alice,bob --out signed.json",
            "ballast tx combine a.json b.json --out all.json",
            "ballast tx simulate payment.json --profile main",
            "ballast uri make dev:1 --amount 5 --ref INV-17",
            "ballast pay ballast:dbal1x?amount=5 --wait",
        ] {
            let parsed = parse(line);
            let expected_bad = line.contains("--key 00") || line.contains("--deposit ab");
            assert_eq!(parsed.is_err(), expected_bad, "{line}: {:?}", parsed.err());
        }
    }

    /// The words of an example's command: up to a comment, a pipe or a file.
    fn words(line: &str) -> Vec<String> {
        let shell = |word: &&str| !matches!(*word, "|" | ">" | "#" | "&&");
        // What a reader puts an id, a key or a time for.
        let value = |word: &str| match word {
            "ID" | "HEX" | "DEPOSIT_ID" | "REDEMPTION" => "ab".repeat(32),
            // A file's digest.
            word if word.starts_with('@') => "ab".repeat(32),
            "N" | "MS" => "1".to_owned(),
            word => word.to_owned(),
        };
        // What is in quotes is one word; which one does not matter.
        let parts = line.split('\'').enumerate();
        let unquoted: String =
            parts.map(|(n, part)| if n % 2 == 0 { part } else { "word" }).collect();
        unquoted.split_whitespace().take_while(shell).map(value).collect()
    }

    /// Every `ballast ...` line of a help's examples.
    fn examples(command: &clap::Command) -> Vec<String> {
        let help = command.get_after_long_help().or(command.get_after_help());
        let text = help.map(ToString::to_string).unwrap_or_default();
        let text = text.replace("\\\n", " ");
        let lines = text.lines().map(str::trim).filter(|line| line.starts_with("ballast "));
        lines.map(str::to_owned).collect()
    }

    fn check_examples(command: &clap::Command, wrong: &mut Vec<String>) {
        for line in examples(command) {
            if let Err(error) = Cli::try_parse_from(words(&line)) {
                wrong.push(format!("{line}: {error}"));
            }
        }
        // In a release build clap itself does not look for two arguments of one name.
        let ids: Vec<_> = command.get_arguments().map(clap::Arg::get_id).collect();
        let names: std::collections::BTreeSet<_> = ids.iter().collect();
        if names.len() < ids.len() {
            wrong.push(format!("{} has two arguments of one name", command.get_name()));
        }
        command.get_subcommands().for_each(|command| check_examples(command, wrong));
    }

    #[test]
    fn every_command_has_examples_in_its_help_and_all_of_them_parse() {
        let all = Cli::command();
        let bare = all.get_subcommands().filter(|command| examples(command).is_empty());
        let missing = |command: &clap::Command| format!("{} has none", command.get_name());
        let mut wrong: Vec<_> = bare.map(missing).collect();
        check_examples(&all, &mut wrong);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_seventh_decimal_place_is_refused() {
        assert!(parse("ballast pay x 1.123456").is_ok());
        let error = parse("ballast pay x 1.1234567").unwrap_err().to_string();
        assert!(error.contains("six decimal places"), "{error}");
        for amount in ["1,5", "abc", "1e3", "0x1", "18446744073709.551616"] {
            assert!(parse(&format!("ballast pay x {amount}")).is_err(), "{amount}");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration_ms("90s"), Ok(90_000));
        assert_eq!(duration_ms("2d"), Ok(172_800_000));
        for text in ["", "5", "s", "-1s", "1.5h", "99999999999999999999d", "1w"] {
            assert!(duration_ms(text).is_err(), "{text}");
        }
    }
}
