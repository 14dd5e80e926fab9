//! Everything that is stored, and every storage key, in one file. Each object is one leaf of the
//! state tree: `borsh(key) ‖ borsh(object)`. Objects are never removed, only closed, so a leaf
//! keeps its slot for ever.

use ballast_primitives::{Address, Committee, Hash, KeyPolicy};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::replay::ReplayWindow;

/// Where an object is stored. The order of variants is part of the format.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Key {
    Policy = 0,
    Supply = 1,
    Validators = 2,
    Pause(Scope) = 3,
    Account(Address) = 10,
    Role(Role, Address) = 11,
    Minter(Address) = 12,
    Deposit(Hash) = 13,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Object {
    Policy(Policy) = 0,
    Supply(Supply) = 1,
    Validators(Validators) = 2,
    Pause(PauseState) = 3,
    Account(Account) = 10,
    Role(RoleGrant) = 11,
    Minter(Minter) = 12,
    Deposit(Deposit) = 13,
}

/// What a pause stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Scope {
    Transfer = 0,
    Mint = 1,
    RedeemNew = 2,
    Bridge = 3,
}

impl Scope {
    pub const ALL: [Self; 4] = [Self::Transfer, Self::Mint, Self::RedeemNew, Self::Bridge];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transfer => "TRANSFER",
            Self::Mint => "MINT",
            Self::RedeemNew => "REDEEM_NEW",
            Self::Bridge => "BRIDGE",
        }
    }
}

/// A power. Each holder has at most one operational role, and a council member none: an account
/// that shares a key with the council's holds no role.
///
/// Until there are proposals the council is one account, named at genesis, whose key policy is
/// k-of-n over its members: it signs its operations directly, and is the system account that
/// nothing can freeze. Its grant does not end; every other ends within 366 days. Which role may
/// send which operation is in [`crate::op::Op::signers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Role {
    Council = 0,
    MintController = 1,
    Minter = 2,
    Custodian = 3,
    ReserveManager = 4,
    Attestor = 5,
    Compliance = 6,
    Redeemer = 7,
    Registrar = 8,
    Bridge = 9,
}

impl Role {
    pub const ALL: [Self; 10] = [
        Self::Council,
        Self::MintController,
        Self::Minter,
        Self::Custodian,
        Self::ReserveManager,
        Self::Attestor,
        Self::Compliance,
        Self::Redeemer,
        Self::Registrar,
        Self::Bridge,
    ];

    /// Every role but the council's: a holder has at most one of these.
    pub fn operational() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|role| *role != Self::Council)
    }

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Council => "COUNCIL",
            Self::MintController => "MINT_CONTROLLER",
            Self::Minter => "MINTER",
            Self::Custodian => "CUSTODIAN",
            Self::ReserveManager => "RESERVE_MANAGER",
            Self::Attestor => "ATTESTOR",
            Self::Compliance => "COMPLIANCE",
            Self::Redeemer => "REDEEMER",
            Self::Registrar => "REGISTRAR",
            Self::Bridge => "BRIDGE",
        }
    }
}

/// Parameters the council sets.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Policy {
    /// Milliseconds after its confirmation at which a deposit is final.
    pub rail_hold_ms: u64,
    /// The most allowance a mint controller may give a minter, micro-dollars.
    pub minter_allowance_max: u64,
    /// The most one mint may be unless the minter's own limit is lower, micro-dollars.
    pub mint_per_tx_max: u64,
    /// Quota of each account class, by class number.
    pub quotas: Vec<Quota>,
}

/// The validator set, and the one before it while that one still decides: a set chosen in block
/// `h` decides from height `h + 2`, so that the header of `h + 1` can already name it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Validators {
    pub set: Committee,
    /// The first height that `set` decides; 0 at genesis.
    pub from_height: u64,
    /// The set of the heights below `from_height`; none at genesis.
    pub before: Option<Committee>,
}

impl Validators {
    /// A set that decides from the first height on.
    pub const fn at_genesis(set: Committee) -> Self {
        Self { set, from_height: 0, before: None }
    }

    /// The set that decides `height`, which is the next or the one after it: sets further back
    /// are not kept.
    pub fn at(&self, height: u64) -> &Committee {
        match &self.before {
            Some(before) if height < self.from_height => before,
            _ => &self.set,
        }
    }
}

/// A token bucket: `burst` transactions at once, refilled at a steady rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Quota {
    pub burst: u32,
    /// Transactions gained in a thousand seconds: 333 is one in about three seconds.
    pub per_1000_s: u64,
}

