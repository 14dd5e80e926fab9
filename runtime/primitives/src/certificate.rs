//! Votes as they are signed, and the certificate that a quorum of them makes.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

use crate::codec;
use crate::committee::Committee;
use crate::domain::SignTag;
use crate::hash::Hash;
use crate::keys::{PublicKey, Signature};
use crate::planted::{Bug, planted};
use crate::signature::{Item, SignatureError, verify};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum VoteKind {
    Prevote,
    Precommit,
}

/// What a validator signs when it votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Vote {
    pub kind: VoteKind,
    pub height: u64,
    pub round: u32,
    /// The block's id, or none for nil.
    pub block: Option<Hash>,
}

impl Vote {
    /// The bytes signed: tag, genesis hash, vote.
    pub fn signed_bytes(&self, genesis: &Hash) -> Vec<u8> {
        let mut bytes = SignTag::Vote.bytes().to_vec();
        bytes.extend_from_slice(&genesis.0);
        bytes.extend_from_slice(&codec::encode(self));
        bytes
    }
}

/// One validator's precommit inside a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CommitSignature {
    pub validator: PublicKey,
    pub signature: Signature,
}

/// Proof that a quorum committed a block. Validators hold different valid subsets of the
/// signatures, so a certificate is never hashed into anything that is agreed on.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CommitCertificate {
    pub height: u64,
    pub round: u32,
    pub block: Hash,
    /// Strictly ascending by validator.
    pub signatures: Vec<CommitSignature>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CertificateError {
    #[error("the signatures are not strictly ascending by validator")]
    Order,
    #[error("a signer is not in the validator set")]
    UnknownValidator,
    #[error("signed power {signed} of {total} is not more than two thirds")]
    NoQuorum { signed: u128, total: u128 },
    #[error("the signature of validator {0} does not verify")]
    BadSignature(PublicKey),
}

/// Whether those who signed are a quorum of the set, each once and in order.
pub(crate) fn check_signers(
    committee: &Committee,
    signatures: &[CommitSignature],
) -> Result<(), CertificateError> {
    let ordered = signatures.is_sorted_by(|a, b| a.validator < b.validator);
    if !ordered && !planted(Bug::DuplicateSignerCounted) {
        return Err(CertificateError::Order);
    }
    let mut signed = 0u128;
    for entry in signatures {
        let validator =
            committee.get(&entry.validator).ok_or(CertificateError::UnknownValidator)?;
        signed += u128::from(validator.power);
    }
    if !committee.is_quorum(signed) {
        let total = committee.total_power();
        return Err(CertificateError::NoQuorum { signed, total });
    }
    Ok(())
}

impl CommitCertificate {
    /// The precommit that every signature of this certificate signs.
    pub const fn vote(&self) -> Vote {
        Vote {
            kind: VoteKind::Precommit,
            height: self.height,
            round: self.round,
            block: Some(self.block),
        }
    }

    /// Everything but the signatures themselves: order, membership, quorum.
    pub fn check_quorum(&self, committee: &Committee) -> Result<(), CertificateError> {
        check_signers(committee, &self.signatures)
    }

    /// Verifies the certificate whole against the validator set of its height.
    pub fn verify(&self, genesis: &Hash, committee: &Committee) -> Result<(), CertificateError> {
        self.verify_by(genesis, committee, verify)
    }

    /// As [`Self::verify`], each signature by asking `verify`, which answers under rule R.
    pub fn verify_by(
        &self,
        genesis: &Hash,
        committee: &Committee,
        verify: impl Fn(&PublicKey, &[u8], &Signature) -> Result<(), SignatureError>,
    ) -> Result<(), CertificateError> {
        self.check_quorum(committee)?;
        let message = self.vote().signed_bytes(genesis);
        for entry in &self.signatures {
            verify(&entry.validator, &message, &entry.signature)
                .map_err(|_| CertificateError::BadSignature(entry.validator))?;
        }
        Ok(())
    }

    /// The keys of those who signed.
    pub fn signers(&self) -> BTreeSet<PublicKey> {
        self.signatures.iter().map(|entry| entry.validator).collect()
    }
}

/// Verifies certificates of several blocks, each against the validator set of its height, all their
/// signatures at once: `verify_all` answers for each under rule R, in order.
pub fn verify_certificates(
    genesis: &Hash,
    certificates: &[(&CommitCertificate, &Committee)],
    verify_all: impl FnOnce(&[Item<'_>]) -> Vec<Result<(), SignatureError>>,
) -> Vec<Result<(), CertificateError>> {
    let quorums: Vec<_> =
        certificates.iter().map(|(certificate, set)| certificate.check_quorum(set)).collect();
    let messages: Vec<_> = certificates
        .iter()
        .map(|(certificate, _)| certificate.vote().signed_bytes(genesis))
        .collect();
    let counted = certificates.iter().zip(&quorums).zip(&messages);
    let items: Vec<_> = counted
        .filter(|((_, quorum), _)| quorum.is_ok())
        .flat_map(|(((certificate, _), _), message)| {
            certificate.signatures.iter().map(move |entry| Item {
                key: entry.validator,
                message: message.as_slice(),
                signature: entry.signature,
            })
        })
        .collect();
    let mut answers = verify_all(&items).into_iter();
    let mut signatures = |certificate: &CommitCertificate| {
        let mut bad = None;
        for entry in &certificate.signatures {
            // One that was not answered for is not good.
            if answers.next().is_none_or(|answer| answer.is_err()) {
                bad = bad.or(Some(entry.validator));
            }
        }
        bad.map_or(Ok(()), |key| Err(CertificateError::BadSignature(key)))
    };
    let verdict = |((certificate, _), quorum): (&(&CommitCertificate, _), Result<(), _>)| {
        quorum.and_then(|()| signatures(certificate))
    };
    certificates.iter().zip(quorums).map(verdict).collect()
}
