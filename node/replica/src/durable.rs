//! In which order effects are performed: rule 2 of the crate's contract, as code that the node and
//! the simulator share. [`Order::acts`] turns the effects of one or several steps into single acts
//! on the disk and the network; whoever performs them does so in that order, one after another,
//! and stops for good at the first that fails.
//!
//! What rests on the disk (votes, proposals, certificates) comes after one sync of each file it
//! rests on: batches, then the log, then the sign-state, so that a log is never missing for a
//! height at which something was signed.

use std::sync::Arc;

use ballast_primitives::Hash;
use ballast_primitives::planted::{Bug, planted};

use crate::message::Message;
use crate::replica::Effect;
use crate::types::CommitWrite;

/// One thing to do, on the disk unless it is [`Act::Send`].
#[expect(
    clippy::large_enum_variant,
    reason = "most acts are of that variant, and few live at a time"
)]
#[derive(Clone, Debug)]
pub enum Act {
    /// Append a record to the log of the height under way.
    Append(Vec<u8>),
    /// Begin the log of this height.
    ResetLog(u64),
    PutBatches(Vec<(Hash, Arc<Vec<u8>>)>),
    RemoveBatches(Vec<Hash>),
    /// One synced write, which takes all batches put before it along.
    Commit(Box<CommitWrite>),
    SyncBatches,
    SyncLog,
    /// Save this record of what was signed, and sync it.
    SaveSignState(Vec<u8>),
    /// An effect that does not persist.
    Send(Effect),
}

/// What was written and is not synced.
#[derive(Clone, Debug)]
pub struct Order {
    /// The height whose records the replica gives.
    height: u64,
    /// The height of the log on the disk. Above `height` when the database was lost: the log then
    /// stays as it is, and the replica mute, until the chain here has reached that height again.
    log_height: u64,
    log_is_dirty: bool,
    batches_are_dirty: bool,
    /// The newest sign-state not yet saved.
    unsaved: Option<Vec<u8>>,
}

impl Order {
    /// For a chain whose next block has `height`, beside a log of `log_height`.
    pub const fn new(height: u64, log_height: u64) -> Self {
        Self { height, log_height, log_is_dirty: false, batches_are_dirty: false, unsaved: None }
    }

    /// The acts that perform `effects`: first all that persist, in their order; then the rest, and
    /// before the first of those that rests on the disk, the syncs.
    pub fn acts(&mut self, effects: Vec<Effect>) -> Vec<Act> {
        let (persistent, rest): (Vec<_>, Vec<_>) =
            effects.into_iter().partition(Effect::is_persistent);
        let mut acts = Vec::with_capacity(persistent.len() + rest.len() + 3);
        self.persist(persistent, &mut acts);
        let mut settled = false;
        for effect in rest {
            if !settled && rests_on_disk(&effect) && !planted(Bug::SendBeforeSync) {
                self.settle(&mut acts);
                settled = true;
            }
            acts.push(Act::Send(effect));
        }
        if planted(Bug::SendBeforeSync) {
            self.settle(&mut acts);
        }
        acts
    }

    fn persist(&mut self, effects: Vec<Effect>, acts: &mut Vec<Act>) {
        let mut batches = Vec::new();
        for effect in effects {
            match effect {
                Effect::StoreBatch { digest, bytes } => batches.push((digest, bytes)),
                Effect::Wal(record) => self.append(record, acts),
                Effect::WalReset { height } => self.reset_log(height, acts),
                Effect::SignState(record) => self.unsaved = Some(record),
                Effect::RemoveBatches(digests) => {
                    self.put(&mut batches, acts);
                    acts.push(Act::RemoveBatches(digests));
                }
                Effect::Commit(write) => {
                    self.put(&mut batches, acts);
                    acts.push(Act::Commit(write));
                    self.batches_are_dirty = false;
                }
                _ => {}
            }
        }
        self.put(&mut batches, acts);
    }

    fn put(&mut self, batches: &mut Vec<(Hash, Arc<Vec<u8>>)>, acts: &mut Vec<Act>) {
        if !batches.is_empty() {
            self.batches_are_dirty = true;
            acts.push(Act::PutBatches(std::mem::take(batches)));
        }
    }

