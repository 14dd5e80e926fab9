//! Which validator set decides a height, for someone who knows only the genesis: from there each
//! change is committed by a quorum of the set that it ends.
//!
//! Who verifies trusts that of each set on the way a quorum has signed one chain only, then and
//! since: the keys of a set that no longer decides could still sign another past. Nothing offline
//! tells the two apart, so keys that have left a set are to be destroyed.

use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

use crate::committee::{Committee, CommitteeError};
use crate::hash::Hash;
use crate::proof::{CertifiedHeader, ProofError};

/// The last header of a validator set, certified by it, and the set that decides from the next
/// height on, whose digest the header names.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetChange {
    pub anchor: CertifiedHeader,
    pub set: Committee,
}

/// Why a change does not follow those before it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SetChangeError {
    #[error("it is not above the one before it")]
    Order,
    #[error("its header names the same set for the next height")]
    Same,
    #[error("the set given is not the one that its header names")]
    WrongSet,
    #[error("the set given is not valid: {0}")]
    BadSet(#[from] CommitteeError),
    #[error("{0}")]
    Header(Box<ProofError>),
}

/// The sets of a chain, each from the height that it decides first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetHistory {
    genesis: Hash,
    /// The first set, which decides from the first height on.
    first: Committee,
    /// Ascending by height.
    later: Vec<(u64, Committee)>,
}

impl SetHistory {
    /// The history of a chain whose set has not changed since genesis.
    pub const fn new(genesis: Hash, first: Committee) -> Self {
        Self { genesis, first, later: Vec::new() }
    }

    /// Adds the next change, which the newest set of the history must have certified.
    pub fn extend(&mut self, change: SetChange) -> Result<(), ProofError> {
        let height = change.anchor.header.height;
        let checked = self.check(&change);
        checked.map_err(|error| ProofError::Change { height, error })?;
        self.later.push((height.saturating_add(1), change.set));
        Ok(())
    }

    /// The history with all of `changes`, in their order.
    pub fn extended(
        mut self,
        changes: impl IntoIterator<Item = SetChange>,
    ) -> Result<Self, ProofError> {
        changes.into_iter().try_for_each(|change| self.extend(change))?;
        Ok(self)
    }

    fn check(&self, change: &SetChange) -> Result<(), SetChangeError> {
        let SetChange { anchor, set } = change;
        let (from, newest) = self.newest();
        if anchor.header.height < from {
            return Err(SetChangeError::Order);
        }
        let verified = anchor.verify(&self.genesis, newest);
        verified.map_err(|error| SetChangeError::Header(Box::new(error)))?;
        if anchor.header.next_validators == anchor.header.validators {
            return Err(SetChangeError::Same);
        }
        if set.digest() != anchor.header.next_validators {
            return Err(SetChangeError::WrongSet);
        }
        Ok(set.check()?)
    }

    /// The newest set, and the first height that it decides.
    pub fn newest(&self) -> (u64, &Committee) {
        self.at(u64::MAX)
    }

    /// The set that decides `height`, as far as the history goes, and since which height.
    pub fn at(&self, height: u64) -> (u64, &Committee) {
        let newest = self.later.iter().rev().find(|(from, _)| *from <= height);
        newest.map_or((1, &self.first), |(from, set)| (*from, set))
    }

    /// How often the set has changed.
    pub const fn changes(&self) -> usize {
        self.later.len()
    }

    /// Verifies a header by the set of its height.
    pub fn verify(&self, anchor: &CertifiedHeader) -> Result<(), ProofError> {
        let height = anchor.header.height;
        match anchor.verify(&self.genesis, self.at(height).1) {
            Err(ProofError::WrongCommittee) => Err(self.blame(height, anchor.header.validators)),
            verified => verified,
        }
    }

    /// Says what is wrong with a header at `height` that names the set `digest`, which is not the
    /// one of its height.
    fn blame(&self, height: u64, digest: Hash) -> ProofError {
        let terms = self.terms();
        let named = |term: &&Term<'_>| term.set.digest() == digest;
        if let Some(past) = terms.iter().rev().filter(|term| term.first <= height).find(named) {
            return ProofError::OldCommittee { height, last: past.last };
        }
        match terms.iter().find(named) {
            Some(later) => ProofError::EarlyCommittee { height, first: later.first },
            None => ProofError::UnknownCommittee { height },
        }
    }

    fn terms(&self) -> Vec<Term<'_>> {
        let later = self.later.iter().map(|(first, set)| (*first, set));
        let starts: Vec<_> = std::iter::once((1, &self.first)).chain(later).collect();
        let next = starts.iter().skip(1).map(|(first, _)| first.saturating_sub(1));
        let lasts = next.chain(std::iter::once(u64::MAX));
        let term = |((first, set), last)| Term { first, last, set };
        starts.iter().copied().zip(lasts).map(term).collect()
    }
}

