//! Events.

use ballast_runtime::Event;

use super::field::{Field, read_fields, show_fields};
use super::{ConvertError, Wire};
use crate::v1;
use crate::v1::event::Kind;

macro_rules! events {
    ($($name:ident { $($field:ident $(: $shown:ident)?),* $(,)? })*) => {
        /// The stable names of all events.
        pub const EVENT_NAMES: &[&str] = &[$(stringify!($name)),*];

        fn show(wire: &Wire, event: &Event) -> Kind {
            match event {
                $(Event::$name { $($field),* } => {
                    Kind::$name(show_fields!(wire $name [] $($field $(: $shown)?),*))
                })*
            }
        }

        fn read(wire: &Wire, kind: &Kind) -> Result<Event, ConvertError> {
            Ok(match kind {
                $(
                    #[allow(unused_variables, reason = "some have no fields")]
                    Kind::$name(message) => {
                        read_fields!(wire message [Event::$name] [] $($field $(: $shown)?),*)
                    }
                )*
            })
        }
    };
}

events! {
    Transferred { from, to, amount: amount_micros, memo }
    Approved { owner, spender, amount: amount_micros, expires: expires_ms }
    AuthCancelled { owner, nonce }
    DepositConfirmed {
        deposit: deposit_id, custodian, beneficiary, amount: amount_micros, final_at: final_at_ms,
    }
    DepositReversed {
        deposit: deposit_id, beneficiary, amount: amount_micros, minted: minted_micros,
    }
    PayoutConfirmed { redemption: redemption_id, payout: payout_id, custodian, net: net_micros }
    Minted { deposit: deposit_id, minter, to, amount: amount_micros, report }
    Burned { minter, amount: amount_micros }
    MinterConfigured {
        minter, allowance: allowance_micros, per_tx: per_tx_micros, window_cap: window_cap_micros,
    }
    MinterSuspended { minter }
    MinterResumed { minter }
    Frozen { account, inbound, outbound, until: until_ms, order }
    Unfrozen { account }
    HoldSet { account, hold: hold_micros, order }
    Seized { from, to, amount: amount_micros, order }
    Paused { scope, until: until_ms }
    Unpaused { scope }
    AccountRegistered { account, kyc_class, institution }
    KycSet { account, kyc_class, kyc_until: kyc_until_ms, institution, memo_required }
    InstitutionSet { institution, name: institution_name, key: public_key }
    KeyRotated { account, document }
    RoleGranted { role, holder, valid_until: valid_until_ms }
    RoleRevoked { role, holder }
    CapSet { cap: cap_micros }
    LimitsSet {
        minter_allowance_max: minter_allowance_max_micros,
        mint_per_tx_max: mint_per_tx_max_micros,
        global_window_cap: global_window_cap_micros,
    }
    PolicySet {}
    TermsSet { version }
    BridgeSet { bridge, name: bridge_name, day_cap: day_cap_micros, open }
    RedemptionRequested {
        redemption: redemption_id, owner, gross: gross_micros, fee: fee_micros, net: net_micros,
        due_at: due_at_ms,
    }
    RedemptionAccepted { redemption: redemption_id, owner }
    RedemptionSettled { redemption: redemption_id, owner, net: net_micros, fee: fee_micros }
    RedemptionClosed { redemption: redemption_id, owner, status, refund: refund_micros }
    ReportSubmitted { report, digest, as_of: as_of_ms }
    ReportAttested { report, attestor }
    ReportEffective { report, as_of: as_of_ms, unencumbered: unencumbered_micros }
    ReportRevoked { report }
    Reconciled {
        as_of: as_of_ms, height, liabilities: liabilities_micros, supply: supply_micros,
    }
    BridgedOut { bridge, from, amount: amount_micros, recipient }
    BridgedIn { bridge, to, amount: amount_micros, remote_tx }
    Proposed { proposal, proposer, class, digest }
    Voted { proposal, member, choice }
    ProposalChanged { proposal, status, eta: eta_ms }
    CouncilExecuted { exec_nonce, class, digest }
    IncidentPosted { incident, kind, severity, subject }
    DocumentSet { kind, version, digest, uri }
    ValidatorSetChanged { from_height, validators, digest }
    CouncilChanged { epoch, members, thresholds }
    DelaySet { class, delay_ms, from: from_ms }
    UpgradeScheduled { version, code, height }
}

impl Field<v1::Event> for Event {
    fn show(&self, wire: &Wire) -> v1::Event {
        v1::Event { kind: Some(show(wire, self)) }
    }

    fn read(wire: &Wire, field: &'static str, shown: &v1::Event) -> Result<Self, ConvertError> {
        read(wire, shown.kind.as_ref().ok_or_else(|| ConvertError::missing(field))?)
    }
}

impl Wire {
    pub fn event(&self, event: &Event) -> v1::Event {
        event.show(self)
    }

    pub fn read_event(&self, event: &v1::Event) -> Result<Event, ConvertError> {
        Field::read(self, "event", event)
    }
}
