//! What is signed off the chain and carried inside an operation: permits, payment authorisations,
//! travel data, reports, the council's operations.
//!
//! Every such signature is verified together with the transaction's own (see
//! [`SignedTx::parts`]): one that does not verify makes the whole transaction not includable. What
//! execution asks is whether the right keys signed.

use ballast_primitives::codec;
use ballast_primitives::domain::SignTag;
use ballast_primitives::signature::Item;
use ballast_primitives::{Address, Hash, KeyPolicy};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::op::Op;
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
    pub message: Vec<u8>,
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

impl SignedTx {
    /// Everything that is signed in the transaction: its body first (over `message`, its
    /// [`TxBody::signed_bytes`]), then what its operations carry.
    pub fn parts(&self, message: Vec<u8>) -> Vec<Part<'_>> {
        let mut parts = vec![Part { message, witnesses: &self.witnesses }];
        for op in &self.body.ops {
            op.signed_parts(&self.body, &mut parts);
        }
        parts
    }

    /// How many signatures that makes.
    pub fn signatures(&self) -> usize {
        let carried: usize = self.body.ops.iter().map(Op::signatures).sum();
        carried.saturating_add(self.witnesses.len())
    }
}

impl Op {
    fn signed_parts<'a>(&'a self, tx: &TxBody, parts: &mut Vec<Part<'a>>) {
        let mut part = |message, witnesses| parts.push(Part { message, witnesses });
        let travel =
            |data: &TravelData, payer, payee, amount| data.signed_bytes(tx, payer, payee, amount);
        match self {
            Self::Transfer(op) => {
                if let Some(data) = op.travel.as_deref() {
                    let message = travel(data, &tx.sender, &op.to, op.amount);
                    part(message, std::slice::from_ref(&data.witness));
                }
            }
            Self::TransferFrom(op) => {
                if let Some(data) = op.travel.as_deref() {
                    let message = travel(data, &op.owner, &op.to, op.amount);
                    part(message, std::slice::from_ref(&data.witness));
                }
            }
            Self::Permit(op) => part(signed_bytes(SignTag::Permit, tx, &op.body), &op.witnesses),
            Self::PayAuth(op) => {
                part(signed_bytes(SignTag::PayAuth, tx, &op.body), &op.witnesses);
                if let Some(data) = op.travel.as_deref() {
                    let message = travel(data, &op.body.owner, &op.body.to, op.body.amount);
                    part(message, std::slice::from_ref(&data.witness));
                }
            }
            Self::SubmitReport(op) => {
                part(signed_bytes(SignTag::Report, tx, &op.body), &op.witnesses);
            }
            Self::CouncilExec(op) => {
                let signed = (op.epoch, op.exec_nonce, &op.ops);
                part(signed_bytes(SignTag::CouncilVote, tx, &signed), &op.witnesses);
            }
            _ => {}
        }
    }

    fn signatures(&self) -> usize {
        let travel = |data: &Option<Box<TravelData>>| usize::from(data.is_some());
        match self {
            Self::Transfer(op) => travel(&op.travel),
            Self::TransferFrom(op) => travel(&op.travel),
            Self::Permit(op) => op.witnesses.len(),
            Self::PayAuth(op) => op.witnesses.len().saturating_add(travel(&op.travel)),
            Self::SubmitReport(op) => op.witnesses.len(),
            Self::CouncilExec(op) => op.witnesses.len(),
            _ => 0,
        }
    }
}
