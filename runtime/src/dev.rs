//! Genesis of dev networks: everything the main flow needs, every key derived from a seed that
//! anyone may know. Never for real money: [`Network::Dev`] only.

use ballast_primitives::{Address, Committee, Hash, KeyPolicy, Network, SecretKey, Validator};

use crate::genesis::{
    Genesis, GenesisAccount, GenesisCouncil, GenesisError, GenesisMinter, GenesisReport,
    GenesisRole,
};
use crate::limits::{DAY_MS, ROLE_TERM_MS_MAX};
use crate::object::{
    Assurance, Category, Line, Member, Officers, Opinion, Policy, Quota, ReportBody, ReportKind,
    Role, Terms,
};

/// Account classes of a dev network, by number.
pub const CLASS_RETAIL: u8 = 0;
pub const CLASS_INSTITUTION: u8 = 1;
pub const CLASS_OPERATOR: u8 = 2;

/// Members of the council.
pub const COUNCIL_SIZE: usize = 5;
/// How many of them must say yes, by class.
pub const COUNCIL_THRESHOLDS: [u8; 4] = [2, 3, 3, 4];
/// Delays of a dev network, so that a script need not wait for days; elsewhere 0, 0, 24 hours and
/// 72 hours are usual.
pub const COUNCIL_DELAYS_MS: [u64; 4] = [0, 0, 2_000, 4_000];

/// Room for minting above what genesis hands out: a billion dollars.
const CAP_ROOM: u128 = 1_000_000_000_000_000;
const MILLION_DOLLARS: u64 = 1_000_000_000_000;

/// What to put into a dev genesis.
#[derive(Clone, Debug)]
pub struct DevSpec {
    pub chain_id: u32,
    /// Milliseconds since the Unix epoch.
    pub time: u64,
    pub validators: Vec<Validator>,
    /// How many funded accounts; see [`account_key`].
    pub accounts: u32,
    /// What each of them holds, micro-dollars.
    pub balance: u64,
    pub seed: String,
}

/// The key of funded account `n`.
pub fn account_key(seed: &str, n: u32) -> SecretKey {
    SecretKey::dev(seed, &format!("account {n}"))
}

/// The keys of the council's members: each signs for its account and, off the chain, for itself.
pub fn council_keys(seed: &str) -> Vec<SecretKey> {
    (0..COUNCIL_SIZE).map(|n| SecretKey::dev(seed, &format!("council {n}"))).collect()
}

/// The accounts of the council's members, in the order of [`council_keys`].
pub fn council_addresses(seed: &str) -> Vec<Address> {
    council_keys(seed).iter().map(address_of).collect()
}

/// The key of the one holder of a role.
pub fn role_key(seed: &str, role: Role) -> SecretKey {
    SecretKey::dev(seed, &format!("role {}", role.name()))
}

pub fn role_address(seed: &str, role: Role) -> Address {
    address_of(&role_key(seed, role))
}

pub fn account_address(seed: &str, n: u32) -> Address {
    address_of(&account_key(seed, n))
}

/// The keys of the officers who sign reserve reports: chief executive, chief financial officer.
pub fn officer_keys(seed: &str) -> [SecretKey; 2] {
    ["officer CEO", "officer CFO"].map(|name| SecretKey::dev(seed, name))
}

/// The key of the account that receives fees.
pub fn fee_key(seed: &str) -> SecretKey {
    SecretKey::dev(seed, "fees")
}

fn address_of(key: &SecretKey) -> Address {
    Address::of(&KeyPolicy::Single(key.public()))
}

/// The parameters of a dev network. Deposits are final at once and the supply is remembered every
/// five seconds, so that a script can mint what it has just deposited and report on what it has
/// just minted.
pub fn policy(seed: &str) -> Policy {
    // A retail holder gets one transaction in three seconds, the others 100,000 a second.
    let busy = Quota { burst: 1_000_000, per_1000_s: 100_000_000 };
    let retail = Quota { burst: 20, per_1000_s: 333 };
    let [ceo, cfo] = officer_keys(seed).map(|key| key.public());
    Policy {
        rail_hold_ms: 0,
        minter_allowance_max: 500 * MILLION_DOLLARS,
        mint_per_tx_max: 20 * MILLION_DOLLARS,
        global_window_cap: 100 * MILLION_DOLLARS,
        report_max_age_ms: 35 * DAY_MS,
        attest_quorum: 1,
        custodian_share_max_bps: None,
        travel_threshold: 1_000_000_000,
        fee_account: address_of(&fee_key(seed)),
        officers: Officers { ceo, cfo },
        quotas: vec![retail, busy, busy],
        checkpoint_ms: 5_000,
    }
}

