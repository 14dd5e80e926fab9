//! Digests, signatures, quorums and trees, written a second time from `docs/spec`: what judges the
//! validators must not be wrong where they are.

use std::collections::BTreeMap;

use ballast_primitives::equivocation::Twins;
use ballast_primitives::merkle::Path;
use ballast_primitives::{Evidence, Hash, Header, Payload, PublicKey, Signature};

/// A kind of tree: the contexts of its leaves, inner nodes and root.
pub struct Tree {
    leaf: &'static str,
    node: &'static str,
    root: &'static str,
}

pub const STATE: Tree = Tree {
    leaf: "ballast v1 state leaf",
    node: "ballast v1 state node",
    root: "ballast v1 state root",
};
pub const RECEIPTS: Tree = Tree {
    leaf: "ballast v1 receipt leaf",
    node: "ballast v1 receipt node",
    root: "ballast v1 receipt root",
};

pub fn digest(context: &str, parts: &[&[u8]]) -> Hash {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(part);
    }
    Hash(*hasher.finalize().as_bytes())
}

/// BL-1, BL-2: the fields one after another, integers little-endian.
pub fn block_id(header: &Header) -> Hash {
    let mut bytes = Vec::with_capacity(320);
    bytes.extend_from_slice(&header.version.to_le_bytes());
    bytes.extend_from_slice(&header.genesis.0);
    bytes.extend_from_slice(&header.height.to_le_bytes());
    bytes.extend_from_slice(&header.parent.0);
    bytes.extend_from_slice(&header.parent_round.to_le_bytes());
    bytes.extend_from_slice(&header.time.to_le_bytes());
    bytes.extend_from_slice(&header.proposer.0);
    bytes.extend_from_slice(&header.payload.0);
    bytes.extend_from_slice(&header.executed_height.to_le_bytes());
    for hash in [header.state_root, header.receipts_root, header.validators, header.next_validators]
    {
        bytes.extend_from_slice(&hash.0);
    }
    digest("ballast v1 block header", &[&bytes])
}

/// BL-3.
pub fn payload_digest(payload: &Payload) -> Hash {
    let mut bytes = (payload.batches.len() as u32).to_le_bytes().to_vec();
    for batch in &payload.batches {
        bytes.extend(batch.digest.0);
        for count in [batch.bytes, batch.txs, batch.signatures] {
            bytes.extend(count.to_le_bytes());
        }
    }
    bytes.extend((payload.returns.len() as u32).to_le_bytes());
    for said in &payload.returns {
        bytes.extend(said.validator.0);
        bytes.extend(said.from.to_le_bytes());
        bytes.extend(said.signature.0);
    }
    bytes.extend((payload.evidence.len() as u32).to_le_bytes());
    payload.evidence.iter().for_each(|evidence| add_evidence(&mut bytes, evidence));
    digest("ballast v1 block payload", &[&bytes])
}

fn add_evidence(bytes: &mut Vec<u8>, evidence: &Evidence) {
    bytes.extend(evidence.validator.0);
    bytes.extend(evidence.height.to_le_bytes());
    bytes.extend(evidence.round.to_le_bytes());
    bytes.push(evidence.kind() as u8);
    match &evidence.twins {
        Twins::Prevotes { first, second } | Twins::Precommits { first, second } => {
            for ballot in [first, second] {
                bytes.push(ballot.block.is_some().into());
                bytes.extend(ballot.block.iter().flat_map(|block| block.0));
                bytes.extend(ballot.signature.0);
            }
        }
        Twins::Proposals { first, second } => {
            for offer in [first, second] {
                bytes.push(offer.pol_round.is_some().into());
                bytes.extend(offer.pol_round.iter().flat_map(|round| round.to_le_bytes()));
                bytes.extend(offer.block.0);
                bytes.extend(offer.signature.0);
            }
        }
    }
}

