//! Proposals and votes; the council itself, validators, upgrades.

use ballast_primitives::Validator;
use ballast_runtime::object::Member;
use ballast_runtime::ops::council_exec::CouncilExec;
use ballast_runtime::ops::council_set::CouncilSet;
use ballast_runtime::ops::execute::Execute;
use ballast_runtime::ops::propose::Propose;
use ballast_runtime::ops::schedule_upgrade::ScheduleUpgrade;
use ballast_runtime::ops::set_delay::SetDelay;
use ballast_runtime::ops::validator_add::ValidatorAdd;
use ballast_runtime::ops::validator_remove::ValidatorRemove;
use ballast_runtime::ops::validator_rotate::ValidatorRotate;
use ballast_runtime::ops::vote::Vote;

use crate::convert::field::{Field, messages, read_fields, required, show_fields};
use crate::convert::{ConvertError, Wire};
use crate::v1;

messages! {
    Propose { ops }
    Vote { proposal, digest, choice }
    Execute { proposal }
    CouncilExec { ops, epoch, exec_nonce, witnesses }
    Member => CouncilMember { account, key: public_key }
    CouncilSet { members, thresholds }
    SetDelay { class, delay_ms }
    Validator { key: public_key, peer: peer_key, power, name }
    ValidatorAdd { validator }
    ValidatorRemove { key: public_key }
    ValidatorRotate { key: public_key, new_key: new_public_key, new_peer: new_peer_key }
    ScheduleUpgrade { version, code, height }
}
