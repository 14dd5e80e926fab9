//! Freezes, holds, seizures, pauses, roles, incidents, documents.

use ballast_runtime::ops::confirm_freeze::ConfirmFreeze;
use ballast_runtime::ops::freeze::Freeze;
use ballast_runtime::ops::grant_role::GrantRole;
use ballast_runtime::ops::pause::Pause;
use ballast_runtime::ops::post_incident::PostIncident;
use ballast_runtime::ops::revoke_role::RevokeRole;
use ballast_runtime::ops::seize::Seize;
use ballast_runtime::ops::set_document::SetDocument;
use ballast_runtime::ops::set_hold::SetHold;
use ballast_runtime::ops::unfreeze::Unfreeze;
use ballast_runtime::ops::unpause::Unpause;

use crate::convert::field::{Field, messages, read_fields, required, show_fields};
use crate::convert::{ConvertError, Wire};
use crate::v1;

messages! {
    Freeze { account, inbound, outbound, order }
    ConfirmFreeze { account, order }
    Unfreeze { account }
    SetHold { account, expected: expected_micros, hold: hold_micros, order }
    Seize { from, amount: amount_micros, to, order }
    Pause { scopes, until: until_ms, short }
    Unpause { scopes }
    GrantRole { role, holder, valid_until: valid_until_ms }
    RevokeRole { role, holder }
    PostIncident { kind, severity, document }
    SetDocument { kind, digest, uri }
}
