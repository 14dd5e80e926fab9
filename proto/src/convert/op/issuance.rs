//! Deposits, minting, redemptions.

use ballast_runtime::ops::burn::Burn;
use ballast_runtime::ops::deposit_confirm::DepositConfirm;
use ballast_runtime::ops::deposit_reverse::DepositReverse;
use ballast_runtime::ops::mint::Mint;
use ballast_runtime::ops::payout_confirm::PayoutConfirm;
use ballast_runtime::ops::payout_failed::PayoutFailed;
use ballast_runtime::ops::redeem_accept::RedeemAccept;
use ballast_runtime::ops::redeem_cancel::RedeemCancel;
use ballast_runtime::ops::redeem_expire::RedeemExpire;
use ballast_runtime::ops::redeem_reject::RedeemReject;
use ballast_runtime::ops::redeem_request::RedeemRequest;
use ballast_runtime::ops::redeem_settle::RedeemSettle;
use ballast_runtime::ops::resume_minter::ResumeMinter;
use ballast_runtime::ops::set_cap::SetCap;
use ballast_runtime::ops::set_limits::SetLimits;
use ballast_runtime::ops::set_minter_allowance::SetMinterAllowance;
use ballast_runtime::ops::set_minter_limits::SetMinterLimits;
use ballast_runtime::ops::suspend_minter::SuspendMinter;

use crate::convert::field::{Field, messages, read_fields, required, show_fields};
use crate::convert::{ConvertError, Wire};
use crate::v1;

messages! {
    DepositConfirm { bank_ref, amount: amount_micros, beneficiary }
    DepositReverse { deposit: deposit_id, document }
    PayoutConfirm { redemption: redemption_id, bank_ref, net: net_micros }
    PayoutFailed { redemption: redemption_id, document }
    Mint { deposit: deposit_id, amount: amount_micros }
    Burn { amount: amount_micros }
    SetMinterAllowance { minter, expected: expected_micros, new: new_micros }
    SuspendMinter { minter }
    ResumeMinter { minter }
    SetCap { cap: cap_micros }
    SetLimits {
        minter_allowance_max: minter_allowance_max_micros,
        mint_per_tx_max: mint_per_tx_max_micros,
        global_window_cap: global_window_cap_micros,
    }
    SetMinterLimits { minter, per_tx: per_tx_micros, window_cap: window_cap_micros }
    RedeemRequest { amount: amount_micros, fee_max: fee_max_micros, beneficiary }
    RedeemAccept { redemption: redemption_id }
    RedeemSettle { redemption: redemption_id }
    RedeemReject { redemption: redemption_id, document }
    RedeemCancel { redemption: redemption_id }
    RedeemExpire { redemption: redemption_id }
}
