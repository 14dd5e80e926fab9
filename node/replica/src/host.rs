//! The consensus host: drives Malachite's core through one height after another and turns its
//! effects into [`Out`] values, which the replica acts on after the core has returned.
//!
//! Rules kept here: the core is never entered from inside one of its effects; a signature is made
//! only after [`Safety`] agrees; what must be durable comes out before what is to be sent; every
//! signature is verified once per height and remembered.

#![allow(clippy::result_large_err, reason = "the error types are the consensus core's")]

use std::collections::BTreeSet;

use arc_malachitebft_core_consensus::{
    Effect, Error, Input, LivenessMsg, LocallyProposedValue, Params, ProposedValue, Resumable,
    Resume, SignedConsensusMsg, State, ThresholdParams, ValuePayload,
};
use arc_malachitebft_core_types as malachite;
use ballast_primitives::hash::{Hash, Hasher};
use ballast_primitives::planted::{Bug, planted};
use ballast_primitives::{
    CommitCertificate, CommitSignature, Domain, PublicKey, Return, SecretKey, Signature, VoteKind,
};
use malachite::{
    CertificateError, NilOrVal, Round, SignedMessage, Threshold, Timeout, Validity, ValueOrigin,
    VoteExtensionPolicy, VoteType,
};

use crate::config::Verify;
use crate::context::{BlockValue, Ctx, Height, Members, Proposal, ValidatorKey, Vote};
use crate::message::{
    Message, WirePolka, WireProposal, WireRound, WireVote, proposal_signed_bytes,
};
use crate::safety::{Memory, Refusal, Safety, SignState, Step};
use crate::sets::Seats;
use crate::verified::Verified;
use crate::wal::WalEntry;
use crate::witness::{Spoken, Witness, precommits};

type CoreError = Error<Ctx>;

/// What the core asked for, in order.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "short-lived, and few at a time")]
pub enum Out {
    /// Append to the write-ahead log.
    Wal(Vec<u8>),
    /// Make durable before anything after it is sent.
    SignState(Memory),
    /// Send to every validator.
    Broadcast(Message),
    /// Build a block for this round and answer with [`Host::propose`].
    GetValue {
        height: u64,
        round: u32,
    },
    Schedule(Timeout),
    Cancel(Timeout),
    CancelAll,
    RoundStarted {
        round: u32,
        proposer: PublicKey,
    },
    /// A quorum committed this block; the height is over.
    Decided {
        value: BlockValue,
        certificate: CommitCertificate,
    },
    /// The validator was asked to sign and may not.
    Refused(Refusal),
    /// A genuine message of this validator's key that its sign-state does not know.
    OwnHeard(SignState),
}

/// A stop that nothing but an operator can mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    #[error("replaying the write-ahead log gave another message than the one recorded: {0}")]
    ReplayDivergence(String),
}

/// Drives the core.
pub struct Host {
    core: State<Ctx>,
    room: Room,
}

/// What the effects need besides the core itself.
struct Room {
    genesis: Hash,
    members: Members,
    key: SecretKey,
    public: PublicKey,
    verify: Verify,
    safety: Safety,
    height: u64,
    /// Verified for this height, and for heights that have not begun.
    verified: Verified,
    verified_early: Verified,
    /// Since it was last asked, something did not verify.
    forgery: bool,
    witness: Witness,
    /// Records of the log being replayed: appended again, they would double it.
    replayed: BTreeSet<Vec<u8>>,
    outs: Vec<Out>,
    /// The certificate of a decision whose value is still to be read from the core.
    decided: Option<CommitCertificate>,
}

