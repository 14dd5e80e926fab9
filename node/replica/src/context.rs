//! Ballast's types in the shape Malachite's core asks for. Nothing here decides anything.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use arc_malachitebft_core_types as malachite;
use ballast_primitives::{
    CommitCertificate, Committee, Hash, Header, Payload, PublicKey, Signature, Vote as PlainVote,
    VoteKind,
};
use malachite::{LinearTimeouts, NilOrVal, Round, SignedExtension, VoteType};

use crate::sets::Seats;

/// The context handed to Malachite: no state of its own.
#[derive(Clone, Copy, Debug)]
pub struct Ctx;

/// A validator's consensus key, which is its address inside consensus.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValidatorKey(pub PublicKey);

impl fmt::Debug for ValidatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ValidatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl malachite::Address for ValidatorKey {}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Height(pub u64);

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl malachite::Height for Height {
    const ZERO: Self = Self(0);
    const INITIAL: Self = Self(1);

    fn increment_by(&self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.checked_sub(n).map(Self)
    }

    fn as_u64(&self) -> u64 {
        self.0
    }
}

/// What consensus decides: a header and the batches it commits to, known by the header's id.
#[derive(Clone, Debug)]
pub struct BlockValue(Arc<BlockBody>);

#[derive(Debug)]
struct BlockBody {
    id: Hash,
    header: Header,
    payload: Payload,
    parent: Option<CommitCertificate>,
}

impl BlockValue {
    pub fn new(header: Header, payload: Payload) -> Self {
        Self::shown(header, payload, None)
    }

    /// With a certificate of its parent, which is not part of what the id commits to.
    pub fn shown(header: Header, payload: Payload, parent: Option<CommitCertificate>) -> Self {
        Self(Arc::new(BlockBody { id: header.id(), header, payload, parent }))
    }

    /// The certificate that came with it.
    pub fn parent(&self) -> Option<&CommitCertificate> {
        self.0.parent.as_ref()
    }

    pub fn id(&self) -> Hash {
        self.0.id
    }

    pub fn header(&self) -> &Header {
        &self.0.header
    }

    pub fn payload(&self) -> &Payload {
        &self.0.payload
    }
}

// The id commits to header and payload, so it alone orders and equates values. A payload that is
// not the header's never gets this far: decoding refuses it.
impl PartialEq for BlockValue {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for BlockValue {}

impl PartialOrd for BlockValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for BlockValue {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.id.cmp(&other.0.id)
    }
}

impl malachite::Value for BlockValue {
    type Id = Hash;

    fn id(&self) -> Hash {
        self.0.id
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub height: Height,
    pub round: Round,
    pub value: BlockValue,
    pub pol_round: Round,
    pub proposer: ValidatorKey,
}

impl malachite::Proposal<Ctx> for Proposal {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &BlockValue {
        &self.value
    }

    fn take_value(self) -> BlockValue {
        self.value
    }

    fn pol_round(&self) -> Round {
        self.pol_round
    }

    fn validator_address(&self) -> &ValidatorKey {
        &self.proposer
    }
}

/// Proposals carry their value whole; there are no parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoPart;

impl malachite::ProposalPart<Ctx> for NoPart {
    fn is_first(&self) -> bool {
        true
    }

    fn is_last(&self) -> bool {
        true
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    pub kind: VoteType,
    pub height: Height,
    pub round: Round,
    pub value: NilOrVal<Hash>,
    pub validator: ValidatorKey,
}

impl Vote {
    /// The vote as it is signed. A vote of no round does not exist outside the core.
    pub fn plain(&self) -> PlainVote {
        PlainVote {
            kind: match self.kind {
                VoteType::Prevote => VoteKind::Prevote,
                VoteType::Precommit => VoteKind::Precommit,
            },
            height: self.height.0,
            round: self.round.as_u32().unwrap_or(0),
            block: match self.value {
                NilOrVal::Nil => None,
                NilOrVal::Val(id) => Some(id),
            },
        }
    }

    pub fn from_plain(plain: &PlainVote, validator: PublicKey) -> Self {
        Self {
            kind: match plain.kind {
                VoteKind::Prevote => VoteType::Prevote,
                VoteKind::Precommit => VoteType::Precommit,
            },
            height: Height(plain.height),
            round: Round::new(plain.round),
            value: plain.block.map_or(NilOrVal::Nil, NilOrVal::Val),
            validator: ValidatorKey(validator),
        }
    }
}

impl malachite::Vote<Ctx> for Vote {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &NilOrVal<Hash> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<Hash> {
        self.value
    }

