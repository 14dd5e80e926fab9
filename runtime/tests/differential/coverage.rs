//! Which outcomes each operation can have, and which of them a run has met.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use ballast_runtime::Code;

use crate::generator::joins::Join;
use crate::oracle::Seen;

/// Every operation with the outcomes that docs/spec/operations.md gives it, SUCCESS besides; those
/// under "transaction" leave it out of the block. `DECODE` stands where an operation has bounds.
///
/// What is not here is in [`UNREACHABLE`].
pub const REACHABLE: &[(&str, &str)] = &[
    (
        "transaction",
        "DECODE BAD_CHAIN EXPIRED TOO_FAR_AHEAD UNKNOWN_ACCOUNT BAD_SIGNATURE NONCE_TOO_OLD \
         NONCE_USED NONCE_TOO_NEW LANE_UNAUTHORIZED QUOTA_EXCEEDED",
    ),
    (
        "Transfer",
        "PAUSED KYC_EXPIRED ACCOUNT_FROZEN ZERO_AMOUNT SELF_TRANSFER UNKNOWN_RECIPIENT \
         MEMO_REQUIRED TRAVEL_DATA_REQUIRED TRAVEL_DATA_INVALID TRAVEL_REPLAY \
         INSUFFICIENT_AVAILABLE OVERFLOW",
    ),
    ("Approve", "SELF_TRANSFER ALLOWANCE_CHANGED ALLOWANCE_EXPIRED TOO_MANY_OBJECTS OBJECT_QUOTA"),
    (
        "TransferFrom",
        "PAUSED KYC_EXPIRED ACCOUNT_FROZEN ZERO_AMOUNT SELF_TRANSFER UNKNOWN_TARGET \
         UNKNOWN_RECIPIENT MEMO_REQUIRED TRAVEL_DATA_REQUIRED TRAVEL_DATA_INVALID TRAVEL_REPLAY \
         ALLOWANCE_EXCEEDED INSUFFICIENT_AVAILABLE OVERFLOW",
    ),
    (
        "Permit",
        "DECODE UNKNOWN_TARGET AUTH_NOT_YET AUTH_EXPIRED AUTH_USED WRONG_EXECUTOR BAD_AUTH \
         SELF_TRANSFER ALLOWANCE_CHANGED ALLOWANCE_EXPIRED",
    ),
    (
        "PayAuth",
        "DECODE PAUSED KYC_EXPIRED ACCOUNT_FROZEN UNKNOWN_TARGET AUTH_NOT_YET AUTH_EXPIRED \
         AUTH_USED WRONG_EXECUTOR BAD_AUTH ZERO_AMOUNT SELF_TRANSFER UNKNOWN_RECIPIENT \
         MEMO_REQUIRED TRAVEL_DATA_REQUIRED TRAVEL_DATA_INVALID TRAVEL_REPLAY \
         INSUFFICIENT_AVAILABLE OVERFLOW",
    ),
    ("CancelAuth", "AUTH_EXPIRED AUTH_USED TOO_MANY_OBJECTS"),
    ("DepositConfirm", "DECODE UNAUTHORIZED ROLE_EXPIRED ZERO_AMOUNT DUPLICATE_BANK_REF"),
    ("DepositReverse", "UNAUTHORIZED ROLE_EXPIRED UNKNOWN_DEPOSIT DEPOSIT_CLOSED"),
    (
        "PayoutConfirm",
        "DECODE UNAUTHORIZED ROLE_EXPIRED UNKNOWN_REDEMPTION REDEMPTION_CLOSED NOT_PROCESSING \
         PAYOUT_RECORDED DUPLICATE_BANK_REF PAYOUT_MISMATCH",
    ),
    (
        "PayoutFailed",
        "UNAUTHORIZED ROLE_EXPIRED UNKNOWN_REDEMPTION REDEMPTION_CLOSED NOT_PROCESSING OVERFLOW",
    ),
    (
        "Mint",
        "PAUSED UNAUTHORIZED ROLE_EXPIRED KYC_EXPIRED ACCOUNT_FROZEN ZERO_AMOUNT UNKNOWN_DEPOSIT \
         MINTER_SUSPENDED UNKNOWN_RECIPIENT DEPOSIT_CLOSED DEPOSIT_NOT_FINAL DEPOSIT_EXCEEDED \
         PER_TX_LIMIT MINTER_ALLOWANCE MINTER_WINDOW GLOBAL_WINDOW CAP_EXCEEDED NO_REPORT \
         REPORT_STALE REPORT_MODIFIED REPORT_CONCENTRATED RESERVE_CEILING OVERFLOW",
    ),
    ("Burn", "PAUSED UNAUTHORIZED ROLE_EXPIRED ACCOUNT_FROZEN ZERO_AMOUNT INSUFFICIENT_AVAILABLE"),
    (
        "SetMinterAllowance",
        "UNAUTHORIZED ROLE_EXPIRED ROLE_NOT_HELD ALLOWANCE_CHANGED ALLOWANCE_ABOVE_MAX",
    ),
    (
        "Freeze",
        "DECODE UNAUTHORIZED ROLE_EXPIRED UNKNOWN_TARGET SYSTEM_ACCOUNT FREEZE_CONFIRMED \
         FREEZE_COOLDOWN",
    ),
    (
        "SetHold",
        "UNAUTHORIZED ROLE_EXPIRED UNKNOWN_TARGET SYSTEM_ACCOUNT HOLD_CHANGED HOLD_ONLY_RAISED",
    ),
    (
        "RegisterAccount",
        "DECODE UNAUTHORIZED ROLE_EXPIRED ALREADY_REGISTERED BAD_POLICY INVALID_ARGUMENT",
    ),
    ("SetKyc", "UNAUTHORIZED ROLE_EXPIRED UNKNOWN_TARGET INVALID_ARGUMENT"),
    ("SetInstitution", "DECODE UNAUTHORIZED ROLE_EXPIRED BAD_POLICY"),
    ("RotateKey", "DECODE BAD_POLICY"),
    (
        "RedeemRequest",
        "PAUSED KYC_EXPIRED NOT_ELIGIBLE ACCOUNT_FROZEN BELOW_MIN ABOVE_MAX FEE_TOO_HIGH \
         INSUFFICIENT_AVAILABLE TOO_MANY_OBJECTS",
    ),
    (
        "RedeemAccept",
        "UNAUTHORIZED ROLE_EXPIRED ACCOUNT_FROZEN UNKNOWN_REDEMPTION REDEMPTION_CLOSED \
         IN_PROCESSING",
    ),
    (
        "RedeemSettle",
        "UNAUTHORIZED ROLE_EXPIRED UNKNOWN_REDEMPTION REDEMPTION_CLOSED NOT_PROCESSING \
         PAYOUT_MISSING OVERFLOW",
    ),
    (
        "RedeemReject",
        "UNAUTHORIZED ROLE_EXPIRED UNKNOWN_REDEMPTION REDEMPTION_CLOSED IN_PROCESSING OVERFLOW",
    ),
    ("RedeemCancel", "UNKNOWN_REDEMPTION UNAUTHORIZED REDEMPTION_CLOSED IN_PROCESSING OVERFLOW"),
    ("RedeemExpire", "UNKNOWN_REDEMPTION REDEMPTION_CLOSED IN_PROCESSING NOT_DUE OVERFLOW"),
    (
        "SubmitReport",
        "DECODE UNAUTHORIZED ROLE_EXPIRED FUTURE_REPORT OUT_OF_ORDER UNKNOWN_CHECKPOINT \
         SUPPLY_MISMATCH BAD_AUTH TOO_MANY_DRAFTS",
    ),
    (
        "AttestReport",
        "UNAUTHORIZED ROLE_EXPIRED UNKNOWN_REPORT REPORT_NOT_DRAFT DIGEST_MISMATCH \
         ALREADY_ATTESTED OUT_OF_ORDER",
    ),
    ("RevokeReport", "UNKNOWN_REPORT UNAUTHORIZED ALREADY_REVOKED"),
    ("Reconcile", "UNAUTHORIZED ROLE_EXPIRED UNKNOWN_CHECKPOINT"),
    (
        "BridgeOut",
        "DECODE PAUSED ACCOUNT_FROZEN ZERO_AMOUNT UNKNOWN_BRIDGE BRIDGE_CLOSED BRIDGE_DAY_CAP \
         INSUFFICIENT_AVAILABLE",
    ),
    (
        "BridgeIn",
        "PAUSED UNAUTHORIZED ROLE_EXPIRED KYC_EXPIRED ACCOUNT_FROZEN ZERO_AMOUNT UNKNOWN_BRIDGE \
         BRIDGE_CLOSED UNKNOWN_RECIPIENT MEMO_REQUIRED REMOTE_TX_USED BRIDGE_DAY_CAP \
         ESCROW_EXCEEDED OVERFLOW",
    ),
    ("Propose", "DECODE UNAUTHORIZED TOO_MANY_PROPOSALS"),
    (
        "Vote",
        "UNAUTHORIZED UNKNOWN_PROPOSAL PROPOSAL_STALE PROPOSAL_CLOSED DIGEST_MISMATCH \
         ALREADY_VOTED NOT_VOTED",
    ),
    (
        "Execute",
        "UNAUTHORIZED UNKNOWN_PROPOSAL PROPOSAL_STALE PROPOSAL_CLOSED NOT_APPROVED TIMELOCKED \
         CLASS_CHANGED",
    ),
    (
        "CouncilExec",
        "DECODE UNAUTHORIZED PROPOSAL_STALE EXEC_NONCE CLASS_TOO_HIGH BAD_AUTH COUNCIL_QUORUM",
    ),
    ("council Freeze", "DECODE UNKNOWN_TARGET SYSTEM_ACCOUNT"),
    ("council Unfreeze", "UNKNOWN_TARGET NOT_FROZEN"),
    ("council SetHold", "UNKNOWN_TARGET SYSTEM_ACCOUNT HOLD_CHANGED"),
    ("council ConfirmFreeze", "UNKNOWN_TARGET NOT_FROZEN"),
    (
        "council Seize",
        "KYC_EXPIRED ACCOUNT_FROZEN UNKNOWN_TARGET ZERO_AMOUNT SELF_TRANSFER UNKNOWN_RECIPIENT \
         NOT_SEIZABLE INSUFFICIENT_AVAILABLE OVERFLOW",
    ),
    ("council Pause", "DECODE PAUSE_TOO_LONG PAUSE_COOLDOWN"),
    ("council Unpause", "DECODE NOT_PAUSED"),
    ("council RecoverKey", "DECODE UNKNOWN_TARGET BAD_POLICY"),
    ("council GrantRole", "UNKNOWN_TARGET ROLE_CONFLICT ROLE_TERM_TOO_LONG"),
    ("council RevokeRole", "ROLE_NOT_HELD"),
    ("council SuspendMinter", "ROLE_NOT_HELD MINTER_SUSPENDED"),
    ("council ResumeMinter", "ROLE_NOT_HELD NOT_SUSPENDED"),
    ("council SetCap", "CAP_BELOW_SUPPLY"),
    ("council SetLimits", ""),
    ("council SetMinterLimits", "ROLE_NOT_HELD"),
    ("council SetPolicy", "DECODE UNKNOWN_TARGET BAD_POLICY INVALID_ARGUMENT"),
    ("council SetTerms", "DECODE OVERFLOW"),
    ("council SetBridge", "DECODE"),
    ("council RevokeReport", "UNKNOWN_REPORT ALREADY_REVOKED"),
    ("council RevokeAttestorKey", "UNKNOWN_TARGET"),
    ("council PostIncident", "DECODE"),
    ("council SetDocument", "DECODE"),
    ("council ValidatorAdd", "DECODE VALIDATOR_EXISTS BAD_VALIDATOR_SET SET_CHANGE_TOO_LARGE"),
    ("council ValidatorRemove", "UNKNOWN_VALIDATOR BAD_VALIDATOR_SET SET_CHANGE_TOO_LARGE"),
    ("council ValidatorRotate", "UNKNOWN_VALIDATOR BAD_VALIDATOR_SET SET_CHANGE_TOO_LARGE"),
    (
        "council CouncilSet",
        "DECODE UNKNOWN_TARGET BAD_POLICY ROLE_CONFLICT THRESHOLD_UNREACHABLE BAD_THRESHOLD",
    ),
    ("council SetDelay", "DECODE"),
    ("council ScheduleUpgrade", "UPGRADE_OUT_OF_ORDER"),
];

