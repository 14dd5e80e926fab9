//! Transactions and receipts.

use ballast_runtime::tx::Witness;
use ballast_runtime::{Code, Outcome, Receipt, SignedTx, TxBody};

use super::field::{Field, messages, read_fields, required, show_fields};
use super::{ConvertError, Wire, read_hash};
use crate::v1;

messages! {
    Witness { key: public_key, signature }
}

impl Wire {
    /// Why a transaction had no effect; none when it had.
    pub fn failure(&self, outcome: &Outcome) -> Option<v1::Failure> {
        match outcome {
            Outcome::Success => None,
            Outcome::Failed { op, code } => Some(failure(*op, *code)),
        }
    }

    pub fn receipt(&self, receipt: &Receipt) -> v1::Receipt {
        v1::Receipt {
            tx_id: receipt.tx.to_string(),
            sender: self.address(&receipt.sender),
            nonce: receipt.nonce,
            height: receipt.height,
            index: receipt.index,
            failure: self.failure(&receipt.outcome),
            events: receipt.events.show(self),
        }
    }

    pub fn read_receipt(&self, receipt: &v1::Receipt) -> Result<Receipt, ConvertError> {
        let outcome = receipt.failure.as_ref().map_or(Ok(Outcome::Success), |failure| {
            let op = Field::read(self, "op_index", &failure.op_index)?;
            let code = Code::from_name(&failure.reason)
                .ok_or_else(|| ConvertError::new("reason", "names no code of this version"))?;
            Ok(Outcome::Failed { op, code })
        })?;
        Ok(Receipt {
            tx: read_hash("tx_id", &receipt.tx_id)?,
            sender: self.read_address("sender", &receipt.sender)?,
            nonce: receipt.nonce,
            height: receipt.height,
            index: receipt.index,
            outcome,
            events: Field::read(self, "events", &receipt.events)?,
        })
    }

    pub fn transaction(&self, tx: &SignedTx) -> v1::Transaction {
        let body = &tx.body;
        v1::Transaction {
            tx_id: body.id().to_string(),
            genesis_hash: body.genesis.to_string(),
            chain_id: body.chain_id,
            sender: self.address(&body.sender),
            nonce: body.nonce,
            valid_until_ms: body.valid_until,
            sponsor: body.sponsor.show(self),
            memo: body.memo.clone(),
            ops: body.ops.show(self),
            witnesses: tx.witnesses.show(self),
        }
    }

    /// Reads a transaction; `tx_id` is not read, it follows from the rest.
    pub fn read_transaction(&self, tx: &v1::Transaction) -> Result<SignedTx, ConvertError> {
        Ok(SignedTx {
            body: TxBody {
                genesis: read_hash("genesis_hash", &tx.genesis_hash)?,
                chain_id: tx.chain_id,
                sender: self.read_address("sender", &tx.sender)?,
                nonce: tx.nonce,
                valid_until: tx.valid_until_ms,
                sponsor: Field::read(self, "sponsor", &tx.sponsor)?,
                memo: tx.memo.clone(),
                ops: Field::read(self, "ops", &tx.ops)?,
            },
            witnesses: Field::read(self, "witnesses", &tx.witnesses)?,
        })
    }
}

fn failure(op: u8, code: Code) -> v1::Failure {
    v1::Failure {
        op_index: u32::from(op),
        reason: code.name().to_owned(),
        number: u32::from(code.number()),
        message: code.text().to_owned(),
    }
}
