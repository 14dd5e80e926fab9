//! Files of what is signed off the chain: a statement, the chain it is for, and the signatures it
//! has. A file is JSON that people can read; what is signed is the statement's canonical bytes,
//! made from it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use ballast_client::Chain;
use ballast_client::statements::{Statement, in_order};
use ballast_primitives::{Network, SecretKey};
use ballast_proto::convert::{ConvertError, read_hash};
use ballast_proto::{Wire, v1};
use ballast_runtime::authorisation::TravelData;
use ballast_runtime::council_op::ops_digest;
use ballast_runtime::ops::council_exec::CouncilExec;
use ballast_runtime::ops::submit_report::report_digest;
use ballast_runtime::tx::{SignedTx, Witness};
use prost::Message;
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::message;
use crate::once;
use crate::output::SCHEMA;
use crate::view;

/// The most bytes of a file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A statement with its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub chain: Chain,
    pub statement: Statement,
    /// Each verified, ascending by key.
    pub witnesses: Vec<Witness>,
}

impl Draft {
    pub const fn new(chain: Chain, statement: Statement) -> Self {
        Self { chain, statement, witnesses: Vec::new() }
    }

    const fn wire(&self) -> Wire {
        Wire::new(self.chain.network)
    }

    pub fn sign(&mut self, key: &SecretKey) {
        let witness = self.statement.sign(&self.chain, key);
        self.witnesses.push(witness);
        self.witnesses = in_order(std::mem::take(&mut self.witnesses));
    }

    /// Takes over the signatures of another copy.
    pub fn merge(&mut self, other: Self) -> Result<(), Failure> {
        if other.chain != self.chain || other.statement != self.statement {
            let message = "the files are of different statements, or of different chains";
            return Err(Failure::new(Exit::Refused, "DIFFERENT_STATEMENTS", message));
        }
        self.witnesses.extend(other.witnesses);
        self.witnesses = in_order(std::mem::take(&mut self.witnesses));
        Ok(())
    }

    /// What it is for, what it says, who signed.
    pub fn value(&self) -> Value {
        let wire = self.wire();
        let (kind, body, digest) = match &self.statement {
            Statement::Permit(body) => {
                ("permit", message::json("PermitBody", &wire.show::<_, v1::PermitBody>(body)), None)
            }
            Statement::PayAuth(body) => (
                "pay_auth",
                message::json("PayAuthBody", &wire.show::<_, v1::PayAuthBody>(body)),
                None,
            ),
            Statement::Report(body) => (
                "report",
                message::json("ReportBody", &wire.show::<_, v1::ReportBody>(body)),
                Some(report_digest(body)),
            ),
            Statement::Transaction(body) => {
                let tx = SignedTx { body: (**body).clone(), witnesses: Vec::new() };
                let shown = message::json("Transaction", &wire.transaction(&tx));
                ("transaction", shown, Some(body.id()))
            }
            Statement::Council { epoch, exec_nonce, ops } => {
                let exec = CouncilExec {
                    ops: ops.clone(),
                    epoch: *epoch,
                    exec_nonce: *exec_nonce,
                    witnesses: Vec::new(),
                };
                let shown: v1::CouncilExec = wire.show(&exec);
                ("council", message::json("CouncilExec", &shown), Some(ops_digest(ops)))
            }
        };
        let witness =
            |witness: &Witness| message::json("Witness", &wire.show::<_, v1::Witness>(witness));
        json!({
            "schema": SCHEMA,
            "kind": kind,
            "network": self.chain.network.to_string(),
            "chain_id": self.chain.chain_id,
            "genesis_hash": self.chain.genesis.to_string(),
            "body": body,
            "digest": digest.map(|digest| digest.to_string()),
            "signatures": self.witnesses.iter().map(witness).collect::<Vec<_>>(),
        })
    }