/// The heights that a set decides.
struct Term<'a> {
    first: u64,
    last: u64,
    set: &'a Committee,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Header;
    use crate::certificate::{
        CertificateError, CommitCertificate, CommitSignature, Vote, VoteKind,
    };
    use crate::committee::Validator;
    use crate::keys::SecretKey;

    const GENESIS: Hash = Hash([9; 32]);

    fn key(n: usize) -> SecretKey {
        SecretKey::dev("history", &format!("key {n}"))
    }

    fn committee(members: &[usize]) -> Committee {
        let validator = |n: &usize| Validator {
            key: key(*n).public(),
            peer: SecretKey::dev("history", &format!("peer {n}")).public(),
            power: 1,
            name: format!("validator-{n}"),
        };
        Committee::new(members.iter().map(validator).collect()).unwrap()
    }

    /// A header at `height` that names two sets, signed by `signers`.
    fn header(height: u64, now: &[usize], next: &[usize], signers: &[usize]) -> CertifiedHeader {
        let header = Header {
            version: Header::VERSION,
            genesis: GENESIS,
            height,
            parent: Hash([1; 32]),
            parent_round: 0,
            time: height,
            proposer: key(signers[0]).public(),
            payload: Hash([2; 32]),
            executed_height: height - 1,
            state_root: Hash([3; 32]),
            receipts_root: Hash([4; 32]),
            validators: committee(now).digest(),
            next_validators: committee(next).digest(),
        };
        let (kind, block) = (VoteKind::Precommit, header.id());
        let message = Vote { kind, height, round: 0, block: Some(block) }.signed_bytes(&GENESIS);
        let sign = |n: &usize| CommitSignature {
            validator: key(*n).public(),
            signature: key(*n).sign(&message),
        };
        let mut signatures: Vec<_> = signers.iter().map(sign).collect();
        signatures.sort_by_key(|entry| entry.validator);
        let certificate = CommitCertificate { height, round: 0, block, signatures };
        CertifiedHeader { header, certificate }
    }

    const A: &[usize] = &[0, 1, 2, 3];
    const B: &[usize] = &[0, 1, 2, 3, 4];
    const C: &[usize] = &[1, 2, 3, 4];

    fn change(height: u64, now: &[usize], next: &[usize]) -> SetChange {
        SetChange { anchor: header(height, now, next, now), set: committee(next) }
    }

    fn history(changes: Vec<SetChange>) -> Result<SetHistory, ProofError> {
        SetHistory::new(GENESIS, committee(A)).extended(changes)
    }

    #[test]
    fn each_height_is_verified_by_its_own_set() {
        let history = history(vec![change(6, A, B), change(9, B, C), change(10, C, A)]).unwrap();
        assert_eq!((history.changes(), history.newest()), (3, (11, &committee(A))));
        for (height, members) in [(1, A), (6, A), (7, B), (9, B), (10, C), (11, A), (99, A)] {
            assert_eq!(history.at(height).1, &committee(members), "{height}");
            let good = header(height, members, members, members);
            assert_eq!(history.verify(&good), Ok(()), "{height}");
        }
    }

    #[test]
    fn a_set_is_refused_where_it_does_not_decide_and_the_reason_names_the_heights() {
        let known = history(vec![change(6, A, B), change(9, B, C)]).unwrap();
        for (height, members, expected) in [
            (7, A, ProofError::OldCommittee { height: 7, last: 6 }),
            (50, A, ProofError::OldCommittee { height: 50, last: 6 }),
            (10, B, ProofError::OldCommittee { height: 10, last: 9 }),
            (6, B, ProofError::EarlyCommittee { height: 6, first: 7 }),
            (9, C, ProofError::EarlyCommittee { height: 9, first: 10 }),
            (10, &[0, 1, 2], ProofError::UnknownCommittee { height: 10 }),
        ] {
            let bad = header(height, members, members, members);
            assert_eq!(known.verify(&bad), Err(expected), "{height}");
        }
        // The right name under too few signatures, or under those of the old set.
        let forged = header(7, B, B, &[0, 1, 2]);
        let why = CertificateError::NoQuorum { signed: 3, total: 5 };
        assert_eq!(known.verify(&forged), Err(ProofError::Certificate(why)));
        let forged = header(10, C, C, A);
        let why = CertificateError::UnknownValidator;
        assert_eq!(known.verify(&forged), Err(ProofError::Certificate(why)));
    }

    #[test]
    fn a_chain_of_changes_that_is_cut_shuffled_or_forged_is_refused() {
        let (one, two) = (change(6, A, B), change(9, B, C));
        let at = |height, error| Err(ProofError::Change { height, error });
        let header_error = |error| SetChangeError::Header(Box::new(error));
        // Without the first the second hangs in the air; without the last so does what follows.
        let unknown = header_error(ProofError::WrongCommittee);
        assert_eq!(history(vec![two.clone()]), at(9, unknown.clone()));
        let cut = history(vec![one.clone()]).unwrap();
        let unknown_at = ProofError::UnknownCommittee { height: 10 };
        assert_eq!(cut.verify(&header(10, C, C, C)), Err(unknown_at));
        assert_eq!(history(vec![two.clone(), one.clone()]), at(9, unknown));
        let again = vec![one.clone(), two.clone(), two.clone()];
        assert_eq!(history(again), at(9, SetChangeError::Order));
        // Another set than the header names.
        let swapped = SetChange { set: committee(C), ..one.clone() };
        assert_eq!(history(vec![swapped]), at(6, SetChangeError::WrongSet));
        // A header that changes nothing.
        assert_eq!(history(vec![change(6, A, A)]), at(6, SetChangeError::Same));
        // Signed by less than a quorum of the set it ends.
        let weak = SetChange { anchor: header(6, A, B, &[0, 1]), set: committee(B) };
        let no_quorum = CertificateError::NoQuorum { signed: 2, total: 4 };
        let why = header_error(ProofError::Certificate(no_quorum));
        assert_eq!(history(vec![weak]), at(6, why));
        // Of another chain.
        let other = SetHistory::new(Hash([8; 32]), committee(A)).extended([one]);
        assert_eq!(other, at(6, header_error(ProofError::WrongChain)));
    }
}
