//! The first state of a chain, as one canonical file. Its digest is the chain's identity: every
//! transaction and vote is bound to it.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::codec::{self, DecodeError};
use ballast_primitives::committee::CommitteeError;
use ballast_primitives::policy::PolicyError;
use ballast_primitives::{Address, Committee, Domain, Hash, KeyPolicy, Network, hash};
use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

use crate::limits::{CLASSES_MAX, RAIL_HOLD_MS_MAX, ROLE_TERM_MS_MAX};
use crate::object::{
    Account, Bucket, FreezeState, Key, Minter, Object, PauseState, Policy, Role, RoleGrant, Scope,
    Supply, Validators,
};
use crate::replay::ReplayWindow;

/// The most bytes of an encoded genesis.
pub const GENESIS_BYTES_MAX: usize = 1 << 30;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Genesis {
    pub network: Network,
    /// Tells apart chains of one operator; signed with every transaction.
    pub chain_id: u32,
    /// Milliseconds since the Unix epoch; the first block's time is later.
    pub time: u64,
    pub validators: Committee,
    pub policy: Policy,
    /// The most total supply, micro-dollars.
    pub cap: u128,
    /// The address of each is that of its policy; no two may be the same.
    pub accounts: Vec<GenesisAccount>,
    /// Exactly one holder of [`Role::Council`], whose grant does not end; every other grant ends
    /// within 366 days.
    pub roles: Vec<GenesisRole>,
    /// One for each holder of [`Role::Minter`].
    pub minters: Vec<GenesisMinter>,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisAccount {
    pub policy: KeyPolicy,
    /// Micro-dollars.
    pub balance: u64,
    pub kyc_class: u8,
    pub kyc_until: u64,
    pub institution: u32,
    pub memo_required: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisRole {
    pub role: Role,
    pub holder: Address,
    pub valid_until: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisMinter {
    pub holder: Address,
    /// Micro-dollars it may still mint.
    pub allowance: u64,
    /// The most one mint may be, micro-dollars.
    pub per_tx: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GenesisError {
    #[error("the genesis does not decode: {0}")]
    Decode(#[from] DecodeError),
    #[error("the validator set is not valid: {0}")]
    Validators(#[from] CommitteeError),
    #[error("there are 1 to {CLASSES_MAX} account classes, this names {0}")]
    Classes(usize),
    #[error("the rail hold is {0} ms, more than {RAIL_HOLD_MS_MAX}")]
    RailHold(u64),
    #[error("the key policy of account {index} is not valid: {error}")]
    Policy { index: usize, error: PolicyError },
    #[error("account {index} has the same key policy as one before it")]
    DuplicateAccount { index: usize },
    #[error("account {index} is of class {class}, which has no quota")]
    Class { index: usize, class: u8 },
    #[error("the balances add up to {total}, above the cap {cap}")]
    AboveCap { total: u128, cap: u128 },
    #[error("{0:?} holds {role} and is not an account", role = .1.name())]
    UnknownHolder(Address, Role),
    #[error("the council is exactly one account, this names {0}")]
    CouncilCount(usize),
    #[error("the council's grant must not end; set its end to u64::MAX")]
    CouncilTerm,
    #[error("the grant of {role} to {1:?} must end after genesis and within 366 days", role = .0.name())]
    RoleTerm(Role, Address),
    #[error("{0:?} holds a second role, or an operational role beside a key of the council")]
    RoleConflict(Address),
    #[error("{0:?} has minter settings without the minter role, twice, or the role without them")]
    Minter(Address),
    #[error("the allowance of minter {0:?} is above the policy's maximum")]
    MinterAllowance(Address),
}

impl Genesis {
    /// The chain's identity.
    pub fn hash(&self) -> Hash {
        hash::digest_of(Domain::Genesis, self)
    }

    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes and checks a genesis file of at most [`GENESIS_BYTES_MAX`].
    pub fn decode(bytes: &[u8]) -> Result<Self, GenesisError> {
        let genesis: Self = codec::decode(bytes, GENESIS_BYTES_MAX)?;
        genesis.check()?;
        Ok(genesis)
    }

    /// Checks everything that the runtime's rules later rely on.
    pub fn check(&self) -> Result<(), GenesisError> {
        self.validators.check()?;
        let classes = self.policy.quotas.len();
        if classes == 0 || classes > CLASSES_MAX {
            return Err(GenesisError::Classes(classes));
        }
        if self.policy.rail_hold_ms > RAIL_HOLD_MS_MAX {
            return Err(GenesisError::RailHold(self.policy.rail_hold_ms));
        }
        let accounts = self.check_accounts()?;
        self.check_roles(&accounts)?;
        self.check_minters()
    }

    fn check_accounts(&self) -> Result<BTreeMap<Address, &KeyPolicy>, GenesisError> {
        let mut accounts = BTreeMap::new();
        for (index, account) in self.accounts.iter().enumerate() {
            account.policy.check().map_err(|error| GenesisError::Policy { index, error })?;
            if usize::from(account.kyc_class) >= self.policy.quotas.len() {
                return Err(GenesisError::Class { index, class: account.kyc_class });
            }
            if accounts.insert(Address::of(&account.policy), &account.policy).is_some() {
                return Err(GenesisError::DuplicateAccount { index });
            }
        }
        if self.total() > self.cap {
            return Err(GenesisError::AboveCap { total: self.total(), cap: self.cap });
        }
        Ok(accounts)
    }

    fn check_roles(&self, accounts: &BTreeMap<Address, &KeyPolicy>) -> Result<(), GenesisError> {
        let mut councils = self.roles.iter().filter(|grant| grant.role == Role::Council);
        let (Some(council), None) = (councils.next(), councils.next()) else {
            let of_council = self.roles.iter().filter(|grant| grant.role == Role::Council);
            return Err(GenesisError::CouncilCount(of_council.count()));
        };
        if council.valid_until != u64::MAX {
            return Err(GenesisError::CouncilTerm);
        }
        let keys_of = |grant: &GenesisRole| {
            let policy = accounts.get(&grant.holder);
            policy.ok_or(GenesisError::UnknownHolder(grant.holder, grant.role))
        };
        let members: BTreeSet<_> = keys_of(council)?.keys().iter().collect();
        let last = self.time.saturating_add(ROLE_TERM_MS_MAX);
        let mut holders = BTreeSet::from([council.holder]);
        for grant in self.roles.iter().filter(|grant| grant.role != Role::Council) {
            if grant.valid_until <= self.time || grant.valid_until > last {
                return Err(GenesisError::RoleTerm(grant.role, grant.holder));
            }
            let is_member = keys_of(grant)?.keys().iter().any(|key| members.contains(key));
            if is_member || !holders.insert(grant.holder) {
                return Err(GenesisError::RoleConflict(grant.holder));
            }
        }
        Ok(())
    }

    fn check_minters(&self) -> Result<(), GenesisError> {
        let is_minter = |grant: &&GenesisRole| grant.role == Role::Minter;
        let mut holders: BTreeSet<_> =
            self.roles.iter().filter(is_minter).map(|grant| grant.holder).collect();
        for minter in &self.minters {
            if !holders.remove(&minter.holder) {
                return Err(GenesisError::Minter(minter.holder));
            }
            if minter.allowance > self.policy.minter_allowance_max {
                return Err(GenesisError::MinterAllowance(minter.holder));
            }
        }
        holders.first().map_or(Ok(()), |holder| Err(GenesisError::Minter(*holder)))
    }

    /// What genesis puts into accounts.
    fn total(&self) -> u128 {
        self.accounts.iter().fold(0, |sum, a| u128::saturating_add(sum, u128::from(a.balance)))
    }

    /// The first objects, in the order of their slots.
    pub(crate) fn objects(&self) -> BTreeMap<Key, Object> {
        let total = self.total();
        let supply = Supply { total, genesis: total, cap: self.cap, ..Supply::default() };
        let mut objects = BTreeMap::from([
            (Key::Policy, Object::Policy(self.policy.clone())),
            (Key::Supply, Object::Supply(supply)),
            (Key::Validators, Object::Validators(Validators::at_genesis(self.validators.clone()))),
        ]);
        let pause = |scope| (Key::Pause(scope), Object::Pause(PauseState::default()));
        objects.extend(Scope::ALL.map(pause));
        objects.extend(self.accounts.iter().map(GenesisAccount::object));
        for GenesisRole { role, holder, valid_until } in &self.roles {
            let grant = RoleGrant { valid_until: *valid_until };
            objects.insert(Key::Role(*role, *holder), Object::Role(grant));
        }
        for GenesisMinter { holder, allowance, per_tx } in &self.minters {
            let minter = Minter { allowance: *allowance, per_tx: *per_tx, suspended: false };
            objects.insert(Key::Minter(*holder), Object::Minter(minter));
        }
        objects
    }
}

impl GenesisAccount {
    fn object(&self) -> (Key, Object) {
        let account = Account {
            policy: self.policy.clone(),
            balance: self.balance,
            hold: 0,
            freeze: FreezeState::default(),
            replay: ReplayWindow::default(),
            kyc_class: self.kyc_class,
            kyc_until: self.kyc_until,
            institution: self.institution,
            memo_required: self.memo_required,
            quota: Bucket::default(),
        };
        (Key::Account(Address::of(&self.policy)), Object::Account(account))
    }
}