impl Host {
    pub fn new(
        genesis: Hash,
        key: SecretKey,
        seats: Seats,
        safety: Safety,
        verify: Verify,
    ) -> Self {
        let public = key.public();
        let members = Members::new(seats);
        let params = Params {
            address: ValidatorKey(public),
            threshold_params: thresholds(&members),
            value_payload: ValuePayload::ProposalAndParts,
            enabled: true,
        };
        // The queue of inputs for later heights stays unused: the replica checks and holds those
        // itself, since the core would hold them before it verifies them.
        let core = State::new(Ctx, Height(0), members.clone(), params, 1, 1);
        let room = Room {
            genesis,
            members,
            key,
            public,
            verify,
            safety,
            height: 0,
            verified: Verified::default(),
            verified_early: Verified::default(),
            forgery: false,
            witness: Witness::default(),
            replayed: BTreeSet::new(),
            outs: Vec::new(),
            decided: None,
        };
        Self { core, room }
    }

    /// The height the core works on; 0 before the first.
    pub const fn height(&self) -> u64 {
        self.room.height
    }

    pub fn round(&self) -> u32 {
        self.core.round().as_u32().unwrap_or(0)
    }

    pub fn is_validator(&self) -> bool {
        self.core.is_active_validator()
    }

    pub const fn safety(&self) -> &Safety {
        &self.room.safety
    }

    pub const fn safety_mut(&mut self) -> &mut Safety {
        &mut self.room.safety
    }

    pub const fn witness(&self) -> &Witness {
        &self.room.witness
    }

    pub const fn witness_mut(&mut self) -> &mut Witness {
        &mut self.room.witness
    }

    /// Notes a message whose signature was verified. Given back is what the sign-state would say
    /// of it, if it is this validator's and news.
    pub fn hear(&mut self, key: PublicKey, spoken: Spoken) -> Option<SignState> {
        self.room.hear(key, spoken)
    }

    /// Notes the votes of a certificate that was verified; given back is what is news of this
    /// validator's own.
    pub fn hear_certificate(&mut self, certificate: &CommitCertificate) -> Option<SignState> {
        precommits(certificate).filter_map(|(key, spoken)| self.room.hear(key, spoken)).last()
    }

    /// Verifies a message that a peer shows.
    pub fn is_genuine(&mut self, key: &PublicKey, spoken: &Spoken) -> bool {
        let bytes = spoken.signed_bytes(&self.room.genesis);
        self.room.verify_at(spoken.place().0, key, &bytes, spoken.signature())
    }

    /// Brings the sign-state up to a log that has not been played back yet.
    pub fn read_log(&mut self, entries: &[WalEntry]) -> Vec<Out> {
        self.room.catch_up_sign_state(entries);
        self.take()
    }

    /// Starts `height` with its validator set.
    pub fn start(&mut self, height: u64, seats: &Seats) -> Result<Vec<Out>, HostError> {
        self.begin(height, seats, false)?;
        Ok(self.take())
    }

    /// Whether a log holds what this validator signed last.
    pub fn remembers(&self, entries: &[WalEntry], signed: &SignState) -> bool {
        self.room.is_in(entries, signed)
    }

    /// Starts `height` after a restart and feeds it the write-ahead log.
    pub fn recover(
        &mut self,
        height: u64,
        seats: &Seats,
        entries: Vec<WalEntry>,
    ) -> Result<Vec<Out>, HostError> {
        self.room.replayed = entries.iter().map(WalEntry::encode).collect();
        let inputs: Vec<_> = entries.into_iter().map(WalEntry::into_input).collect();
        self.begin_with_index(height, seats, &inputs)?;
        for input in inputs {
            self.feed(input)?;
        }
        self.core.reset_entries_index();
        self.room.replayed.clear();
        Ok(self.take())
    }

    fn begin_with_index(
        &mut self,
        height: u64,
        seats: &Seats,
        inputs: &[Input<Ctx>],
    ) -> Result<(), HostError> {
        self.core.index_wal_entries(inputs);
        self.begin(height, seats, true)
    }

