//! CouncilSet: the council changes its members and thresholds together.

use std::collections::BTreeSet;

use ballast_primitives::signature::check_public_key;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::limits::MEMBERS_MAX;
use crate::object::{Member, ProposalStatus, Role};
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CouncilSet {
    /// 1 to 21, strictly ascending by account, no key twice.
    pub members: Vec<Member>,
    /// For classes A to D.
    pub thresholds: [u8; 4],
}

/// 1 to 21 members, strictly ascending by account, no key twice.
pub(crate) fn check_members(members: &[Member]) -> Result<(), &'static str> {
    if members.is_empty() || members.len() > MEMBERS_MAX {
        return Err("a council has 1 to 21 members");
    }
    if !members.is_sorted_by(|a, b| a.account < b.account) {
        return Err("members are strictly ascending by account");
    }
    let keys: BTreeSet<_> = members.iter().map(|member| member.key).collect();
    if keys.len() < members.len() {
        return Err("no two members share a key");
    }
    Ok(())
}

/// Each threshold within reach, rising from A to D, and C above half: no two proposals about
/// powers and money can pass without a common member.
pub(crate) fn check_thresholds(members: usize, thresholds: &[u8; 4]) -> Result<(), Code> {
    let [a, b, c, d] = thresholds.map(usize::from);
    if d.max(c).max(b).max(a) > members {
        return Err(Code::ThresholdUnreachable);
    }
    let good = 1 <= a && a <= b && b <= c && c <= d && c.saturating_mul(2) > members;
    if good { Ok(()) } else { Err(Code::BadThreshold) }
}

impl CouncilSet {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        check_members(&self.members)
    }

    /// `UNKNOWN_TARGET` when a member is not registered; `BAD_POLICY` for a key that breaks
    /// TX-14; `ROLE_CONFLICT` when a member holds a role now; `THRESHOLD_UNREACHABLE` when any
    /// is above the number of members; `BAD_THRESHOLD` unless 1 <= A <= B <= C <= D and C is
    /// more than half.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        self.check_members(env)?;
        check_thresholds(self.members.len(), &self.thresholds)?;
        let council = env.journal.council_mut();
        council.epoch = council.epoch.checked_add(1).ok_or(Code::Overflow)?;
        council.members.clone_from(&self.members);
        council.thresholds = self.thresholds;
        let (epoch, thresholds) = (council.epoch, council.thresholds);
        env.close_proposals(ProposalStatus::Stale, |_, _| true);
        let members = u32::try_from(self.members.len()).map_err(|_| Code::Overflow)?;
        env.emit(Event::CouncilChanged { epoch, members, thresholds });
        Ok(())
    }

    fn check_members(&self, env: &Env<'_, '_>) -> Result<(), Code> {
        let state = env.journal.state();
        if !self.members.iter().all(|member| state.account(&member.account).is_some()) {
            return Err(Code::UnknownTarget);
        }
        if !self.members.iter().all(|member| check_public_key(&member.key).is_ok()) {
            return Err(Code::BadPolicy);
        }
        let has_role = |member: &Member| {
            Role::ALL.into_iter().any(|role| state.holds(role, &member.account, env.now))
        };
        if self.members.iter().any(has_role) { Err(Code::RoleConflict) } else { Ok(()) }
    }
}
