//! Which refusal comes first, from the words of the specification: what the properties compare with.

use ballast_primitives::Address;
use ballast_runtime::limits::DAY_MS;
use ballast_runtime::object::Scope;
use ballast_runtime::op::Signer;
use ballast_runtime::{Code, Op, SignedTx};

use crate::common::Who::{self, Holder};
use crate::common::World;

/// OP-1's first three checks, from the words of the specification.
pub fn shared_refusal(
    world: &World,
    op: &Op,
    who: Who,
    paused: &[Scope],
    now: u64,
) -> Option<Code> {
    if op.pause_scopes().iter().any(|scope| paused.contains(scope)) {
        return Some(Code::Paused);
    }
    match op.signer() {
        Signer::Role(role) => {
            match world.state.role(role, &who.address()).map(|grant| grant.valid_until) {
                None | Some(0) => Some(Code::Unauthorized),
                Some(until) => (until <= now).then_some(Code::RoleExpired),
            }
        }
        Signer::Member => {
            let members = &world.state.council().members;
            let is_one = members.iter().any(|member| member.account == who.address());
            (!is_one).then_some(Code::Unauthorized)
        }
        Signer::Anyone => None,
    }
}

/// What may be wrong with a transaction whatever its operations are, in the order of TX-30.
#[derive(Clone, Copy, Debug)]
pub enum Defect {
    Chain,
    Late,
    Early,
    Stranger,
    Unsigned,
    Nonce,
    Spent,
}

impl Defect {
    pub const ALL: [Self; 7] = [
        Self::Chain,
        Self::Late,
        Self::Early,
        Self::Stranger,
        Self::Unsigned,
        Self::Nonce,
        Self::Spent,
    ];

    pub const fn code(self) -> Code {
        match self {
            Self::Chain => Code::BadChain,
            Self::Late => Code::Expired,
            Self::Early => Code::TooFarAhead,
            Self::Stranger => Code::UnknownAccount,
            Self::Unsigned => Code::BadSignature,
            Self::Nonce => Code::NonceTooOld,
            Self::Spent => Code::QuotaExceeded,
        }
    }

    /// On a transaction of holder 0, whose highest nonce is 1,000.
    pub fn inflict(self, world: &mut World, tx: &mut SignedTx) {
        match self {
            Self::Chain => tx.body.chain_id += 1,
            Self::Late => tx.body.valid_until = world.now(),
            Self::Early => tx.body.valid_until = world.now() + DAY_MS + 1,
            Self::Stranger => tx.body.sponsor = Some(Address([9; 32])),
            Self::Unsigned => tx.witnesses[0].key = Holder(3).key().public(),
            Self::Nonce => tx.body.nonce = 1_000 - 128,
            Self::Spent => {
                let now = world.now();
                world.edit_account(Holder(0), |account| {
                    account.quota.used_milli = u64::MAX;
                    account.quota.at = now;
                });
            }
        }
    }
}