    fn append(&mut self, record: Vec<u8>, acts: &mut Vec<Act>) {
        if self.height >= self.log_height {
            self.log_is_dirty = true;
            acts.push(Act::Append(record));
        }
    }

    fn reset_log(&mut self, height: u64, acts: &mut Vec<Act>) {
        self.height = height;
        if height > self.log_height {
            self.log_height = height;
            self.log_is_dirty = true;
            acts.push(Act::ResetLog(height));
        }
    }

    fn settle(&mut self, acts: &mut Vec<Act>) {
        if std::mem::take(&mut self.batches_are_dirty) && !planted(Bug::BatchesNotSynced) {
            acts.push(Act::SyncBatches);
        }
        if std::mem::take(&mut self.log_is_dirty) && !planted(Bug::LogNotSynced) {
            acts.push(Act::SyncLog);
        }
        let unsaved = self.unsaved.take().filter(|_| !planted(Bug::SignStateNotSaved));
        acts.extend(unsaved.map(Act::SaveSignState));
    }
}

/// Votes, proposals and certificates leave only after what they rest on is durable.
const fn rests_on_disk(effect: &Effect) -> bool {
    let (Effect::Broadcast(message) | Effect::Send { message, .. }) = effect else { return false };
    !matches!(
        message,
        Message::Status { .. }
            | Message::WantProposal { .. }
            | Message::WhatSigned { .. }
            | Message::LastSigned(_)
    )
}

#[cfg(test)]
mod tests {
    use ballast_primitives::{PublicKey, Signature, Vote, VoteKind};

    use super::*;
    use crate::message::WireVote;

    fn vote() -> Effect {
        let vote = Vote { kind: VoteKind::Prevote, height: 5, round: 0, block: None };
        let (validator, signature) = (PublicKey([1; 32]), Signature([2; 64]));
        Effect::Broadcast(Message::Vote(WireVote { vote, validator, signature }))
    }

    fn status() -> Effect {
        Effect::Broadcast(Message::Status { height: 4, time: 1 })
    }

    fn batch() -> Effect {
        Effect::StoreBatch { digest: Hash([3; 32]), bytes: Arc::new(vec![3]) }
    }

    /// The names of the acts that `effects` give.
    fn acts(order: &mut Order, effects: Vec<Effect>) -> Vec<String> {
        let name = |act: Act| {
            let text = format!("{act:?}");
            text.split(['(', ' ']).next().unwrap_or_default().to_owned()
        };
        order.acts(effects).into_iter().map(name).collect()
    }

    #[test]
    fn a_vote_leaves_after_one_sync_of_each_file_it_rests_on() {
        let mut order = Order::new(5, 5);
        let effects =
            vec![status(), vote(), Effect::SignState(vec![1]), Effect::Wal(vec![2]), batch()];
        let expected =
            ["Append", "PutBatches", "Send", "SyncBatches", "SyncLog", "SaveSignState", "Send"];
        assert_eq!(acts(&mut order, effects), expected);
        assert_eq!(acts(&mut order, vec![vote()]), ["Send"]);
    }

    #[test]
    fn what_is_not_sent_upon_waits_for_the_next_sync() {
        let mut order = Order::new(5, 5);
        assert_eq!(acts(&mut order, vec![Effect::Wal(vec![1]), status()]), ["Append", "Send"]);
        assert_eq!(acts(&mut order, vec![vote()]), ["SyncLog", "Send"]);
    }

    #[test]
    fn a_log_ahead_of_the_chain_stays_as_it_is_until_its_height_has_passed() {
        let mut order = Order::new(5, 7);
        assert!(acts(&mut order, vec![Effect::Wal(vec![1])]).is_empty());
        for height in [6, 7] {
            assert!(acts(&mut order, vec![Effect::WalReset { height }]).is_empty());
        }
        assert_eq!(acts(&mut order, vec![Effect::Wal(vec![1])]), ["Append"]);
        assert_eq!(acts(&mut order, vec![Effect::WalReset { height: 8 }]), ["ResetLog"]);
    }
}
