//! What is signed off the chain and carried inside an operation: permits, payment authorisations,
//! travel data, reports, the council's operations.
//!
//! Every such signature is verified together with the transaction's own (see
//! [`SignedTx::parts`]): one that does not verify makes the whole transaction not includable. What
//! execution asks is whether the right keys signed.

use std::borrow::Cow;

use ballast_primitives::codec;
use ballast_primitives::domain::SignTag;
use ballast_primitives::signature::Item;
use ballast_primitives::{Address, Hash, KeyPolicy};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::council_op::CouncilOp;
use crate::object::ReportBody;
use crate::op::Op;
use crate::ops::council_exec::CouncilExec;
use crate::tx::{SignedTx, TxBody, Witness};

/// An allowance that its owner signed; anyone may relay it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PermitBody {
    pub owner: Address,
    pub spender: Address,
    /// What the allowance is at that time, micro-dollars.
    pub expected: u64,
    pub amount: u64,
    /// End of the allowance.
    pub expires: u64,
    /// Chosen by the owner, usable once.
    pub nonce: Hash,
    /// Usable when `not_before <= now < deadline`, the deadline at most 30 days ahead.
    pub not_before: u64,
    pub deadline: u64,
    /// Who may relay it; none: anyone.
    pub executor: Option<Address>,
}

/// A payment that its payer signed; anyone may relay it once.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PayAuthBody {
    pub owner: Address,
    pub to: Address,
    /// Micro-dollars.
    pub amount: u64,
    /// For the recipient, up to 32 bytes.
    pub memo: Option<Vec<u8>>,
    pub nonce: Hash,
    pub not_before: u64,
    pub deadline: u64,
    pub executor: Option<Address>,
}

/// The beneficiary institution's word that it received the travel data of one payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TravelData {
    /// Digest of the data that the institutions exchanged.
    pub data: Hash,
    /// Chosen by the institution, usable once.
    pub nonce: Hash,
    /// Usable while `now < expires`.
    pub expires: u64,
    pub witness: Witness,
}

/// Signed bytes, and who signed them.
pub struct Part<'a> {
    pub message: Cow<'a, [u8]>,
    pub witnesses: &'a [Witness],
}

impl Part<'_> {
    /// The signatures to verify.
    pub fn items(&self) -> impl Iterator<Item = Item<'_>> {
        self.witnesses.iter().map(|witness| Item {
            key: witness.key,
            message: &self.message,
            signature: witness.signature,
        })
    }
}

impl TravelData {
    /// The bytes that the institution signs for one payment.
    pub fn signed_bytes(
        &self,
        tx: &TxBody,
        payer: &Address,
        payee: &Address,
        amount: u64,
    ) -> Vec<u8> {
        signed_bytes(
            SignTag::Travel,
            tx,
            &(payer, payee, amount, self.data, self.nonce, self.expires),
        )
    }
}

/// Tag, genesis hash, chain id, then the canonical bytes of what is signed: a signature counts for
/// one purpose on one chain.
pub fn signed_bytes<T: BorshSerialize>(tag: SignTag, tx: &TxBody, signed: &T) -> Vec<u8> {
    signed_bytes_on(tag, &tx.genesis, tx.chain_id, signed)
}

/// As [`signed_bytes`], for who signs before there is a transaction.
pub fn signed_bytes_on<T: BorshSerialize>(
    tag: SignTag,
    genesis: &Hash,
    chain_id: u32,
    signed: &T,
) -> Vec<u8> {
    let mut bytes = tag.bytes().to_vec();
    codec::encode_into(&(genesis, chain_id, signed), &mut bytes);
    bytes
}

/// Whether enough keys of `policy` signed, and no others.
pub fn satisfies(policy: &KeyPolicy, witnesses: &[Witness]) -> bool {
    witnesses.len() >= policy.required()
        && witnesses.iter().all(|witness| policy.keys().contains(&witness.key))
}

