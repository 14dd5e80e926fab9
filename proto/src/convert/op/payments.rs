//! Payments, allowances, authorisations, bridges.

use ballast_runtime::authorisation::{PayAuthBody, PermitBody, TravelData};
use ballast_runtime::ops::approve::Approve;
use ballast_runtime::ops::bridge_in::BridgeIn;
use ballast_runtime::ops::bridge_out::BridgeOut;
use ballast_runtime::ops::cancel_auth::CancelAuth;
use ballast_runtime::ops::pay_auth::PayAuth;
use ballast_runtime::ops::permit::Permit;
use ballast_runtime::ops::set_bridge::SetBridge;
use ballast_runtime::ops::transfer::Transfer;
use ballast_runtime::ops::transfer_from::TransferFrom;

use crate::convert::field::{Field, messages, read_fields, required, show_fields};
use crate::convert::{ConvertError, Wire};
use crate::v1;

messages! {
    TravelData { data, nonce, expires: expires_ms, witness }
    Transfer { to, amount: amount_micros, travel }
    Approve {
        spender, expected: expected_micros, amount: amount_micros, expires: expires_ms,
    }
    TransferFrom { owner, to, amount: amount_micros, travel }
    PermitBody {
        owner, spender, expected: expected_micros, amount: amount_micros, expires: expires_ms,
        nonce, not_before: not_before_ms, deadline: deadline_ms, executor,
    }
    Permit { body, witnesses }
    PayAuthBody {
        owner, to, amount: amount_micros, memo, nonce, not_before: not_before_ms,
        deadline: deadline_ms, executor,
    }
    PayAuth { body, witnesses, travel }
    CancelAuth { nonce, deadline: deadline_ms }
    BridgeOut { bridge, amount: amount_micros, recipient }
    BridgeIn { bridge, remote_tx, to, amount: amount_micros }
    SetBridge { bridge, name: bridge_name, day_cap: day_cap_micros, open }
}