impl Quota {
    /// The bucket after one more transaction at `now`, or none when it would run over.
    pub fn spend(&self, bucket: &Bucket, now: u64) -> Option<Bucket> {
        const TX_MILLI: u64 = 1_000;
        let elapsed = u128::from(now.saturating_sub(bucket.at));
        // Transactions per 1,000 s are millionths of one per millisecond.
        let refilled = elapsed.saturating_mul(u128::from(self.per_1000_s)) / 1_000;
        let left = u128::from(bucket.used_milli).saturating_sub(refilled);
        let used_milli = u64::try_from(left).ok()?.checked_add(TX_MILLI)?;
        let full = u64::from(self.burst).checked_mul(TX_MILLI)?;
        (used_milli <= full).then_some(Bucket { used_milli, at: now })
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Supply {
    pub total: u128,
    pub cap: u128,
    /// What genesis put into accounts.
    pub genesis: u128,
    pub cum_mint: u128,
    pub cum_burn: u128,
    pub cum_deposit: u128,
    pub cum_payout: u128,
    pub redeem_escrow: u128,
    pub bridge_escrow: u128,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Account {
    pub policy: KeyPolicy,
    pub balance: u64,
    pub hold: u64,
    pub freeze: FreezeState,
    pub replay: ReplayWindow,
    pub kyc_class: u8,
    /// Registration is live while `now < kyc_until`.
    pub kyc_until: u64,
    pub institution: u32,
    pub memo_required: bool,
    pub quota: Bucket,
}

impl Account {
    /// What the holder may spend: the balance less the hold, which may exceed it.
    pub const fn available(&self) -> u64 {
        self.balance.saturating_sub(self.hold)
    }

    pub const fn registration_is_live(&self, now: u64) -> bool {
        now < self.kyc_until
    }
}

/// What is left of an account's quota at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Bucket {
    /// Thousandths of a transaction used since full.
    pub used_milli: u64,
    pub at: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FreezeState {
    /// Nothing may come in.
    pub inbound: bool,
    /// Nothing may go out.
    pub outbound: bool,
    /// When an officer's freeze lapses; of no meaning once confirmed.
    pub until: u64,
    /// Set by the council: the freeze does not lapse.
    pub confirmed: bool,
    /// The digest of the latest order.
    pub order: Hash,
}

impl FreezeState {
    /// Whether the freeze, in whichever directions, is in force.
    pub const fn in_force(&self, now: u64) -> bool {
        (self.inbound || self.outbound) && (self.confirmed || now < self.until)
    }

    pub const fn stops_inbound(&self, now: u64) -> bool {
        self.inbound && self.in_force(now)
    }

    pub const fn stops_outbound(&self, now: u64) -> bool {
        self.outbound && self.in_force(now)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RoleGrant {
    /// The role is held while `now < valid_until`; 0 after it was revoked. The council's own
    /// grant, made at genesis, does not end (`u64::MAX`).
    pub valid_until: u64,
}

impl RoleGrant {
    pub const fn is_live(&self, now: u64) -> bool {
        now < self.valid_until
    }

    pub const fn is_revoked(&self) -> bool {
        self.valid_until == 0
    }
}

/// Kept when the role is revoked, so that usage survives a new grant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Minter {
    pub allowance: u64,
    /// The most one mint may be.
    pub per_tx: u64,
    pub suspended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Deposit {
    pub custodian: Address,
    pub bank_ref: String,
    pub amount: u64,
    pub beneficiary: Address,
    /// The deposit may be minted when `now >= final_at`.
    pub final_at: u64,
    pub minted: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PauseState {
    /// Paused while `now < until`.
    pub until: u64,
    /// End of the last short pause: the next may come 7 days later. (Short pauses come with
    /// proposals; nothing sets this yet.)
    pub short_until: u64,
}

impl PauseState {
    pub const fn is_paused(&self, now: u64) -> bool {
        now < self.until
    }
}

/// An object of one kind, for typed reads: see [`crate::state::At`].
pub trait Kind: Sized {
    fn of(object: &Object) -> Option<&Self>;
    fn of_mut(object: &mut Object) -> Option<&mut Self>;
}

macro_rules! kinds {
    ($($variant:ident $kind:ty;)*) => {
        $(impl Kind for $kind {
            fn of(object: &Object) -> Option<&Self> {
                match object { Object::$variant(value) => Some(value), _ => None }
            }

            fn of_mut(object: &mut Object) -> Option<&mut Self> {
                match object { Object::$variant(value) => Some(value), _ => None }
            }
        })*

        impl Object {
            /// Whether this is the kind of object that belongs under `key`.
            pub const fn fits(&self, key: &Key) -> bool {
                match self { $(Self::$variant(_) => matches!(key, Key::$variant { .. }),)* }
            }
        }
    };
}

kinds! {
    Policy Policy;
    Supply Supply;
    Validators Validators;
    Pause PauseState;
    Account Account;
    Role RoleGrant;
    Minter Minter;
    Deposit Deposit;
}