/// Strictly ascending by key, and `1..=max` of them.
pub(crate) fn check_witnesses(witnesses: &[Witness], max: usize) -> Result<(), &'static str> {
    if witnesses.is_empty() || witnesses.len() > max {
        return Err("an operation holds too few or too many signatures");
    }
    if !witnesses.is_sorted_by(|a, b| a.key < b.key) {
        return Err("signatures must be strictly ascending by key");
    }
    Ok(())
}

/// What the witnesses inside an operation signed.
enum Statement<'a> {
    Permit(&'a PermitBody),
    PayAuth(&'a PayAuthBody),
    Travel { data: &'a TravelData, payer: &'a Address, payee: &'a Address, amount: u64 },
    Report(&'a ReportBody),
    Council { epoch: u64, exec_nonce: u64, ops: &'a [CouncilOp] },
}

impl Statement<'_> {
    fn signed_bytes(&self, tx: &TxBody) -> Vec<u8> {
        match self {
            Self::Permit(body) => signed_bytes(SignTag::Permit, tx, body),
            Self::PayAuth(body) => signed_bytes(SignTag::PayAuth, tx, body),
            Self::Travel { data, payer, payee, amount } => {
                data.signed_bytes(tx, payer, payee, *amount)
            }
            Self::Report(body) => signed_bytes(SignTag::Report, tx, body),
            Self::Council { epoch, exec_nonce, ops } => {
                signed_bytes(SignTag::CouncilVote, tx, &(epoch, exec_nonce, ops))
            }
        }
    }
}

impl SignedTx {
    /// Everything that is signed in the transaction: its body first (over `message`, its
    /// [`TxBody::signed_bytes`]), then what its operations carry, in their order.
    pub fn parts<'a>(&'a self, message: &'a [u8]) -> impl Iterator<Item = Part<'a>> {
        let own = Part { message: Cow::Borrowed(message), witnesses: &self.witnesses };
        let carried = self.statements().map(|(statement, witnesses)| {
            let message = Cow::Owned(statement.signed_bytes(&self.body));
            Part { message, witnesses }
        });
        std::iter::once(own).chain(carried)
    }

    /// How many signatures that makes.
    pub fn signatures(&self) -> usize {
        let carried = self.statements().map(|(_, witnesses)| witnesses.len());
        carried.fold(self.witnesses.len(), usize::saturating_add)
    }

    fn statements(&self) -> impl Iterator<Item = Signed<'_>> {
        let of_op = |op| [op_statement(op), travel_statement(op, &self.body)];
        self.body.ops.iter().flat_map(of_op).flatten()
    }
}

/// A statement and the signatures that it carries.
type Signed<'a> = (Statement<'a>, &'a [Witness]);

fn op_statement(op: &Op) -> Option<Signed<'_>> {
    match op {
        Op::Permit(op) => Some((Statement::Permit(&op.body), &op.witnesses)),
        Op::PayAuth(op) => Some((Statement::PayAuth(&op.body), &op.witnesses)),
        Op::SubmitReport(op) => Some((Statement::Report(&op.body), &op.witnesses)),
        Op::CouncilExec(CouncilExec { ops, epoch, exec_nonce, witnesses }) => {
            let (epoch, exec_nonce) = (*epoch, *exec_nonce);
            Some((Statement::Council { epoch, exec_nonce, ops }, witnesses))
        }
        _ => None,
    }
}

fn travel_statement<'a>(op: &'a Op, tx: &'a TxBody) -> Option<Signed<'a>> {
    let (travel, payer, payee, amount) = match op {
        Op::Transfer(op) => (&op.travel, &tx.sender, &op.to, op.amount),
        Op::TransferFrom(op) => (&op.travel, &op.owner, &op.to, op.amount),
        Op::PayAuth(op) => (&op.travel, &op.body.owner, &op.body.to, op.body.amount),
        _ => return None,
    };
    let data = travel.as_deref()?;
    let statement = Statement::Travel { data, payer, payee, amount };
    Some((statement, std::slice::from_ref(&data.witness)))
}