    fn begin(&mut self, height: u64, seats: &Seats, restart: bool) -> Result<(), HostError> {
        if self.room.members.seats() != seats {
            self.room.members = Members::new(seats.clone());
        }
        self.room.height = height;
        self.room.verified = std::mem::take(&mut self.room.verified_early);
        let members = self.room.members.clone();
        let policy = VoteExtensionPolicy::Disabled;
        self.feed(Input::StartHeight(Height(height), members, restart, None, policy))
    }

    pub fn vote(&mut self, vote: &WireVote) -> Result<Vec<Out>, HostError> {
        self.feed(Input::Vote(vote.to_signed()))?;
        Ok(self.take())
    }

    pub fn proposal(&mut self, proposal: WireProposal) -> Result<Vec<Out>, HostError> {
        self.feed(Input::Proposal(proposal.into_signed()))?;
        Ok(self.take())
    }

    pub fn polka(&mut self, polka: &WirePolka) -> Result<Vec<Out>, HostError> {
        self.feed(Input::PolkaCertificate(polka.to_certificate()))?;
        Ok(self.take())
    }

    pub fn round_certificate(&mut self, round: &WireRound) -> Result<Vec<Out>, HostError> {
        if let Some(certificate) = round.to_certificate() {
            self.feed(Input::RoundCertificate(certificate))?;
        }
        Ok(self.take())
    }

    pub fn timeout(&mut self, timeout: Timeout) -> Result<Vec<Out>, HostError> {
        self.feed(Input::TimeoutElapsed(timeout))?;
        Ok(self.take())
    }

    /// The replica's verdict on a proposed block: only when it is final either way.
    pub fn verdict(
        &mut self,
        value: BlockValue,
        round: u32,
        proposer: PublicKey,
        valid: bool,
    ) -> Result<Vec<Out>, HostError> {
        let value = ProposedValue {
            height: Height(value.header().height),
            round: Round::new(round),
            valid_round: Round::Nil,
            proposer: ValidatorKey(proposer),
            value,
            validity: Validity::from_bool(valid),
        };
        self.feed(Input::ProposedValue(value, ValueOrigin::Consensus))?;
        Ok(self.take())
    }

    /// Answers [`Out::GetValue`].
    pub fn propose(&mut self, round: u32, value: BlockValue) -> Result<Vec<Out>, HostError> {
        let height = Height(value.header().height);
        let value = LocallyProposedValue::new(height, Round::new(round), value);
        self.feed(Input::Propose(value))?;
        Ok(self.take())
    }

    /// Verifies the signature of a vote that the replica keeps for a later height. That its
    /// validator is in that height's set is for the replica to know.
    pub fn vote_is_genuine(&mut self, vote: &WireVote) -> bool {
        let spoken = Spoken::Vote { vote: vote.vote, signature: vote.signature };
        let genuine = self.is_genuine(&vote.validator, &spoken);
        if genuine {
            self.room.note(vote.validator, spoken);
        }
        genuine
    }

    /// Verifies a round certificate of a height that has not begun, which `seats` decide.
    pub fn round_is_genuine(&mut self, round: &WireRound, seats: &Seats) -> bool {
        let members = match self.room.members.seats() == seats {
            true => self.room.members.clone(),
            false => Members::new(seats.clone()),
        };
        let certificate = round.to_certificate();
        certificate.is_some_and(|round| self.room.verify_round(&round, &members).is_ok())
    }

    /// Whether something that was given to the core since this was last asked did not verify.
    pub const fn took_forgery(&mut self) -> bool {
        std::mem::replace(&mut self.room.forgery, false)
    }

    /// Signs that this validator, passed over from the height `from` on, is well again; not while
    /// it signs nothing else.
    pub fn sign_return(&self, from: u64) -> Option<Return> {
        let silent = self.room.safety.is_silent(self.room.height);
        let bytes = Return::signed_bytes(from, &self.room.genesis);
        let signature = (!silent).then(|| self.room.key.sign(&bytes))?;
        Some(Return { validator: self.room.public, from, signature })
    }