/// Outcomes of any operation that creates an object (OBJ-2, OBJ-3); where they stand above they must
/// be met.
const OF_CREATION: [&str; 2] = ["TOO_MANY_OBJECTS", "OBJECT_QUOTA"];

/// Outcomes that the specification names and no run can meet: OVERFLOW where only a `u128` total or
/// 2^32 versions could leave their range, or where a limit is met first; and what a row that an
/// account and the council share says of accounts alone.
const UNREACHABLE: &[(&str, &str)] = &[
    ("DepositConfirm", "OVERFLOW"),
    ("BridgeOut", "OVERFLOW"),
    ("RedeemRequest", "OVERFLOW"),
    ("council SetDocument", "OVERFLOW"),
    ("council Freeze", "FREEZE_CONFIRMED FREEZE_COOLDOWN"),
    ("council SetHold", "HOLD_ONLY_RAISED"),
    ("council RevokeReport", "UNAUTHORIZED"),
];

/// Each operation of the specification's two tables with the outcomes that its row names.
fn specified() -> Vec<(String, BTreeSet<String>)> {
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "..", "docs", "spec", "operations.md"].iter().collect();
    let text = std::fs::read_to_string(path).unwrap();
    let (_, tables) = text.split_once("## Operations of accounts").unwrap();
    let (accounts, council) = tables.split_once("## Operations of the council").unwrap();
    let (council, _) = council.split_once("## Other structures").unwrap();
    let rows = accounts.lines().map(|row| ("", row));
    let rows = rows.chain(council.lines().map(|row| ("council ", row)));
    rows.filter_map(|(group, row)| specified_row(group, row)).collect()
}

