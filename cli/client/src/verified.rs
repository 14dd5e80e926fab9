//! Answers that need no trust in the validator that gives them: each comes with a proof that is
//! verified here, from the genesis hash on, through every change of the validator set.

use std::sync::{Mutex, PoisonError};

use ballast_primitives::history::SetHistory;
use ballast_primitives::{Address, Hash, Header};
use ballast_proto::error::ServiceReason;
use ballast_proto::v1;
use ballast_proto::v1::get_proof_request::Target;
use ballast_runtime::object::{Account, Kind, Report, Supply};
use ballast_runtime::{Code, Genesis, Key, Receipt, TxBody};

use crate::Client;
use crate::error::Error;
use crate::proof::{self, Proven, ProvenObject};
use crate::tx::Fate;

/// Something that a quorum of the chain's validators stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T> {
    pub value: T,
    /// The height whose results hold it.
    pub height: u64,
    /// The header that attests them.
    pub anchor: Header,
}

/// What became of a transaction, beyond doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProvenFate {
    /// In a block, with or without effect: see the receipt's outcome.
    Included(Box<Verified<Receipt>>),
    /// In no block, and it can never be: this is the header that ended its time, and its nonce was
    /// unused before.
    Expired(Box<Header>),
    /// In no block, and it can never be: this is the receipt of another transaction under its nonce.
    Replaced(Box<Verified<Receipt>>),
}

/// A client that believes a validator only what it proves.
///
/// What proofs cannot show is what a validator withholds: that there is nothing newer. So an answer
/// names its height and its header's time, and none is taken that is older than one seen before.
pub struct VerifiedClient {
    client: Client,
    genesis: Genesis,
    known: Mutex<Known>,
}

struct Known {
    sets: SetHistory,
    /// The newest height that has been proven.
    newest: u64,
}

impl VerifiedClient {
    /// Begins with the genesis hash alone: the genesis is asked for and checked against it.
    pub async fn new(client: Client, genesis_hash: Hash) -> Result<Self, Error> {
        let genesis = client.genesis(genesis_hash).await?;
        Ok(Self::with_genesis(client, genesis))
    }

    /// Begins with a genesis that is trusted.
    pub fn with_genesis(client: Client, genesis: Genesis) -> Self {
        let sets = SetHistory::new(genesis.hash(), genesis.validators.clone());
        Self { client, genesis, known: Mutex::new(Known { sets, newest: 0 }) }
    }

    /// The client underneath, whose answers are a validator's word.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    pub async fn account(&self, address: &Address) -> Result<Verified<Account>, Error> {
        let target = Target::Account(address.display(self.genesis.network));
        self.object(target, Key::Account(*address)).await
    }

    pub async fn supply(&self) -> Result<Verified<Supply>, Error> {
        self.object(Target::Supply(v1::SupplyTarget {}), Key::Supply).await
    }

    /// A reserve report by its number, from 1.
    pub async fn report(&self, number: u64) -> Result<Verified<Report>, Error> {
        self.object(Target::Report(number), Key::Report(number)).await
    }

    /// The receipt of a transaction.
    pub async fn receipt(&self, id: Hash) -> Result<Verified<Receipt>, Error> {
        match self.prove(Target::TxId(id.to_string())).await? {
            Proven::Receipt(proven) if proven.receipt.tx == id => Ok(Verified {
                height: proven.receipt.height,
                value: proven.receipt,
                anchor: proven.anchor,
            }),
            _ => Err(Error::ProofOfAnother),
        }
    }

    /// What became of a transaction; none when it is not decided, or cannot be proven (yet): ask
    /// again.
    ///
    /// That it expired follows from its sender: a header whose time is not below `valid_until`
    /// attests the state right before it, in which the transaction's nonce is unused. No later
    /// block may hold it, and no earlier one does. That it was replaced follows from the receipt of
    /// the other transaction, which has the same sender and nonce.
    pub async fn fate(&self, body: &TxBody) -> Result<Option<ProvenFate>, Error> {
        match self.receipt(body.id()).await {
            Ok(receipt) => return Ok(Some(ProvenFate::Included(Box::new(receipt)))),
            Err(error) if is_no_proof(&error) => {}
            Err(error) => return Err(error),
        }
        let sender = self.account(&body.sender).await?;
        let unused =
            matches!(sender.value.replay.check(body.nonce), Ok(()) | Err(Code::NonceTooNew));
        let anchor = sender.anchor;
        let is_right_before = anchor.height == sender.height.saturating_add(1);
        let is_over = anchor.time >= body.valid_until;
        if unused {
            let expired = is_right_before && is_over;
            return Ok(expired.then(|| ProvenFate::Expired(Box::new(anchor))));
        }
        let by = self.replaced(body).await?;
        Ok(by.map(|receipt| ProvenFate::Replaced(Box::new(receipt))))
    }

    /// The receipt of whatever used the nonce, as far as a validator tells.
    async fn replaced(&self, body: &TxBody) -> Result<Option<Verified<Receipt>>, Error> {
        let told = self.client.wait_for(body, std::time::Duration::ZERO).await?;
        let Fate::Replaced(Some(by)) = told else { return Ok(None) };
        let found = match self.receipt(by).await {
            Ok(found) => found,
            Err(error) if is_no_proof(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let receipt = &found.value;
        let replaces = receipt.sender == body.sender && receipt.nonce == body.nonce;
        if !replaces || receipt.tx == body.id() {
            return Err(Error::ProofOfAnother);
        }
        Ok(Some(found))
    }

    async fn object<T: Kind + Clone>(
        &self,
        target: Target,
        key: Key,
    ) -> Result<Verified<T>, Error> {
        let Proven::Object(proven) = self.prove(target).await? else {
            return Err(Error::ProofOfAnother);
        };
        let ProvenObject { key: found, object, height, anchor } = *proven;
        let value = T::of(&object).filter(|_| found == key).ok_or(Error::ProofOfAnother)?.clone();
        self.advance(height)?;
        Ok(Verified { value, height, anchor })
    }

    /// A proof, verified by the set that decided its header's height.
    async fn prove(&self, target: Target) -> Result<Proven, Error> {
        let answer = self.client.proof(target).await?;
        let nothing = || Error::BadAnswer("it holds no proof".to_owned());
        let proof = proof::read_answer(answer.proof.ok_or_else(nothing)?)?;
        let sets = self.sets_up_to(proof.anchor().header.height).await?;
        proof.verify_through(&sets)?;
        proof::proven(proof)
    }

    /// The sets up to the one that decides `height`. What is learnt is kept once it is verified.
    async fn sets_up_to(&self, height: u64) -> Result<SetHistory, Error> {
        let mut sets = self.lock().sets.clone();
        let first = if sets.changes() == 0 { 0 } else { sets.newest().0 };
        if height < first {
            return Ok(sets);
        }
        for change in self.client.set_changes_from(first, height).await? {
            sets.extend(change)?;
        }
        let mut known = self.lock();
        if known.sets.changes() < sets.changes() {
            known.sets = sets.clone();
        }
        Ok(sets)
    }

    /// The state only goes forward.
    fn advance(&self, height: u64) -> Result<(), Error> {
        let mut known = self.lock();
        if height < known.newest {
            return Err(Error::ProofOutdated { height, newest: known.newest });
        }
        known.newest = height;
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_no_proof(error: &Error) -> bool {
    let no_proof = [ServiceReason::ProofNotFound, ServiceReason::ProofTimeout];
    error.refusal().is_some_and(|reason| no_proof.iter().any(|none| *reason == (*none).into()))
}