    /// Verifies the signature of such a statement.
    pub fn return_is_genuine(&self, said: &Return) -> bool {
        let bytes = Return::signed_bytes(said.from, &self.room.genesis);
        (self.room.verify)(&said.validator, &bytes, &said.signature).is_ok()
    }

    /// Verifies a proposal's signature, and that its proposer has the turn by `seats`, those of the
    /// proposal's height.
    pub fn proposal_is_genuine(&mut self, proposal: &WireProposal, seats: &Seats) -> bool {
        let turn = seats.proposer(proposal.header.height, proposal.round);
        if turn.key != proposal.proposer {
            return false;
        }
        let spoken = proposal.spoken();
        let genuine = self.is_genuine(&proposal.proposer, &spoken);
        if genuine {
            self.room.note(proposal.proposer, spoken);
        }
        genuine
    }

    /// This validator's latest votes of the round, for a peer that has just come back.
    pub fn own_votes(&self) -> Vec<WireVote> {
        [&self.core.last_signed_prevote, &self.core.last_signed_precommit]
            .into_iter()
            .flatten()
            .filter(|signed| signed.signature != MUTED)
            .map(WireVote::from_signed)
            .collect()
    }

    /// Rounds of this height of which there are votes.
    pub fn vote_rounds(&self) -> usize {
        self.core.driver.votes().rounds()
    }

    /// Signatures remembered as verified.
    pub fn verified(&self) -> usize {
        self.room.verified.len() + self.room.verified_early.len()
    }

    /// Whether two thirds have precommitted nil in `round`, so that it decides nothing.
    pub fn has_given_up(&self, round: u32) -> bool {
        let votes = self.core.driver.votes();
        votes.is_threshold_met(&Round::new(round), VoteType::Precommit, Threshold::Nil)
    }

    /// The validators from whom no precommit of `round` has come: for the log.
    pub fn missing_precommits(&self, round: u32) -> Vec<String> {
        let committee = self.room.members.committee();
        let votes = self.core.driver.votes().per_round(Round::new(round));
        let voted = |key: PublicKey| {
            votes.is_some_and(|votes| {
                votes.get_vote(VoteType::Precommit, &ValidatorKey(key)).is_some()
            })
        };
        let missing = committee.validators().iter().filter(|v| !voted(v.key));
        missing.map(|v| v.name.clone()).collect()
    }

    fn take(&mut self) -> Vec<Out> {
        std::mem::take(&mut self.room.outs)
    }

    fn feed(&mut self, input: Input<Ctx>) -> Result<(), HostError> {
        let room = &mut self.room;
        // The core warns of each vote of ours that was not signed, several times a block.
        let _quiet = room
            .safety
            .is_silent(room.height)
            .then(|| tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::new()));
        let result: Result<(), CoreError> = arc_malachitebft_core_consensus::process!(
            input: input,
            state: &mut self.core,
            metrics: &(),
            with: effect => room.handle(effect)
        );
        match result {
            Ok(()) => {}
            Err(error @ CoreError::ReplayDivergence(..)) => {
                return Err(HostError::ReplayDivergence(error.to_string()));
            }
            // Every other error means that the input had no effect: it is the sender's fault.
            Err(error) => tracing::debug!(%error, "consensus refused an input"),
        }
        self.attach_decided_values();
        Ok(())
    }

    /// The core announces a decision by id; the value is in its state until the next height.
    fn attach_decided_values(&mut self) {
        let Some(certificate) = self.room.decided.take() else { return };
        if let Some((_, value)) = self.core.decided_value() {
            self.room.outs.push(Out::Decided { value, certificate });
        }
    }
}

/// Stands where a signature was refused. It verifies for no key, so the core drops the vote, and
/// the room drops the message.
const MUTED: Signature = Signature([0; 64]);

