//! No honest validator signs two different votes or proposals for one place, whatever happened to
//! its machine in between. What the others sign is noted too: who double-signs in the open is
//! known by name.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::{Hash, PublicKey};
use ballast_replica::message::Message;

use super::arithmetic::block_id;
use super::{Checker, Fact, Scene, Verdict};

/// Height, round, and 0 for a proposal, 1 for a prevote, 2 for a precommit.
type Place = (u64, u32, u8);

#[derive(Default)]
pub struct DoubleSign {
    signed: BTreeMap<(PublicKey, Place), Content>,
    /// Who signed twice at one place.
    pub culprits: BTreeSet<usize>,
}

/// The block, nil, or for a proposal also the round of its earlier quorum.
type Content = (Option<Hash>, Option<u32>);

impl Checker for DoubleSign {
    fn name(&self) -> &'static str {
        "no double sign"
    }

    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Verdict {
        let Fact::Said { node, message } = fact else { return Ok(()) };
        let key = scene.keys[*node];
        let Some((place, content)) = what_is_signed(message, &key) else { return Ok(()) };
        if scene.honest[*node] && scene.power_of(place.0, &key).is_none() {
            return Err(format!("node {node} signs at {place:?}, whose set it is not in"));
        }
        let first = *self.signed.entry((key, place)).or_insert(content);
        if first == content {
            return Ok(());
        }
        self.culprits.insert(*node);
        if !scene.honest[*node] {
            return Ok(());
        }
        Err(format!("node {node} signs {content:?} at {place:?} after {first:?}"))
    }

    fn culprits(&self) -> BTreeSet<usize> {
        self.culprits.clone()
    }
}

/// None for what is not signed, or is another's.
fn what_is_signed(message: &Message, sender: &PublicKey) -> Option<(Place, Content)> {
    match message {
        Message::Vote(vote) if vote.validator == *sender => {
            let kind = 1 + vote.vote.kind as u8;
            Some(((vote.vote.height, vote.vote.round, kind), (vote.vote.block, None)))
        }
        Message::Proposal(proposal) if proposal.proposer == *sender => {
            let place = (proposal.header.height, proposal.round, 0);
            Some((place, (Some(block_id(&proposal.header)), proposal.pol_round)))
        }
        _ => None,
    }
}
