//! The council decides by its own rules: what is executed had enough votes, counted here, and its
//! time had come; and what is carried out by signatures is not grave, signed by enough members, and
//! carried out once (COU-2 to COU-5, CouncilExec).

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::{Address, Hash, PublicKey};
use ballast_replica::types::CommitWrite;
use ballast_runtime::object::{Class, Council as Stored, Object, ProposalStatus};
use ballast_runtime::ops::council_exec::CouncilExec;
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::state::Change;
use ballast_runtime::tx::SignedTx;
use ballast_runtime::{Event, Op, Outcome};

use super::{Checker, Committed, Fact, Scene, Verdict, object_of, txs_of};

#[derive(Default)]
pub struct Council {
    height: u64,
    thresholds: [u8; 4],
    keys: BTreeSet<PublicKey>,
    /// The number of the next CouncilExec.
    exec_nonce: u64,
    proposals: BTreeMap<u64, Proposal>,
}

struct Proposal {
    class: Class,
    yes: BTreeSet<Address>,
    /// From when on it may be executed.
    eta: Option<u64>,
}

impl Checker for Council {
    fn name(&self) -> &'static str {
        "council"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Genesis { changes, .. } => {
                let council = stored(changes)?.ok_or("genesis has no council")?;
                self.thresholds = council.thresholds;
                self.keys = council.members.iter().map(|member| member.key).collect();
                Ok(())
            }
            Fact::Committed(Committed { write, batches, .. })
                if write.executed.height > self.height =>
            {
                self.height = write.executed.height;
                self.committed(write, &txs_of(batches)?)
                    .map_err(|what| format!("block {}: {what}", self.height))
            }
            _ => Ok(()),
        }
    }
}

impl Council {
    fn committed(&mut self, write: &CommitWrite, txs: &BTreeMap<Hash, SignedTx>) -> Verdict {
        let council = stored(&write.changes)?;
        let after: BTreeSet<_> =
            council.iter().flat_map(|c| c.members.iter().map(|member| member.key)).collect();
        // Within a block the council may change: keys of both count.
        let keys: BTreeSet<_> = self.keys.union(&after).copied().collect();
        let now = write.block.header.time;
        for record in &write.records {
            let receipt = &record.receipt;
            if receipt.outcome != Outcome::Success {
                continue;
            }
            let tx = txs.get(&receipt.tx).ok_or("a receipt without its transaction")?;
            for op in &tx.body.ops {
                if let Op::CouncilExec(exec) = op {
                    self.executed_at_once(exec, &keys, &receipt.events)?;
                }
            }
            for event in &receipt.events {
                self.event(event, now)?;
            }
        }
        if council.is_some() {
            self.keys = after;
        }
        Ok(())
    }

    fn executed_at_once(
        &mut self,
        exec: &CouncilExec,
        keys: &BTreeSet<PublicKey>,
        events: &[Event],
    ) -> Verdict {
        let nonce = exec.exec_nonce;
        if nonce != self.exec_nonce {
            return Err(format!("exec nonce {nonce} where {} is next", self.exec_nonce));
        }
        self.exec_nonce += 1;
        let class = events.iter().find_map(|event| match event {
            Event::CouncilExecuted { exec_nonce, class, .. } if *exec_nonce == nonce => {
                Some(*class)
            }
            _ => None,
        });
        let class = class.ok_or("a CouncilExec without its event")?;
        let signers: BTreeSet<_> = exec.witnesses.iter().map(|witness| witness.key).collect();
        let needed = self.thresholds[class as usize];
        if class > Class::B || signers.len() < usize::from(needed) || !signers.is_subset(keys) {
            return Err(format!("{} signed what is of {class:?}, {needed} do", signers.len()));
        }
        Ok(())
    }

    fn event(&mut self, event: &Event, now: u64) -> Verdict {
        match event {
            Event::Proposed { proposal, proposer, class, .. } => {
                let yes = [*proposer].into();
                self.proposals.insert(*proposal, Proposal { class: *class, yes, eta: None });
            }
            Event::Voted { proposal, member, choice } => {
                let known = self.proposals.get_mut(proposal).ok_or("a vote on nothing")?;
                known.yes.remove(member);
                if *choice == Choice::Yes {
                    known.yes.insert(*member);
                }
            }
            Event::ProposalChanged { proposal, status, eta } => {
                let known = self.proposals.get_mut(proposal).ok_or("nothing changes")?;
                let needed = self.thresholds[known.class as usize];
                let enough = known.yes.len() >= usize::from(needed);
                match status {
                    ProposalStatus::Approved if enough => known.eta = *eta,
                    ProposalStatus::Executed
                        if enough && known.eta.is_some_and(|eta| eta <= now) => {}
                    ProposalStatus::Approved | ProposalStatus::Executed => {
                        let (votes, eta) = (known.yes.len(), known.eta);
                        return Err(format!(
                            "proposal {proposal} is {status:?} at {now} with {votes} of {needed} votes, due at {eta:?}"
                        ));
                    }
                    _ => {}
                }
            }
            Event::CouncilChanged { thresholds, .. } => self.thresholds = *thresholds,
            _ => {}
        }
        Ok(())
    }
}

fn stored(changes: &[Change]) -> Result<Option<Box<Stored>>, String> {
    // Looking at the key alone spares decoding everything else (ST-1).
    for change in changes.iter().filter(|change| change.key == [4]) {
        if let (_, Object::Council(council)) = object_of(change)? {
            return Ok(Some(council));
        }
    }
    Ok(None)
}