    fn of(value: &Value) -> Result<Self, String> {
        let text = |name: &str| {
            let text = value.get(name).and_then(Value::as_str);
            text.ok_or_else(|| format!("{name}: is missing"))
        };
        let chain = Chain {
            genesis: read_hash("genesis_hash", text("genesis_hash")?).map_err(say)?,
            chain_id: value
                .get("chain_id")
                .and_then(Value::as_u64)
                .and_then(|id| u32::try_from(id).ok())
                .ok_or("chain_id: is missing")?,
            network: read_network(text("network")?)?,
        };
        let wire = Wire::new(chain.network);
        let body = value.get("body").ok_or("body: is missing")?;
        let statement = read_statement(&wire, text("kind")?, body)?;
        if let Statement::Transaction(body) = &statement
            && (body.genesis, body.chain_id) != (chain.genesis, chain.chain_id)
        {
            return Err("body: the transaction is for another chain than the file".to_owned());
        }
        let mut draft = Self::new(chain, statement);
        for signature in value.get("signatures").and_then(Value::as_array).into_iter().flatten() {
            let shown: v1::Witness = message::read("Witness", signature)?;
            let witness: Witness = wire.read("signatures", &shown).map_err(say)?;
            if !draft.statement.verify(&draft.chain, &witness) {
                return Err(format!(
                    "the signature of {} is not of what the file says",
                    witness.key
                ));
            }
            draft.witnesses.push(witness);
        }
        draft.witnesses = in_order(draft.witnesses);
        Ok(draft)
    }

    /// One draft of several copies, with the signatures of all.
    pub fn gather(paths: &[PathBuf]) -> Result<Self, Failure> {
        let mut drafts = paths.iter().map(|path| Self::read(path));
        let mut draft = drafts.next().ok_or_else(|| Failure::usage("no file is given"))??;
        for copy in drafts {
            draft.merge(copy?)?;
        }
        Ok(draft)
    }

    pub fn read(path: &Path) -> Result<Self, Failure> {
        let value = read_value(path)?;
        Self::of(&value).map_err(|problem| malformed(path, &problem))
    }

    /// Writes a new file.
    pub fn write_new(&self, path: &Path) -> Result<(), Failure> {
        write_new(path, &self.value())
    }

    /// Replaces the file it was read from.
    pub fn replace(&self, path: &Path) -> Result<(), Failure> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let write = || {
            fs::write(&beside, pretty(&self.value()))?;
            fs::rename(&beside, path)
        };
        write().map_err(|error| Failure::file(path, &error))
    }

    /// What one reads before one signs.
    pub fn rows(&self) -> Vec<(String, String)> {
        let value = self.value();
        let row = |label: &str, value: String| (label.to_owned(), value);
        let chain = format!("{} on {}", self.chain.chain_id, self.chain.network);
        let mut rows = vec![row("chain", chain), row("genesis", self.chain.genesis.to_string())];
        let body = value.get("body").map(view::rows).unwrap_or_default();
        // Operations are shown below each other, by who shows them.
        rows.extend(body.into_iter().filter(|(label, _)| label != "ops"));
        if let Some(digest) = value.get("digest").and_then(Value::as_str) {
            rows.push(row("digest", digest.to_owned()));
        }
        rows.extend(self.witnesses.iter().map(|w| row("signed by", w.key.to_string())));
        rows
    }
}

fn read_statement(wire: &Wire, kind: &str, body: &Value) -> Result<Statement, String> {
    Ok(match kind {
        "permit" => {
            let shown: v1::PermitBody = message::read("PermitBody", body)?;
            Statement::Permit(wire.read("body", &shown).map_err(say)?)
        }
        "pay_auth" => {
            let shown: v1::PayAuthBody = message::read("PayAuthBody", body)?;
            Statement::PayAuth(wire.read("body", &shown).map_err(say)?)
        }
        "report" => {
            let shown: v1::ReportBody = message::read("ReportBody", body)?;
            Statement::Report(wire.read("body", &shown).map_err(say)?)
        }
        "council" => {
            let shown: v1::CouncilExec = message::read("CouncilExec", body)?;
            let CouncilExec { ops, epoch, exec_nonce, .. } =
                wire.read("body", &shown).map_err(say)?;
            Statement::Council { epoch, exec_nonce, ops }
        }
        "transaction" => {
            let shown: v1::Transaction = message::read("Transaction", body)?;
            Statement::Transaction(Box::new(wire.read_transaction(&shown).map_err(say)?.body))
        }
        _ => {
            let known = "permit, pay_auth, report, transaction, council";
            return Err(format!("kind: \"{kind}\" is none of {known}"));
        }
    })
}

fn say(error: ConvertError) -> String {
    error.to_string()
}

