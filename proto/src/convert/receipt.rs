//! Transactions and receipts.

use ballast_primitives::Address;
use ballast_runtime::tx::Witness;
use ballast_runtime::{Code, Event, Outcome, Receipt, SignedTx, TxBody};

use super::{ConvertError, Wire, read_hash, read_key, read_signature, read_u8};
use crate::v1;

impl Wire {
    pub fn receipt(&self, receipt: &Receipt) -> v1::Receipt {
        let failure = match receipt.outcome {
            Outcome::Success => None,
            Outcome::Failed { op, code } => Some(failure(op, code)),
        };
        v1::Receipt {
            tx_id: receipt.tx.to_string(),
            sender: self.address(&receipt.sender),
            nonce: receipt.nonce,
            height: receipt.height,
            index: receipt.index,
            failure,
            events: receipt.events.iter().map(|event| self.event(event)).collect(),
        }
    }

    pub fn read_receipt(&self, receipt: &v1::Receipt) -> Result<Receipt, ConvertError> {
        let outcome = receipt.failure.as_ref().map_or(Ok(Outcome::Success), read_failure)?;
        let events = receipt.events.iter().map(|event| self.read_event(event));
        Ok(Receipt {
            tx: read_hash("tx_id", &receipt.tx_id)?,
            sender: self.read_address("sender", &receipt.sender)?,
            nonce: receipt.nonce,
            height: receipt.height,
            index: receipt.index,
            outcome,
            events: events.collect::<Result<Vec<Event>, _>>()?,
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
            sponsor: body.sponsor.as_ref().map(|sponsor| self.address(sponsor)).unwrap_or_default(),
            memo: body.memo.clone(),
            ops: body.ops.iter().map(|op| self.op(op)).collect(),
            witnesses: tx.witnesses.iter().map(witness).collect(),
        }
    }

    /// Reads a transaction; `tx_id` is not read, it follows from the rest.
    pub fn read_transaction(&self, tx: &v1::Transaction) -> Result<SignedTx, ConvertError> {
        let sponsor = Some(tx.sponsor.as_str()).filter(|text| !text.is_empty());
        let sponsor: Option<Address> =
            sponsor.map(|text| self.read_address("sponsor", text)).transpose()?;
        let ops = tx.ops.iter().map(|op| self.read_op(op));
        let witnesses = tx.witnesses.iter().map(read_witness);
        Ok(SignedTx {
            body: TxBody {
                genesis: read_hash("genesis_hash", &tx.genesis_hash)?,
                chain_id: tx.chain_id,
                sender: self.read_address("sender", &tx.sender)?,
                nonce: tx.nonce,
                valid_until: tx.valid_until_ms,
                sponsor,
                memo: tx.memo.clone(),
                ops: ops.collect::<Result<_, _>>()?,
            },
            witnesses: witnesses.collect::<Result<_, _>>()?,
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

fn read_failure(failure: &v1::Failure) -> Result<Outcome, ConvertError> {
    let op = read_u8("op_index", failure.op_index)?;
    let code = Code::from_name(&failure.reason)
        .ok_or_else(|| ConvertError::new("reason", "names no code of this version"))?;
    Ok(Outcome::Failed { op, code })
}

fn witness(witness: &Witness) -> v1::Witness {
    v1::Witness { public_key: witness.key.to_string(), signature: witness.signature.0.to_vec() }
}

fn read_witness(witness: &v1::Witness) -> Result<Witness, ConvertError> {
    Ok(Witness {
        key: read_key("public_key", &witness.public_key)?,
        signature: read_signature("signature", &witness.signature)?,
    })
}
