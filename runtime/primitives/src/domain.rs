//! Every domain under which Ballast hashes or signs, in one file, so that a digest or a signature
//! made for one purpose can never stand for another.

/// A hashing purpose. Each maps to a BLAKE3 `derive_key` context; contexts are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Domain {
    Address,
    TxId,
    Genesis,
    Header,
    Payload,
    Batch,
    Committee,
    StateLeaf,
    StateNode,
    StateRoot,
    ReceiptLeaf,
    ReceiptNode,
    ReceiptRoot,
    ReceiptChain,
    DevKey,
    EventDigest,
    SignedMessage,
    DepositId,
    PayoutId,
    RedemptionId,
    Report,
    CouncilOps,
}

impl Domain {
    /// Every domain, in the order of the variants.
    pub const ALL: [Self; 22] = [
        Self::Address,
        Self::TxId,
        Self::Genesis,
        Self::Header,
        Self::Payload,
        Self::Batch,
        Self::Committee,
        Self::StateLeaf,
        Self::StateNode,
        Self::StateRoot,
        Self::ReceiptLeaf,
        Self::ReceiptNode,
        Self::ReceiptRoot,
        Self::ReceiptChain,
        Self::DevKey,
        Self::EventDigest,
        Self::SignedMessage,
        Self::DepositId,
        Self::PayoutId,
        Self::RedemptionId,
        Self::Report,
        Self::CouncilOps,
    ];

    pub const fn context(self) -> &'static str {
        match self {
            Self::Address => "ballast v1 address",
            Self::TxId => "ballast v1 transaction id",
            Self::Genesis => "ballast v1 genesis",
            Self::Header => "ballast v1 block header",
            Self::Payload => "ballast v1 block payload",
            Self::Batch => "ballast v1 batch",
            Self::Committee => "ballast v1 validator set",
            Self::StateLeaf => "ballast v1 state leaf",
            Self::StateNode => "ballast v1 state node",
            Self::StateRoot => "ballast v1 state root",
            Self::ReceiptLeaf => "ballast v1 receipt leaf",
            Self::ReceiptNode => "ballast v1 receipt node",
            Self::ReceiptRoot => "ballast v1 receipt root",
            Self::ReceiptChain => "ballast v1 receipt chain",
            Self::DevKey => "ballast v1 dev key",
            Self::EventDigest => "ballast v1 event",
            Self::SignedMessage => "ballast v1 signed message",
            Self::DepositId => "ballast v1 deposit id",
            Self::PayoutId => "ballast v1 payout id",
            Self::RedemptionId => "ballast v1 redemption id",
            Self::Report => "ballast v1 report",
            Self::CouncilOps => "ballast v1 council operations",
        }
    }
}

/// The first 16 bytes of everything that is signed. A signature made under one tag is never
/// valid under another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignTag {
    Transaction,
    CouncilVote,
    Permit,
    PayAuth,
    Report,
    Travel,
    Proposal,
    Vote,
    Return,
    Override,
}

impl SignTag {
    pub const LENGTH: usize = 16;
    pub const ALL: [Self; 10] = [
        Self::Transaction,
        Self::CouncilVote,
        Self::Permit,
        Self::PayAuth,
        Self::Report,
        Self::Travel,
        Self::Proposal,
        Self::Vote,
        Self::Return,
        Self::Override,
    ];

    pub const fn bytes(self) -> &'static [u8; Self::LENGTH] {
        match self {
            Self::Transaction => b"BALLAST1-TX\0\0\0\0\0",
            Self::CouncilVote => b"BALLAST1-COUNCIL",
            Self::Permit => b"BALLAST1-PERMIT\0",
            Self::PayAuth => b"BALLAST1-PAYAUTH",
            Self::Report => b"BALLAST1-REPORT\0",
            Self::Travel => b"BALLAST1-TRAVEL\0",
            Self::Proposal => b"BALLAST1-PROPOSE",
            Self::Vote => b"BALLAST1-VOTE\0\0\0",
            Self::Return => b"BALLAST1-RETURN\0",
            Self::Override => b"BALLAST1-OVERRID",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_purposes_share_a_domain_or_a_tag() {
        let contexts: BTreeSet<_> = Domain::ALL.iter().map(|domain| domain.context()).collect();
        assert_eq!(contexts.len(), Domain::ALL.len());
        let tags: BTreeSet<_> = SignTag::ALL.iter().map(|tag| tag.bytes()).collect();
        assert_eq!(tags.len(), SignTag::ALL.len());
        for (at, domain) in Domain::ALL.into_iter().enumerate() {
            assert_eq!(domain as usize, at, "{domain:?} is out of order");
        }
    }
}