impl Room {
    fn handle(&mut self, effect: Effect<Ctx>) -> Result<Resume<Ctx>, CoreError> {
        Ok(match effect {
            Effect::CancelAllTimeouts(r) => {
                self.outs.push(Out::CancelAll);
                r.resume_with(())
            }
            Effect::CancelTimeout(timeout, r) => {
                self.outs.push(Out::Cancel(timeout));
                r.resume_with(())
            }
            Effect::ScheduleTimeout(timeout, r) => {
                self.outs.push(Out::Schedule(timeout));
                r.resume_with(())
            }
            Effect::StartRound(_, round, proposer, _, r) => {
                let round = round.as_u32().unwrap_or(0);
                self.outs.push(Out::RoundStarted { round, proposer: proposer.0 });
                r.resume_with(())
            }
            Effect::PublishConsensusMsg(message, r) => {
                self.publish(message);
                r.resume_with(())
            }
            Effect::PublishLivenessMsg(message, r) => {
                self.publish_liveness(message);
                r.resume_with(())
            }
            Effect::RepublishVote(vote, r) => {
                self.publish(SignedConsensusMsg::Vote(vote));
                r.resume_with(())
            }
            Effect::RepublishRoundCertificate(certificate, r) => {
                self.publish_liveness(LivenessMsg::SkipRoundCertificate(certificate));
                r.resume_with(())
            }
            Effect::GetValue(height, round, _, r) => {
                let round = round.as_u32().unwrap_or(0);
                self.outs.push(Out::GetValue { height: height.0, round });
                r.resume_with(())
            }
            // A proposal carries its value whole, and is published right after.
            Effect::RestreamProposal(.., r) => r.resume_with(()),
            // Catch-up applies certified blocks itself and never asks the core to.
            Effect::CertVerifiedSyncValue(.., r) => r.resume_with(()),
            Effect::CertRejectedSyncValue(.., r) => r.resume_with(()),
            Effect::Decide(certificate, _, r) => {
                self.decided = Some(plain_certificate(&certificate));
                r.resume_with(())
            }
            // The witness has found the same, and more.
            Effect::Finalize(.., r) => r.resume_with(()),
            Effect::SignVote(vote, r) => {
                let signature = self.sign_vote(&vote);
                r.resume_with(SignedMessage::new(vote, signature))
            }
            Effect::SignProposal(proposal, r) => {
                let signature = self.sign_proposal(&proposal);
                r.resume_with(SignedMessage::new(proposal, signature))
            }
            Effect::VerifySignature(message, key, r) => {
                let valid = self.verify_message(&message, &key);
                r.resume_with(valid)
            }
            Effect::VerifyCommitCertificate(certificate, members, _, r) => {
                r.resume_with(self.verify_commit(&certificate, &members))
            }
            Effect::VerifyExtendedCommitCertificate(certificate, members, _, _, r) => {
                r.resume_with(self.verify_commit(&certificate.trim_vote_extensions(), &members))
            }
            Effect::VerifyPolkaCertificate(certificate, members, _, r) => {
                r.resume_with(self.verify_polka(&certificate, &members))
            }
            Effect::VerifyRoundCertificate(certificate, members, _, r) => {
                r.resume_with(self.verify_round(&certificate, &members))
            }
            Effect::WalAppend(height, input, r) => {
                self.append(height, &input);
                r.resume_with(())
            }
            // Vote extensions are switched off.
            Effect::ExtendVote(.., r) => r.resume_with(None),
            Effect::VerifyVoteExtension(.., r) => r.resume_with(Ok(())),
        })
    }

    fn append(&mut self, height: Height, input: &Input<Ctx>) {
        // What a mute validator does rests on nothing, and a log that it went on with would pass for
        // the one it lost: votes of its own come back from others.
        let rests_on_nothing =
            height.0 <= self.safety.muted_through() || !self.safety.is_history_known();
        if height.0 != self.height || rests_on_nothing {
            return;
        }
        let Some(entry) = WalEntry::from_input(input) else { return };
        if planted(Bug::LogEntryDropped) && matches!(entry, WalEntry::Vote(_)) {
            return;
        }
        let bytes = entry.encode();
        if !self.replayed.contains(&bytes) {
            self.outs.push(Out::Wal(bytes));
        }
    }

