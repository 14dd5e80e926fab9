//! The first state of a chain, as one canonical file. Its digest is the chain's identity: every
//! transaction and vote is bound to it.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::codec::{self, DecodeError};
use ballast_primitives::committee::CommitteeError;
use ballast_primitives::policy::PolicyError;
use ballast_primitives::signature::check_public_key;
use ballast_primitives::{Address, Committee, Domain, Hash, KeyPolicy, Network, PublicKey, hash};
use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

use crate::limits::{DELAY_MS_MAX, NAME_BYTES_MAX, ROLE_TERM_MS_MAX};
use crate::object::{
    Account, Attestation, Bucket, Checkpoint, Council, Delay, FreezeState, IncidentLog,
    Institution, Key, Member, Minter, Object, Officers, PauseState, Policy, Report, ReportBody,
    ReportStatus, ReserveIndex, Role, RoleGrant, Scope, Supply, Terms, Upgrade, Validators, Window,
};
use crate::ops::{council_set, submit_report};
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
    pub terms: Terms,
    /// The most total supply, micro-dollars.
    pub cap: u128,
    pub council: GenesisCouncil,
    /// The address of each is that of its policy; no two may be the same.
    pub accounts: Vec<GenesisAccount>,
    /// Every grant ends within 366 days; no member of the council has one.
    pub roles: Vec<GenesisRole>,
    /// One for each holder of [`Role::Minter`].
    pub minters: Vec<GenesisMinter>,
    pub institutions: Vec<GenesisInstitution>,
    /// The report that minting starts from; without one, the first attested report opens it.
    pub report: Option<GenesisReport>,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisCouncil {
    /// 1 to 21, strictly ascending by account, no key twice; each an account.
    pub members: Vec<Member>,
    pub thresholds: [u8; 4],
    pub delays_ms: [u64; 4],
    pub ttl_ms: u64,
    pub grace_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisInstitution {
    pub institution: u32,
    pub name: String,
    pub key: PublicKey,
}

/// A report that is effective from the start, as of genesis: who agrees on the genesis vouches for
/// it, so it carries no signatures.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisReport {
    pub body: ReportBody,
    pub submitted_by: Address,
    /// Who may revoke it, besides who submitted it.
    pub attested_by: Vec<Address>,
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
    /// The most it may mint within 24 hours, micro-dollars.
    pub window_cap: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GenesisError {
    #[error("the genesis does not decode: {0}")]
    Decode(#[from] DecodeError),
    #[error("the validator set is not valid: {0}")]
    Validators(#[from] CommitteeError),
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
    #[error("the council is not valid: {0}")]
    Council(&'static str),
    #[error("the policy is not valid: {0}")]
    Parameters(&'static str),
    #[error("the terms are not valid: {0}")]
    Terms(&'static str),
    #[error("institution {0} is not valid or named twice")]
    Institution(u32),
    #[error("the report is not valid: {0}")]
    Report(&'static str),
    #[error("the grant of {role} to {1:?} must end after genesis and within 366 days", role = .0.name())]
    RoleTerm(Role, Address),
    #[error("{0:?} holds a second role, or a role beside a seat in the council")]
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

    /// Decodes a genesis file of at most [`GENESIS_BYTES_MAX`], and does not [check](Self::check)
    /// it: whoever knows its hash, or has a database that began with it, need not.
    pub fn decode(bytes: &[u8]) -> Result<Self, GenesisError> {
        Ok(codec::decode(bytes, GENESIS_BYTES_MAX)?)
    }

    /// Checks everything that the runtime's rules later rely on, as every chain does that begins
    /// ([`State::from_genesis`](crate::State::from_genesis)). Takes some 3 µs an account, most of
    /// it for keys.
    pub fn check(&self) -> Result<(), GenesisError> {
        self.validators.check()?;
        self.policy.check_shape().map_err(GenesisError::Parameters)?;
        self.terms.check_shape().map_err(GenesisError::Terms)?;
        let accounts = self.check_accounts()?;
        if !accounts.contains_key(&self.policy.fee_account) {
            return Err(GenesisError::Parameters("the fee account is not an account"));
        }
        let Officers { ceo, cfo } = &self.policy.officers;
        if check_public_key(ceo).and(check_public_key(cfo)).is_err() {
            return Err(GenesisError::Parameters("an officer's key is not acceptable"));
        }
        self.check_council(&accounts)?;
        self.check_roles(&accounts)?;
        self.check_minters()?;
        self.check_institutions()?;
        self.report.as_ref().map_or(Ok(()), |report| self.check_report(report))
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

    fn check_council(&self, accounts: &BTreeMap<Address, &KeyPolicy>) -> Result<(), GenesisError> {
        let GenesisCouncil { members, thresholds, delays_ms, ttl_ms, grace_ms } = &self.council;
        council_set::check_members(members).map_err(GenesisError::Council)?;
        council_set::check_thresholds(members.len(), thresholds)
            .map_err(|code| GenesisError::Council(code.text()))?;
        if delays_ms.iter().any(|delay| *delay > DELAY_MS_MAX) {
            return Err(GenesisError::Council("a delay is longer than 30 days"));
        }
        // Nothing can change them later: with either at 0 the council could never decide again.
        if *ttl_ms == 0 || *grace_ms == 0 {
            return Err(GenesisError::Council("a proposal needs time to be voted on and executed"));
        }
        if !members.iter().all(|member| accounts.contains_key(&member.account)) {
            return Err(GenesisError::Council("a member is not an account"));
        }
        if !members.iter().all(|member| check_public_key(&member.key).is_ok()) {
            return Err(GenesisError::Council("a member's key is not acceptable"));
        }
        Ok(())
    }

    fn check_roles(&self, accounts: &BTreeMap<Address, &KeyPolicy>) -> Result<(), GenesisError> {
        let last = self.time.saturating_add(ROLE_TERM_MS_MAX);
        let mut holders: BTreeSet<_> =
            self.council.members.iter().map(|member| member.account).collect();
        for grant in &self.roles {
            if grant.valid_until <= self.time || grant.valid_until > last {
                return Err(GenesisError::RoleTerm(grant.role, grant.holder));
            }
            if !accounts.contains_key(&grant.holder) {
                return Err(GenesisError::UnknownHolder(grant.holder, grant.role));
            }
            if !holders.insert(grant.holder) {
                return Err(GenesisError::RoleConflict(grant.holder));
            }
        }
        Ok(())
    }

    fn check_institutions(&self) -> Result<(), GenesisError> {
        let mut known = BTreeSet::new();
        for GenesisInstitution { institution, name, key } in &self.institutions {
            let good = *institution != 0
                && (1..=NAME_BYTES_MAX).contains(&name.len())
                && check_public_key(key).is_ok();
            if !good || !known.insert(*institution) {
                return Err(GenesisError::Institution(*institution));
            }
        }
        let belongs = |account: &&GenesisAccount| {
            account.institution != 0 && !known.contains(&account.institution)
        };
        match self.accounts.iter().find(belongs) {
            Some(account) => Err(GenesisError::Institution(account.institution)),
            None => Ok(()),
        }
    }

    fn check_report(&self, report: &GenesisReport) -> Result<(), GenesisError> {
        let body = &report.body;
        submit_report::check_body(body).map_err(GenesisError::Report)?;
        let at_genesis = body.as_of == self.first_checkpoint().at && body.as_of_height == 0;
        if !at_genesis || body.supersedes.is_some() {
            return Err(GenesisError::Report("it is not of the genesis checkpoint"));
        }
        if body.stated_outstanding != self.total() {
            return Err(GenesisError::Report("it states another supply than the balances"));
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
            (Key::Policy, Object::Policy(Box::new(self.policy.clone()))),
            (Key::Supply, Object::Supply(Box::new(supply))),
            (
                Key::Validators,
                Object::Validators(Box::new(Validators::at_genesis(self.validators.clone()))),
            ),
            (Key::Council, Object::Council(Box::new(self.council.object()))),
            (Key::Window, Object::Window(Box::default())),
            (Key::Terms, Object::Terms(Box::new(self.terms.clone()))),
            (Key::Incidents, Object::Incidents(IncidentLog::default())),
            (Key::Upgrade, Object::Upgrade(Upgrade::AT_GENESIS)),
        ]);
        self.add_reserve(&mut objects);
        let pause = |scope| (Key::Pause(scope), Object::Pause(PauseState::default()));
        objects.extend(Scope::ALL.map(pause));
        objects.extend(self.accounts.iter().map(GenesisAccount::object));
        for GenesisRole { role, holder, valid_until } in &self.roles {
            let grant = RoleGrant { valid_until: *valid_until };
            objects.insert(Key::Role(*role, *holder), Object::Role(grant));
        }
        for GenesisMinter { holder, allowance, per_tx, window_cap } in &self.minters {
            let minter = Minter {
                allowance: *allowance,
                per_tx: *per_tx,
                window_cap: *window_cap,
                window: Window::default(),
                suspended: false,
            };
            objects.insert(Key::Minter(*holder), Object::Minter(Box::new(minter)));
        }
        for GenesisInstitution { institution, name, key } in &self.institutions {
            let object = Institution { name: name.clone(), key: *key };
            objects.insert(Key::Institution(*institution), Object::Institution(object));
        }
        objects
    }

    /// The supply checkpoint of genesis.
    fn first_checkpoint(&self) -> Checkpoint {
        let interval = self.policy.checkpoint_ms;
        let tick = self.time.checked_div(interval).unwrap_or(0);
        Checkpoint {
            at: tick.saturating_mul(interval),
            height: 0,
            total: self.total(),
            cum_deposit: 0,
            cum_payout: 0,
        }
    }

    fn add_reserve(&self, objects: &mut BTreeMap<Key, Object>) {
        let checkpoint = self.first_checkpoint();
        let mut index = ReserveIndex { next: 1, checkpoint: checkpoint.at, ..Default::default() };
        let key = Checkpoint::key(checkpoint.at, self.policy.checkpoint_ms);
        objects.insert(key, Object::Checkpoint(checkpoint));
        if let Some(GenesisReport { body, submitted_by, attested_by }) = &self.report {
            let attested = |attestor: &Address| Attestation { attestor: *attestor, at: self.time };
            let report = Report {
                digest: submit_report::report_digest(body),
                body: body.clone(),
                submitted_by: *submitted_by,
                submitted_at: self.time,
                deposits_then: 0,
                payouts_then: 0,
                attested_by: attested_by.iter().map(attested).collect(),
                status: ReportStatus::Effective,
            };
            objects.insert(Key::Report(1), Object::Report(Box::new(report)));
            index = ReserveIndex { next: 2, latest: Some(1), ..index };
        }
        objects.insert(Key::Reserve, Object::Reserve(index));
    }
}

impl GenesisCouncil {
    fn object(&self) -> Council {
        Council {
            members: self.members.clone(),
            epoch: 0,
            exec_nonce: 0,
            thresholds: self.thresholds,
            delays: self.delays_ms.map(Delay::of),
            ttl_ms: self.ttl_ms,
            grace_ms: self.grace_ms,
            next_proposal: 1,
            open: Vec::new(),
        }
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
            objects: 0,
        };
        (Key::Account(Address::of(&self.policy)), Object::Account(account))
    }
}