/// The terms of redemption of a dev network: anyone, from ten dollars, for 5 hundredths of a
/// percent and at least a dollar.
pub const fn terms() -> Terms {
    Terms {
        version: 1,
        min: 10_000_000,
        max: 100 * MILLION_DOLLARS,
        fee_bps: 5,
        fee_flat: 1_000_000,
        cutoff_minute: 17 * 60,
        holidays: Vec::new(),
        class_min: CLASS_RETAIL,
    }
}

fn council(seed: &str) -> GenesisCouncil {
    let member = |key: SecretKey| Member { account: address_of(&key), key: key.public() };
    let mut members: Vec<_> = council_keys(seed).into_iter().map(member).collect();
    members.sort_unstable_by_key(|member| member.account);
    GenesisCouncil {
        members,
        thresholds: COUNCIL_THRESHOLDS,
        delays_ms: COUNCIL_DELAYS_MS,
        ttl_ms: 7 * DAY_MS,
        grace_ms: 7 * DAY_MS,
    }
}

/// A reserve for what is handed out and for all the room to mint: a fifth in the bank, the rest in
/// Treasuries.
fn report(spec: &DevSpec, total: u128, as_of: u64) -> GenesisReport {
    let reserve = total.saturating_add(CAP_ROOM);
    let line = |category, custodian: &str, maturity_days, amount: u128| {
        let amount = u64::try_from(amount).unwrap_or(u64::MAX);
        Line {
            category,
            custodian: custodian.to_owned(),
            country: *b"US",
            maturity_days,
            face: amount,
            amortised: amount,
            market: amount,
            encumbered: 0,
            segregated: true,
        }
    };
    let cash = reserve / 5;
    let body = ReportBody {
        supersedes: None,
        kind: ReportKind::PointInTime,
        period_start: as_of,
        as_of,
        as_of_height: 0,
        stated_outstanding: total,
        scope: Hash::default(),
        standard: "dev".to_owned(),
        assurance: Assurance::Examination,
        opinion: Opinion::Unmodified,
        exceptions: Vec::new(),
        lines: vec![
            line(Category::DemandDeposit, "Example Bank", 0, cash),
            line(Category::Treasury, "Example Trust", 30, reserve.saturating_sub(cash)),
        ],
        document: Hash::default(),
        uri: String::new(),
    };
    GenesisReport {
        body,
        submitted_by: role_address(&spec.seed, Role::ReserveManager),
        attested_by: vec![role_address(&spec.seed, Role::Attestor)],
    }
}

/// Makes the genesis: a council of five, one holder of each role, a fresh reserve report and the
/// funded accounts, all registered for ten years.
pub fn genesis(spec: &DevSpec) -> Result<Genesis, GenesisError> {
    let seed = spec.seed.as_str();
    let account = |key: &SecretKey, kyc_class, balance| GenesisAccount {
        policy: KeyPolicy::Single(key.public()),
        balance,
        kyc_class,
        kyc_until: spec.time.saturating_add(3_650 * DAY_MS),
        institution: 0,
        memo_required: false,
    };
    let officials = council_keys(seed)
        .into_iter()
        .chain(Role::ALL.map(|role| role_key(seed, role)))
        .chain([fee_key(seed)]);
    let officials = officials.map(|key| account(&key, CLASS_OPERATOR, 0));
    let funded =
        (0..spec.accounts).map(|n| account(&account_key(seed, n), CLASS_INSTITUTION, spec.balance));
    let valid_until = spec.time.saturating_add(ROLE_TERM_MS_MAX);
    let grant = |role| GenesisRole { role, holder: role_address(seed, role), valid_until };
    let policy = policy(seed);
    let minter = GenesisMinter {
        holder: role_address(seed, Role::Minter),
        allowance: 200 * MILLION_DOLLARS,
        per_tx: policy.mint_per_tx_max,
        window_cap: 60 * MILLION_DOLLARS,
    };
    let total = u128::from(spec.accounts).saturating_mul(u128::from(spec.balance));
    let tick = spec.time.checked_div(policy.checkpoint_ms).unwrap_or(0);
    let as_of = tick.saturating_mul(policy.checkpoint_ms);
    let genesis = Genesis {
        network: Network::Dev,
        chain_id: spec.chain_id,
        time: spec.time,
        validators: Committee::new(spec.validators.clone())?,
        policy,
        terms: terms(),
        cap: total.saturating_add(CAP_ROOM),
        council: council(seed),
        accounts: officials.chain(funded).collect(),
        roles: Role::ALL.map(grant).to_vec(),
        minters: vec![minter],
        institutions: Vec::new(),
        report: Some(report(spec, total, as_of)),
    };
    genesis.check()?;
    Ok(genesis)
}