    fn publish(&mut self, message: SignedConsensusMsg<Ctx>) {
        if *message.signature() == MUTED {
            return;
        }
        self.outs.push(Out::Broadcast(match &message {
            SignedConsensusMsg::Vote(vote) => Message::Vote(WireVote::from_signed(vote)),
            SignedConsensusMsg::Proposal(proposal) => {
                Message::Proposal(WireProposal::from_signed(proposal))
            }
        }));
    }

    fn publish_liveness(&mut self, message: LivenessMsg<Ctx>) {
        self.outs.push(Out::Broadcast(match &message {
            LivenessMsg::Vote(vote) => Message::Vote(WireVote::from_signed(vote)),
            LivenessMsg::PolkaCertificate(polka) => {
                Message::Polka(WirePolka::from_certificate(polka))
            }
            LivenessMsg::SkipRoundCertificate(round) => {
                Message::Round(WireRound::from_certificate(round))
            }
        }));
    }

    fn sign_vote(&mut self, vote: &Vote) -> Signature {
        let plain = vote.plain();
        let step = match vote.kind {
            VoteType::Prevote => Step::Prevote,
            VoteType::Precommit => Step::Precommit,
        };
        self.sign(plain.height, plain.round, step, &plain.signed_bytes(&self.genesis))
    }

    fn sign_proposal(&mut self, proposal: &Proposal) -> Signature {
        let round = proposal.round.as_u32().unwrap_or(0);
        let bytes = proposal_signed_bytes(proposal, &self.genesis);
        self.sign(proposal.height.0, round, Step::Proposal, &bytes)
    }

    fn sign(&mut self, height: u64, round: u32, step: Step, bytes: &[u8]) -> Signature {
        let message = signed_digest(bytes);
        match self.safety.approve(SignState { height, round, step, message }) {
            Ok(state) => {
                self.outs.extend(state.map(Out::SignState));
                let signature = self.key.sign(bytes);
                self.verified.insert(&self.public, bytes, &signature);
                signature
            }
            Err(refusal) => {
                self.outs.push(Out::Refused(refusal));
                MUTED
            }
        }
    }

    /// The log is synced before the sign-state is saved, so after a crash it may hold a message of
    /// ours that the sign-state does not know. The core will send it again as recorded.
    fn catch_up_sign_state(&mut self, entries: &[WalEntry]) {
        for entry in entries {
            let Some(own) = self.own(entry) else { continue };
            // A refusal means that the sign-state is further on already.
            if let Ok(Some(state)) = self.safety.approve(own) {
                self.outs.push(Out::SignState(state));
            }
        }
    }

    /// What the sign-state says of an entry that this validator signed; none for others'.
    fn own(&self, entry: &WalEntry) -> Option<SignState> {
        let (height, round, step, bytes) = match entry {
            WalEntry::Vote(vote) if vote.validator == self.public => {
                let step = match vote.vote.kind {
                    VoteKind::Prevote => Step::Prevote,
                    VoteKind::Precommit => Step::Precommit,
                };
                let bytes = vote.vote.signed_bytes(&self.genesis);
                (vote.vote.height, vote.vote.round, step, bytes)
            }
            WalEntry::Proposal(wire) if wire.proposer == self.public => {
                let signed = wire.clone().into_signed();
                let bytes = proposal_signed_bytes(&signed.message, &self.genesis);
                (wire.header.height, wire.round, Step::Proposal, bytes)
            }
            _ => return None,
        };
        Some(SignState { height, round, step, message: signed_digest(&bytes) })
    }