fn specified_row(group: &str, row: &str) -> Option<(String, BTreeSet<String>)> {
    let cells: Vec<_> = row.split(" | ").collect();
    let [_, operation, sender, pause, fails, _] = cells[..] else { return None };
    let name = operation.split("**").nth(1)?;
    let quoted = operation.split('`').chain(fails.split('`'));
    let is_code = |word: &str| {
        word.contains(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    };
    let mut codes: BTreeSet<_> = quoted.filter(|word| is_code(word)).map(str::to_owned).collect();
    let mut implied = |codes_of: &str| codes.extend(codes_of.split(' ').map(str::to_owned));
    if sender.chars().next().is_some_and(char::is_uppercase) {
        implied("UNAUTHORIZED ROLE_EXPIRED");
    }
    if !pause.trim().is_empty() {
        implied("PAUSED");
    }
    for (words, codes_of) in [
        ("Common", "KYC_EXPIRED ACCOUNT_FROZEN"),
        ("PAY-5", "TRAVEL_DATA_REQUIRED TRAVEL_DATA_INVALID TRAVEL_REPLAY"),
        ("available", "INSUFFICIENT_AVAILABLE"),
    ] {
        if fails.contains(words) {
            implied(codes_of);
        }
    }
    Some((format!("{group}{name}"), codes))
}

/// What this table and the specification's do not say alike.
pub fn disagreements() -> Vec<String> {
    let specified = specified();
    let known = |table: &[(&str, &str)], operation: &str, code: &str| {
        let mut rows = table.iter().filter(|(name, _)| *name == operation);
        rows.any(|(_, codes)| codes.split_whitespace().any(|known| known == code))
    };
    let mut found = Vec::new();
    for (operation, codes) in &specified {
        for code in codes {
            if !known(REACHABLE, operation, code) && !known(UNREACHABLE, operation, code) {
                found.push(format!("{operation} {code} is specified and not in the table"));
            }
        }
    }
    for (operation, _) in REACHABLE.iter().filter(|(operation, _)| *operation != "transaction") {
        if !specified.iter().any(|(name, _)| name == operation) {
            found.push(format!("{operation} is in the table and not specified"));
        }
    }
    for code in Code::ALL {
        let is_outcome = |(operation, _): &(&str, &str)| known(REACHABLE, operation, code.name());
        if !REACHABLE.iter().any(is_outcome) && !FAULTS.contains(&code.name()) {
            found.push(format!("{} is an outcome of nothing", code.name()));
        }
    }
    found
}

/// Outcomes of a code that is wrong: a test of its own meets them in both sides.
const FAULTS: &[&str] = &["INVARIANT_BROKEN"];

/// The names of the council's operations.
pub fn council_operations() -> impl Iterator<Item = &'static str> {
    REACHABLE.iter().filter_map(|(operation, _)| operation.strip_prefix("council "))
}