    fn vote_type(&self) -> VoteType {
        self.kind
    }

    fn validator_address(&self) -> &ValidatorKey {
        &self.validator
    }

    // Vote extensions are switched off.
    fn extension(&self) -> Option<&SignedExtension<Ctx>> {
        None
    }

    fn take_extension(&mut self) -> Option<SignedExtension<Ctx>> {
        None
    }

    fn extend(self, _: SignedExtension<Ctx>) -> Self {
        self
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    address: ValidatorKey,
    power: u64,
}

impl malachite::Validator<Ctx> for Member {
    fn address(&self) -> &ValidatorKey {
        &self.address
    }

    fn public_key(&self) -> &PublicKey {
        &self.address.0
    }

    fn voting_power(&self) -> u64 {
        self.power
    }
}

/// A validator set; cheap to clone, which the core does often.
#[derive(Clone, Debug)]
pub struct Members(Arc<(Seats, Vec<Member>)>);

impl Members {
    pub fn new(seats: Seats) -> Self {
        let members = seats
            .set
            .validators()
            .iter()
            .map(|v| Member { address: ValidatorKey(v.key), power: v.power })
            .collect();
        Self(Arc::new((seats, members)))
    }

    pub fn seats(&self) -> &Seats {
        &self.0.0
    }

    pub fn committee(&self) -> &Committee {
        &self.0.0.set
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.seats() == other.seats()
    }
}

impl Eq for Members {}

impl malachite::ValidatorSet<Ctx> for Members {
    fn count(&self) -> usize {
        self.0.1.len()
    }

    fn total_voting_power(&self) -> u64 {
        // A committee's total is below 2^62.
        u64::try_from(self.committee().total_power()).unwrap_or(u64::MAX)
    }

    fn get_by_address(&self, address: &ValidatorKey) -> Option<&Member> {
        let at = self.0.1.binary_search_by_key(address, |member| member.address).ok()?;
        self.0.1.get(at)
    }

    fn get_by_index(&self, index: usize) -> Option<&Member> {
        self.0.1.get(index)
    }
}

/// Signing itself goes through effects; the core only needs the types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ed25519;

impl malachite::SigningScheme for Ed25519 {
    type DecodingError = &'static str;
    type Signature = Signature;
    type PublicKey = PublicKey;
    type PrivateKey = ();

    fn decode_signature(bytes: &[u8]) -> Result<Signature, Self::DecodingError> {
        bytes.try_into().map(Signature).map_err(|_| "a signature has 64 bytes")
    }

    fn encode_signature(signature: &Signature) -> Vec<u8> {
        signature.0.to_vec()
    }

    fn decode_public_key(bytes: &[u8]) -> Result<PublicKey, Self::DecodingError> {
        bytes.try_into().map(PublicKey).map_err(|_| "a public key has 32 bytes")
    }

    fn encode_public_key(public_key: &PublicKey) -> Vec<u8> {
        public_key.0.to_vec()
    }
}

impl malachite::Context for Ctx {
    type Address = ValidatorKey;
    type Height = Height;
    type ProposalPart = NoPart;
    type Proposal = Proposal;
    type Validator = Member;
    type ValidatorSet = Members;
    type Timeouts = LinearTimeouts;
    type Value = BlockValue;
    type Vote = Vote;
    type Extension = ();
    type SigningScheme = Ed25519;

    fn select_proposer<'a>(
        &self,
        members: &'a Members,
        height: Height,
        round: Round,
    ) -> &'a Member {
        let key = members.seats().proposer(height.0, round.as_u32().unwrap_or(0)).key;
        match malachite::ValidatorSet::<Ctx>::get_by_address(members, &ValidatorKey(key)) {
            Some(member) => member,
            None => unreachable!("the members are those of the committee"),
        }
    }

    fn new_proposal(
        &self,
        height: Height,
        round: Round,
        value: BlockValue,
        pol_round: Round,
        proposer: ValidatorKey,
    ) -> Proposal {
        Proposal { height, round, value, pol_round, proposer }
    }

    fn new_prevote(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<Hash>,
        validator: ValidatorKey,
    ) -> Vote {
        Vote { kind: VoteType::Prevote, height, round, value, validator }
    }

    fn new_precommit(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<Hash>,
        validator: ValidatorKey,
    ) -> Vote {
        Vote { kind: VoteType::Precommit, height, round, value, validator }
    }
}