    /// Whether a log holds the message that `signed` is the record of. The log is synced before
    /// the sign-state, so one that does not has lost what it once held.
    fn is_in(&self, entries: &[WalEntry], signed: &SignState) -> bool {
        entries.iter().filter_map(|entry| self.own(entry)).any(|own| own == *signed)
    }

    fn verify(&mut self, key: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
        self.verify_at(self.height, key, bytes, signature)
    }

    /// Verifies something of `height`, once.
    fn verify_at(
        &mut self,
        height: u64,
        key: &PublicKey,
        bytes: &[u8],
        signature: &Signature,
    ) -> bool {
        let verified = match height > self.height {
            true => &mut self.verified_early,
            false => &mut self.verified,
        };
        if verified.contains(key, bytes, signature) || planted(Bug::SignatureUnchecked) {
            return true;
        }
        let valid = (self.verify)(key, bytes, signature).is_ok();
        match valid {
            true => verified.insert(key, bytes, signature),
            false => self.forgery = true,
        }
        valid
    }

    fn verify_message(
        &mut self,
        message: &SignedMessage<Ctx, arc_malachitebft_core_consensus::ConsensusMsg<Ctx>>,
        key: &PublicKey,
    ) -> bool {
        use arc_malachitebft_core_consensus::ConsensusMsg;
        let signature = message.signature;
        let spoken = match &message.message {
            ConsensusMsg::Vote(vote) => Spoken::Vote { vote: vote.plain(), signature },
            ConsensusMsg::Proposal(proposal) => Spoken::Proposal {
                height: proposal.height.0,
                round: proposal.round.as_u32().unwrap_or(0),
                pol_round: proposal.pol_round.as_u32(),
                block: proposal.value.id(),
                signature,
            },
        };
        let valid = self.verify(key, &spoken.signed_bytes(&self.genesis), &signature);
        if valid {
            self.note(*key, spoken);
        }
        valid
    }

    /// Notes a verified message, and asks what to do about one of this validator's own that is
    /// news.
    fn note(&mut self, key: PublicKey, spoken: Spoken) {
        let own = self.hear(key, spoken);
        self.outs.extend(own.map(Out::OwnHeard));
    }

    fn hear(&mut self, key: PublicKey, spoken: Spoken) -> Option<SignState> {
        if key != self.public {
            self.witness.hear(key, spoken);
            return None;
        }
        let (height, round, step) = spoken.place();
        let message = signed_digest(&spoken.signed_bytes(&self.genesis));
        let heard = SignState { height, round, step, message };
        let known =
            self.safety.last().is_some_and(|last| last.place() > heard.place() || last == heard);
        (!known).then_some(heard)
    }

    fn verify_commit(
        &mut self,
        certificate: &malachite::CommitCertificate<Ctx>,
        members: &Members,
    ) -> Result<(), CertificateError<Ctx>> {
        let malachite::CommitCertificate { height, round, value_id, commit_signatures } =
            certificate;
        let signers = commit_signatures.iter().map(|entry| (entry.address, entry.signature));
        let votes = votes_for(VoteType::Precommit, *height, *round, *value_id, signers);
        self.verify_votes(&votes, members, is_quorum)
    }

    fn verify_polka(
        &mut self,
        certificate: &malachite::PolkaCertificate<Ctx>,
        members: &Members,
    ) -> Result<(), CertificateError<Ctx>> {
        let malachite::PolkaCertificate { height, round, value_id, polka_signatures } = certificate;
        let signers = polka_signatures.iter().map(|entry| (entry.address, entry.signature));
        let votes = votes_for(VoteType::Prevote, *height, *round, *value_id, signers);
        self.verify_votes(&votes, members, is_quorum)
    }