/// CO-1: what a prevote (0) or precommit (1) signs.
pub fn vote_bytes(
    genesis: &Hash,
    kind: u8,
    height: u64,
    round: u32,
    block: Option<Hash>,
) -> Vec<u8> {
    let mut bytes = b"BALLAST1-VOTE\0\0\0".to_vec();
    bytes.extend_from_slice(&genesis.0);
    bytes.push(kind);
    bytes.extend_from_slice(&height.to_le_bytes());
    bytes.extend_from_slice(&round.to_le_bytes());
    match block {
        None => bytes.push(0),
        Some(block) => {
            bytes.push(1);
            bytes.extend_from_slice(&block.0);
        }
    }
    bytes
}

/// CO-2: what a proposal of a block without an earlier quorum of prevotes, or with one, signs.
pub fn proposal_bytes(
    genesis: &Hash,
    height: u64,
    round: u32,
    pol_round: Option<u32>,
    block: Hash,
) -> Vec<u8> {
    let mut bytes = b"BALLAST1-PROPOSE".to_vec();
    bytes.extend_from_slice(&genesis.0);
    bytes.extend_from_slice(&height.to_le_bytes());
    bytes.extend_from_slice(&round.to_le_bytes());
    match pol_round {
        None => bytes.push(0),
        Some(round) => {
            bytes.push(1);
            bytes.extend_from_slice(&round.to_le_bytes());
        }
    }
    bytes.extend_from_slice(&block.0);
    bytes
}

/// Signatures, each checked once, by keys that are each read once.
#[derive(Default)]
pub struct Signatures {
    answers: BTreeMap<(PublicKey, Signature, Hash), bool>,
    keys: BTreeMap<PublicKey, Option<ed25519_zebra::VerificationKey>>,
}

impl Signatures {
    /// Whether `signature` is `key`'s over `message`, by the cofactored equation.
    pub fn are_good(&mut self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        let place = (*key, *signature, Hash(*blake3::hash(message).as_bytes()));
        let Self { answers, keys } = self;
        *answers.entry(place).or_insert_with(|| {
            let read = || ed25519_zebra::VerificationKey::try_from(key.0).ok();
            let signature = ed25519_zebra::Signature::from(signature.0);
            let key = keys.entry(*key).or_insert_with(read);
            key.as_ref().is_some_and(|key| key.verify(&signature, message).is_ok())
        })
    }
}

/// CO-4.
pub const fn is_quorum(signed: u64, total: u64) -> bool {
    3 * signed as u128 > 2 * total as u128
}

impl Tree {
    pub fn leaf(&self, parts: &[&[u8]]) -> Hash {
        digest(self.leaf, parts)
    }

    fn node(&self, left: &Hash, right: &Hash) -> Hash {
        if left.0 == [0; 32] && right.0 == [0; 32] {
            return Hash([0; 32]);
        }
        digest(self.node, &[&left.0, &right.0])
    }

    /// ST-20 to ST-22: the leaves filled up with zeros to a power of two, halved until one is left.
    pub fn root(&self, leaves: &[Hash]) -> Hash {
        let mut level = leaves.to_vec();
        level.resize(leaves.len().next_power_of_two(), Hash([0; 32]));
        while level.len() > 1 {
            level = level.chunks(2).map(|pair| self.node(&pair[0], &pair[1])).collect();
        }
        self.seal(leaves.len() as u64, &level[0])
    }

    fn seal(&self, count: u64, top: &Hash) -> Hash {
        digest(self.root, &[&count.to_le_bytes(), &top.0])
    }

    /// The root that a path leads to.
    pub fn climb(&self, leaf: Hash, path: &Path) -> Hash {
        let step = |(at, hash): (u64, Hash), sibling: &Hash| {
            let parent =
                if at & 1 == 0 { self.node(&hash, sibling) } else { self.node(sibling, &hash) };
            (at >> 1, parent)
        };
        let (_, top) = path.siblings.iter().fold((path.index, leaf), step);
        self.seal(path.count, &top)
    }
}

/// BL-33.
pub fn chain_receipts(before: &Hash, root: &Hash) -> Hash {
    digest("ballast v1 receipt chain", &[&before.0, &root.0])
}
