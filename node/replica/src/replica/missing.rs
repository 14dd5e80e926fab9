//! Asking peers for what is not here, and telling the shell what an operator should know.

use super::*;

impl Replica {
    pub(super) fn ask_for_batches(&mut self, now: Now) {
        if !self.batches.has_wanted() {
            return;
        }
        let due = self.batches.to_request(now.mono_ms, GRACE_MS, AGAIN_MS);
        let validators = self.sets.current().validators().iter();
        let others: Vec<_> = validators.map(|v| v.key).filter(|k| *k != self.key).collect();
        let mut by_peer: BTreeMap<PublicKey, Vec<Hash>> = BTreeMap::new();
        for Due { digest, proposer, times } in due {
            // Who proposes it has it; every second time someone else, everyone in turn.
            let turn = others.get(times as usize / 2 % others.len().max(1)).copied();
            let peer = Some(proposer).filter(|p| times % 2 == 0 && *p != self.key).or(turn);
            if let Some(peer) = peer {
                by_peer.entry(peer).or_default().push(digest);
            }
        }
        for (to, digests) in by_peer {
            for digests in digests.chunks(REQUEST_BATCHES_MAX) {
                let request = Request::Batches { digests: digests.to_vec() };
                self.effects.push(Effect::Request { to, request });
            }
        }
    }

    pub(super) fn ask_for_proposals(&mut self, now: Now) {
        let height = self.tip.height + 1;
        for unseen::Due { block, voter, round } in self.unseen.due(now.mono_ms, AGAIN_MS) {
            let message = Message::WantProposal { height, round, block };
            self.effects.push(Effect::Send { to: voter, message });
        }
    }

    pub(super) fn say_status(&mut self, now: Now) {
        self.status_at = now.mono_ms;
        self.effects.push(Effect::Broadcast(self.status(now)));
        self.effects.push(Effect::Broadcast(self.program_message()));
        self.say_return();
    }

    pub(super) const fn status(&self, now: Now) -> Message {
        Message::Status { height: self.tip.height, time: now.wall_ms }
    }

    pub(super) fn bad_peer(&mut self, peer: PublicKey, offence: Offence, why: &str) {
        let why = why.to_owned();
        self.effects.push(Effect::Notice(Notice::BadPeer { peer, offence, why }));
    }

    pub(super) fn halt(&mut self, report: &str) {
        self.effects.push(Effect::Halt(report.to_owned()));
    }
}