#[derive(Default)]
pub struct Coverage {
    counts: BTreeMap<(String, String), u64>,
    joins: BTreeMap<Join, u64>,
}

impl Coverage {
    pub fn add(&mut self, seen: Vec<Seen>) {
        for Seen { operation, outcome, count } in seen {
            *self.counts.entry((operation, outcome)).or_default() += count;
        }
    }

    pub fn add_joins(&mut self, joins: impl Iterator<Item = Join>) {
        for join in joins {
            *self.joins.entry(join).or_default() += 1;
        }
    }

    /// The joins that were not met.
    pub fn missing_joins(&self) -> Vec<Join> {
        Join::all().filter(|join| !self.joins.contains_key(join)).collect()
    }

    fn count(&self, operation: &str, outcome: &str) -> u64 {
        let key = (operation.to_owned(), outcome.to_owned());
        self.counts.get(&key).copied().unwrap_or(0)
    }

    fn expected() -> impl Iterator<Item = (&'static str, &'static str)> {
        REACHABLE.iter().flat_map(|(operation, codes)| {
            let success = (*operation != "transaction").then_some("SUCCESS");
            let codes = success.into_iter().chain(codes.split_whitespace());
            codes.map(move |code| (*operation, code))
        })
    }

    /// One line an operation: its outcomes and how often each was met.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for (operation, _) in REACHABLE {
            write!(text, "{operation}:").unwrap();
            for (_, outcome) in Self::expected().filter(|(name, _)| name == operation) {
                write!(text, " {outcome} {}", self.count(operation, outcome)).unwrap();
            }
            text.push('\n');
        }
        let (met, all) = (self.joins.len(), Join::all().count());
        writeln!(text, "joins of council and account operations: {met} of {all}").unwrap();
        text
    }

    /// `target/operation-coverage.json` of the workspace: for each operation, outcomes and counts.
    pub fn write(&self) -> std::io::Result<()> {
        let operations: Vec<_> = REACHABLE
            .iter()
            .map(|(operation, _)| {
                let outcomes = Self::expected().filter(|(name, _)| name == operation);
                let outcomes: Vec<_> = outcomes
                    .map(|(_, outcome)| {
                        format!("    \"{outcome}\": {}", self.count(operation, outcome))
                    })
                    .collect();
                format!("  \"{operation}\": {{\n{}\n  }}", outcomes.join(",\n"))
            })
            .collect();
        let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "target"].iter().collect();
        std::fs::create_dir_all(&folder)?;
        let text = format!("{{\n{}\n}}\n", operations.join(",\n"));
        std::fs::write(folder.join("operation-coverage.json"), text)
    }

    /// Outcomes of operations that were met fewer times than `enough`.
    pub fn below(&self, enough: u64) -> Vec<(&'static str, &'static str)> {
        let all = Self::expected().filter(|(operation, _)| *operation != "transaction");
        all.filter(|(operation, outcome)| self.count(operation, outcome) < enough).collect()
    }

    /// What should have been met and was not; what was met and is not in the table.
    pub fn gaps(&self) -> Vec<String> {
        let missing = Self::expected()
            .filter(|(operation, outcome)| self.count(operation, outcome) == 0)
            .map(|(operation, outcome)| format!("never met: {operation} {outcome}"));
        let surprising = self
            .counts
            .keys()
            .filter(|(_, outcome)| !OF_CREATION.contains(&outcome.as_str()))
            .filter(|(operation, outcome)| {
                !Self::expected().any(|known| known == (operation.as_str(), outcome.as_str()))
            })
            .map(|(operation, outcome)| format!("not in the table: {operation} {outcome}"));
        let joins = self.missing_joins().into_iter().map(|join| format!("never met: {join:?}"));
        missing.chain(surprising).chain(joins).collect()
    }
}