    fn verify_round(
        &mut self,
        certificate: &malachite::RoundCertificate<Ctx>,
        members: &Members,
    ) -> Result<(), CertificateError<Ctx>> {
        let precommits = certificate.cert_type == malachite::RoundCertificateType::Precommit;
        let mut votes = Vec::new();
        for entry in &certificate.round_signatures {
            if precommits && entry.vote_type != VoteType::Precommit {
                return Err(CertificateError::InvalidVoteType(entry.address));
            }
            let vote = Vote {
                kind: entry.vote_type,
                height: certificate.height,
                round: certificate.round,
                value: entry.value_id,
                validator: entry.address,
            };
            votes.push((vote, entry.signature));
        }
        match precommits {
            true => self.verify_votes(&votes, members, is_quorum),
            false => self.verify_votes(&votes, members, |signed, total| 3 * signed > total),
        }
    }

    /// Every vote genuine, by a member, no member twice, and enough power.
    fn verify_votes(
        &mut self,
        votes: &[(Vote, Signature)],
        members: &Members,
        enough: impl Fn(u128, u128) -> bool,
    ) -> Result<(), CertificateError<Ctx>> {
        let committee = members.committee();
        let mut seen = BTreeSet::new();
        let mut signed = 0u128;
        for (vote, signature) in votes {
            let key = vote.validator;
            let member = committee.get(&key.0).ok_or(CertificateError::UnknownValidator(key))?;
            if !seen.insert(key) && !planted(Bug::DuplicateSignerCounted) {
                return Err(CertificateError::DuplicateVote(key));
            }
            let bytes = vote.plain().signed_bytes(&self.genesis);
            if !self.verify(&key.0, &bytes, signature) {
                let entry = malachite::CommitSignature::new(key, *signature);
                return Err(CertificateError::InvalidCommitSignature(entry));
            }
            self.note(key.0, Spoken::Vote { vote: vote.plain(), signature: *signature });
            signed += u128::from(member.power);
        }
        let total = committee.total_power();
        if enough(signed, total) {
            return Ok(());
        }
        let as_u64 = |power: u128| u64::try_from(power).unwrap_or(u64::MAX);
        Err(CertificateError::NotEnoughVotingPower {
            signed: as_u64(signed),
            total: as_u64(total),
            expected: as_u64(2 * total / 3 + 1),
        })
    }
}

/// More than two thirds of the power.
fn is_quorum(signed: u128, total: u128) -> bool {
    3 * (signed + u128::from(planted(Bug::QuorumMinusOne))) > 2 * total
}

fn thresholds(members: &Members) -> ThresholdParams {
    let mut params = ThresholdParams::default();
    if planted(Bug::QuorumMinusOne) {
        let total = malachite::ValidatorSet::<Ctx>::total_voting_power(members);
        params.quorum = malachite::ThresholdParam::new((2 * total / 3).saturating_sub(1), total);
    }
    params
}

/// The votes for one block that a certificate's signatures stand for.
fn votes_for(
    kind: VoteType,
    height: Height,
    round: Round,
    block: Hash,
    signers: impl Iterator<Item = (ValidatorKey, Signature)>,
) -> Vec<(Vote, Signature)> {
    let vote = |validator| Vote { kind, height, round, value: NilOrVal::Val(block), validator };
    signers.map(|(validator, signature)| (vote(validator), signature)).collect()
}

fn signed_digest(bytes: &[u8]) -> Hash {
    Hasher::new(Domain::SignedMessage).update(bytes).finish()
}

fn plain_certificate(certificate: &malachite::CommitCertificate<Ctx>) -> CommitCertificate {
    let mut signatures: Vec<_> = certificate
        .commit_signatures
        .iter()
        .map(|entry| CommitSignature { validator: entry.address.0, signature: entry.signature })
        .collect();
    signatures.sort_unstable_by_key(|entry| entry.validator);
    signatures.dedup_by_key(|entry| entry.validator);
    CommitCertificate {
        height: certificate.height.0,
        round: certificate.round.as_u32().unwrap_or(0),
        block: certificate.value_id,
        signatures,
    }
}
