//! A transaction: what a user signs, and the bytes that carry it.

use ballast_primitives::codec::{self, DecodeError};
use ballast_primitives::domain::SignTag;
use ballast_primitives::hash::{self, Hash};
use ballast_primitives::signature::{self, Item};
use ballast_primitives::{Address, Domain, PublicKey, SecretKey, Signature};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::op::Op;
use crate::rules::Rulebook;

/// The most bytes of an encoded transaction, signatures included.
pub const TX_BYTES_MAX: usize = 16 * 1024;
/// The most operations of a transaction; the least is one.
pub const OPS_MAX: usize = 16;
/// The most bytes of a memo.
pub const MEMO_BYTES_MAX: usize = 32;
/// How far ahead of the block's time `valid_until` may be, in milliseconds: 24 hours.
pub const VALIDITY_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// How much less than that a client's own transactions are valid for: as much as its clock may be
/// fast, and admission ahead of the block.
pub const VALIDITY_MARGIN_MS: u64 = 60 * 1000;
/// The most signatures: a sender's and a sponsor's full threshold policy.
pub const WITNESSES_MAX: usize = 32;
/// The most signatures of a transaction, those inside its operations included: what one unit of
/// quota can make a validator verify.
pub const SIGNATURES_MAX: usize = 64;

/// What is signed. The first two fields bind it to one chain.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TxBody {
    pub genesis: Hash,
    pub chain_id: u32,
    pub sender: Address,
    /// See [`crate::replay`]: any unused number of a sliding window, not a strict sequence.
    pub nonce: u64,
    /// Milliseconds since the Unix epoch; the transaction may commit in a block with
    /// `time < valid_until`, and never after; see [`Self::includable_from`] too.
    pub valid_until: u64,
    /// An account that signs too, and whose quota pays instead of the sender's.
    pub sponsor: Option<Address>,
    /// At most 32 bytes, for the recipient.
    pub memo: Option<Vec<u8>>,
    /// 1 to 16, executed in order, all or none.
    pub ops: Vec<Op>,
}

/// One key's signature over the body. It carries the key, so that signatures can be verified in
/// bulk before any state is known. Whether the keys satisfy the policies is checked against the
/// state, at admission and again at execution: as many keys of the sender's policy as it asks
/// for, likewise of the sponsor's, and no key of neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Witness {
    pub key: PublicKey,
    pub signature: Signature,
}

/// A body and its signatures, strictly ascending by key.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedTx {
    pub body: TxBody,
    pub witnesses: Vec<Witness>,
}

pub(crate) fn check_memo(memo: Option<&[u8]>) -> Result<(), &'static str> {
    if memo.is_some_and(|memo| memo.len() > MEMO_BYTES_MAX) {
        return Err("a memo has at most 32 bytes");
    }
    Ok(())
}

impl TxBody {
    /// Domain tag, then the canonical body, whose first bytes are genesis hash and chain id.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = SignTag::Transaction.bytes().to_vec();
        codec::encode_into(self, &mut bytes);
        bytes
    }

    /// The time of the first block that it may be in.
    pub const fn includable_from(&self) -> u64 {
        self.valid_until.saturating_sub(VALIDITY_MS_MAX)
    }

    /// The transaction's id: known before it is signed, and the same whoever signs.
    pub fn id(&self) -> Hash {
        hash::digest(Domain::TxId, &self.signed_bytes())
    }

    /// Signs with `keys`.
    pub fn sign(self, keys: &[&SecretKey]) -> SignedTx {
        let message = self.signed_bytes();
        let mut witnesses: Vec<_> = keys
            .iter()
            .map(|key| Witness { key: key.public(), signature: key.sign(&message) })
            .collect();
        witnesses.sort_unstable_by_key(|witness| witness.key);
        witnesses.dedup_by_key(|witness| witness.key);
        SignedTx { body: self, witnesses }
    }
}

impl SignedTx {
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes and checks everything that needs neither state nor cryptography: size, canonical
    /// bytes, bounds of lists and memo, order of witnesses, shapes of operations.
    /// By any version of the rules that is released: [`Rulebook::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Rulebook::SHIPPED.decode(bytes)
    }

    /// Bounds that the types do not express; [`Self::decode`] checks them.
    pub fn check_shape(&self) -> Result<(), &'static str> {
        Rulebook::SHIPPED.check(self)
    }

    /// As [`Self::check_shape`], for one that nobody may have signed yet.
    pub fn check_unsigned_shape(&self) -> Result<(), &'static str> {
        Rulebook::SHIPPED.check_unsigned(self)
    }
}

/// A transaction whose every signature was verified under rule R. What remains to be asked of
/// the signatures (do the keys satisfy the accounts' policies?) needs the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedTx {
    tx: SignedTx,
    id: Hash,
    size: usize,
}

impl VerifiedTx {
    /// Verifies each signature of one transaction: `DECODE` for a shape that could not have been
    /// decoded, `BAD_SIGNATURE` for any signature that does not verify.
    pub fn verify(tx: SignedTx) -> Result<Self, Code> {
        tx.check_shape().map_err(|_| Code::Decode)?;
        let message = tx.body.signed_bytes();
        let id = hash::digest(Domain::TxId, &message);
        let verified =
            |item: Item<'_>| signature::verify(&item.key, item.message, &item.signature).is_ok();
        if !tx.parts(&message).all(|part| part.items().all(verified)) {
            return Err(Code::BadSignature);
        }
        Ok(Self::assume_verified(tx, id))
    }

    /// Only for callers that decoded this transaction and verified every one of its
    /// [`SignedTx::parts`], e.g. in a batch with others; `id` is its [`TxBody::id`].
    pub fn assume_verified(tx: SignedTx, id: Hash) -> Self {
        let size = borsh::object_length(&tx).unwrap_or(usize::MAX);
        Self { tx, id, size }
    }

    pub const fn tx(&self) -> &SignedTx {
        &self.tx
    }

    pub const fn body(&self) -> &TxBody {
        &self.tx.body
    }

    pub const fn id(&self) -> Hash {
        self.id
    }

    /// Encoded bytes, signatures included.
    pub const fn size(&self) -> usize {
        self.size
    }
}