fn read_network(text: &str) -> Result<Network, String> {
    let found = Network::ALL.into_iter().find(|network| network.to_string() == text);
    found.ok_or_else(|| format!("network: \"{text}\" is none of mainnet, testnet, devnet"))
}

/// Travel data that an institution signed.
pub fn read_travel(wire: &Wire, path: &Path) -> Result<TravelData, Failure> {
    let mut value = read_value(path)?;
    if let Value::Object(fields) = &mut value {
        fields.remove("schema");
    }
    let shown: v1::TravelData =
        message::read("TravelData", &value).map_err(|problem| malformed(path, &problem))?;
    wire.read("travel", &shown).map_err(|error| malformed(path, &say(error)))
}

/// Writes a message as a new file.
pub fn write_message<M: Message>(path: &Path, name: &str, shown: &M) -> Result<(), Failure> {
    write_new(path, &view::with(message::json(name, shown), [("schema", json!(SCHEMA))]))
}

pub fn write_new(path: &Path, value: &Value) -> Result<(), Failure> {
    let open = OpenOptions::new().write(true).create_new(true).open(path);
    open.and_then(|mut file| file.write_all(pretty(value).as_bytes()))
        .map_err(|error| Failure::file(path, &error))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Reads a JSON or, when it is named `.toml`, a TOML file.
pub fn read_value(path: &Path) -> Result<Value, Failure> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
        .map_err(|error| Failure::file(path, &error))?;
    let is_toml = path.extension().is_some_and(|extension| extension == "toml");
    let read = match is_toml {
        true => toml::from_str(&text).map_err(|error| error.to_string()),
        false => once::read(&text),
    };
    read.map_err(|problem| malformed(path, &problem))
}

pub fn malformed(path: &Path, problem: &str) -> Failure {
    Failure::new(Exit::Refused, "BAD_FILE", format!("{}: {problem}", path.display()))
}

#[cfg(test)]
mod tests {
    use ballast_primitives::{Address, Hash};
    use ballast_runtime::CouncilOp;
    use ballast_runtime::authorisation::PayAuthBody;
    use ballast_runtime::ops::unfreeze::Unfreeze;

    use super::*;

    const CHAIN: Chain = Chain { genesis: Hash([7; 32]), chain_id: 9, network: Network::Dev };

    fn key(n: u8) -> SecretKey {
        SecretKey::dev("offline", &n.to_string())
    }

    fn drafts() -> Vec<Draft> {
        let pay = PayAuthBody {
            owner: Address([1; 32]),
            to: Address([2; 32]),
            amount: 12_500_000,
            memo: Some(b"INV-17".to_vec()),
            nonce: Hash([3; 32]),
            not_before: 0,
            deadline: 9,
            executor: None,
        };
        let ops = vec![CouncilOp::Unfreeze(Unfreeze { account: Address([1; 32]) })];
        let council = Statement::Council { epoch: 1, exec_nonce: 2, ops };
        [Statement::PayAuth(pay), council].map(|statement| Draft::new(CHAIN, statement)).to_vec()
    }

    #[test]
    fn a_file_reads_back_with_its_signatures_and_gathers_those_of_copies() {
        let folder = tempfile::tempdir().unwrap();
        for (n, mut draft) in drafts().into_iter().enumerate() {
            let path = folder.path().join(n.to_string());
            draft.write_new(&path).unwrap();
            assert_eq!(Draft::read(&path).unwrap(), draft);
            let mut copy = draft.clone();
            draft.sign(&key(1));
            draft.sign(&key(1));
            copy.sign(&key(2));
            draft.merge(copy).unwrap();
            draft.replace(&path).unwrap();
            let read = Draft::read(&path).unwrap();
            assert_eq!((read.witnesses.len(), &read), (2, &draft));
            assert!(draft.write_new(&path).is_err());
        }
    }

    #[test]
    fn a_signature_of_something_else_is_found() {
        let mut draft = drafts().remove(0);
        draft.sign(&key(1));
        let mut value = draft.value();
        value["body"]["amount"] = json!("12.51");
        value["body"]["amount_micros"] = json!(12_510_000);
        let problem = Draft::of(&value).unwrap_err();
        assert!(problem.contains("not of what the file says"), "{problem}");
        let other = drafts().remove(1);
        assert!(draft.merge(other).is_err());
    }
}
