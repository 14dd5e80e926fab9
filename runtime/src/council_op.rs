//! What the council may do: the operations of a proposal, and of a
//! [`crate::ops::council_exec::CouncilExec`]. A type of its own, so that proposals cannot nest.
//! An operation that an account may send too has the same number as there.

use ballast_primitives::{Domain, Hash, hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::object::Class;
use crate::ops::{self, Env};
use crate::state::State;

/// The most operations of one proposal; the least is one.
pub const COUNCIL_OPS_MAX: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum CouncilOp {
    Freeze(ops::freeze::Freeze) = 30,
    Unfreeze(ops::unfreeze::Unfreeze) = 31,
    SetHold(ops::set_hold::SetHold) = 32,
    ConfirmFreeze(ops::confirm_freeze::ConfirmFreeze) = 33,
    Seize(ops::seize::Seize) = 34,
    Pause(ops::pause::Pause) = 40,
    Unpause(ops::unpause::Unpause) = 41,
    RecoverKey(ops::recover_key::RecoverKey) = 54,
    GrantRole(ops::grant_role::GrantRole) = 60,
    RevokeRole(ops::revoke_role::RevokeRole) = 61,
    SuspendMinter(ops::suspend_minter::SuspendMinter) = 62,
    ResumeMinter(ops::resume_minter::ResumeMinter) = 63,
    SetCap(ops::set_cap::SetCap) = 64,
    SetLimits(ops::set_limits::SetLimits) = 65,
    SetMinterLimits(ops::set_minter_limits::SetMinterLimits) = 66,
    SetPolicy(ops::set_policy::SetPolicy) = 67,
    SetTerms(ops::set_terms::SetTerms) = 68,
    SetBridge(ops::set_bridge::SetBridge) = 69,
    RevokeReport(ops::revoke_report::RevokeReport) = 82,
    RevokeAttestorKey(ops::revoke_attestor_key::RevokeAttestorKey) = 84,
    PostIncident(ops::post_incident::PostIncident) = 110,
    SetDocument(ops::set_document::SetDocument) = 111,
    ValidatorAdd(ops::validator_add::ValidatorAdd) = 120,
    ValidatorRemove(ops::validator_remove::ValidatorRemove) = 121,
    ValidatorRotate(ops::validator_rotate::ValidatorRotate) = 122,
    CouncilSet(ops::council_set::CouncilSet) = 130,
    SetDelay(ops::set_delay::SetDelay) = 131,
    ScheduleUpgrade(ops::schedule_upgrade::ScheduleUpgrade) = 132,
}

impl CouncilOp {
    /// The stable wire name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Freeze(_) => "Freeze",
            Self::Unfreeze(_) => "Unfreeze",
            Self::SetHold(_) => "SetHold",
            Self::ConfirmFreeze(_) => "ConfirmFreeze",
            Self::Seize(_) => "Seize",
            Self::Pause(_) => "Pause",
            Self::Unpause(_) => "Unpause",
            Self::RecoverKey(_) => "RecoverKey",
            Self::GrantRole(_) => "GrantRole",
            Self::RevokeRole(_) => "RevokeRole",
            Self::SuspendMinter(_) => "SuspendMinter",
            Self::ResumeMinter(_) => "ResumeMinter",
            Self::SetCap(_) => "SetCap",
            Self::SetLimits(_) => "SetLimits",
            Self::SetMinterLimits(_) => "SetMinterLimits",
            Self::SetPolicy(_) => "SetPolicy",
            Self::SetTerms(_) => "SetTerms",
            Self::SetBridge(_) => "SetBridge",
            Self::RevokeReport(_) => "RevokeReport",
            Self::RevokeAttestorKey(_) => "RevokeAttestorKey",
            Self::PostIncident(_) => "PostIncident",
            Self::SetDocument(_) => "SetDocument",
            Self::ValidatorAdd(_) => "ValidatorAdd",
            Self::ValidatorRemove(_) => "ValidatorRemove",
            Self::ValidatorRotate(_) => "ValidatorRotate",
            Self::CouncilSet(_) => "CouncilSet",
            Self::SetDelay(_) => "SetDelay",
            Self::ScheduleUpgrade(_) => "ScheduleUpgrade",
        }
    }

    /// As for [`crate::Op::is_protective`].
    pub const fn is_protective(&self) -> bool {
        match self {
            Self::Freeze(_)
            | Self::ConfirmFreeze(_)
            | Self::Pause(_)
            | Self::RevokeRole(_)
            | Self::SuspendMinter(_)
            | Self::RevokeReport(_)
            | Self::RevokeAttestorKey(_) => true,
            Self::SetHold(op) => op.hold >= op.expected,
            _ => false,
        }
    }

    /// How grave it is, judged against the state as it stands (COU-2).
    pub fn class(&self, state: &State) -> Class {
        let unless_it = |loosens: bool| if loosens { Class::C } else { Class::B };
        match self {
            Self::Pause(op) if op.short => Class::A,
            Self::RevokeRole(_)
            | Self::SuspendMinter(_)
            | Self::RevokeReport(_)
            | Self::RevokeAttestorKey(_) => Class::A,
            Self::Freeze(_)
            | Self::Unfreeze(_)
            | Self::SetHold(_)
            | Self::ConfirmFreeze(_)
            | Self::Pause(_)
            | Self::Unpause(_)
            | Self::ResumeMinter(_)
            | Self::PostIncident(_)
            | Self::SetDocument(_) => Class::B,
            Self::SetCap(op) => unless_it(op.loosens(state)),
            Self::SetLimits(op) => unless_it(op.loosens(state)),
            Self::SetMinterLimits(op) => unless_it(op.loosens(state)),
            Self::SetPolicy(op) => unless_it(op.loosens(state)),
            Self::SetTerms(op) => unless_it(op.loosens(state)),
            Self::SetBridge(op) => unless_it(op.loosens(state)),
            Self::Seize(_) | Self::RecoverKey(_) | Self::GrantRole(_) => Class::C,
            Self::ValidatorAdd(_)
            | Self::ValidatorRemove(_)
            | Self::ValidatorRotate(_)
            | Self::CouncilSet(_)
            | Self::SetDelay(_)
            | Self::ScheduleUpgrade(_) => Class::D,
        }
    }

    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        match self {
            Self::Freeze(op) => op.check_shape(),
            Self::Pause(op) => op.check_shape(),
            Self::Unpause(op) => op.check_shape(),
            Self::RecoverKey(op) => op.check_shape(),
            Self::SetPolicy(op) => op.check_shape(),
            Self::SetTerms(op) => op.check_shape(),
            Self::SetBridge(op) => op.check_shape(),
            Self::PostIncident(op) => op.check_shape(),
            Self::SetDocument(op) => op.check_shape(),
            Self::ValidatorAdd(op) => op.check_shape(),
            Self::CouncilSet(op) => op.check_shape(),
            Self::SetDelay(op) => op.check_shape(),
            Self::Unfreeze(_)
            | Self::SetHold(_)
            | Self::ConfirmFreeze(_)
            | Self::Seize(_)
            | Self::GrantRole(_)
            | Self::RevokeRole(_)
            | Self::SuspendMinter(_)
            | Self::ResumeMinter(_)
            | Self::SetCap(_)
            | Self::SetLimits(_)
            | Self::SetMinterLimits(_)
            | Self::RevokeReport(_)
            | Self::RevokeAttestorKey(_)
            | Self::ValidatorRemove(_)
            | Self::ValidatorRotate(_)
            | Self::ScheduleUpgrade(_) => Ok(()),
        }
    }

    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        match self {
            Self::Freeze(op) => op.execute(env),
            Self::Unfreeze(op) => op.execute(env),
            Self::SetHold(op) => op.execute(env),
            Self::ConfirmFreeze(op) => op.execute(env),
            Self::Seize(op) => op.execute(env),
            Self::Pause(op) => op.execute(env),
            Self::Unpause(op) => op.execute(env),
            Self::RecoverKey(op) => op.execute(env),
            Self::GrantRole(op) => op.execute(env),
            Self::RevokeRole(op) => op.execute(env),
            Self::SuspendMinter(op) => op.execute(env),
            Self::ResumeMinter(op) => op.execute(env),
            Self::SetCap(op) => op.execute(env),
            Self::SetLimits(op) => op.execute(env),
            Self::SetMinterLimits(op) => op.execute(env),
            Self::SetPolicy(op) => op.execute(env),
            Self::SetTerms(op) => op.execute(env),
            Self::SetBridge(op) => op.execute(env),
            Self::RevokeReport(op) => op.execute(env),
            Self::RevokeAttestorKey(op) => op.execute(env),
            Self::PostIncident(op) => op.execute(env),
            Self::SetDocument(op) => op.execute(env),
            Self::ValidatorAdd(op) => op.execute(env),
            Self::ValidatorRemove(op) => op.execute(env),
            Self::ValidatorRotate(op) => op.execute(env),
            Self::CouncilSet(op) => op.execute(env),
            Self::SetDelay(op) => op.execute(env),
            Self::ScheduleUpgrade(op) => op.execute(env),
        }
    }
}

/// The class of a list: the gravest of its operations', judged before the first of them.
pub fn class_of(ops: &[CouncilOp], state: &State) -> Class {
    ops.iter().map(|op| op.class(state)).max().unwrap_or(Class::A)
}

/// What a vote names, and what events show of the operations (COU-3).
pub fn ops_digest(ops: &[CouncilOp]) -> Hash {
    hash::digest_of(Domain::CouncilOps, &ops)
}

/// Bounds of a list of operations.
pub(crate) fn check_ops(ops: &[CouncilOp]) -> Result<(), &'static str> {
    if ops.is_empty() || ops.len() > COUNCIL_OPS_MAX {
        return Err("the council carries out 1 to 8 operations at once");
    }
    ops.iter().try_for_each(CouncilOp::check_shape)
}
