//! Genesis of dev networks: everything the main flow needs, every key derived from a seed that
//! anyone may know. Never for real money: [`Network::Dev`] only.

use ballast_primitives::{Address, Committee, KeyPolicy, Network, PublicKey, SecretKey, Validator};

use crate::genesis::{Genesis, GenesisAccount, GenesisError, GenesisMinter, GenesisRole};
use crate::limits::{DAY_MS, ROLE_TERM_MS_MAX};
use crate::object::{Policy, Quota, Role};

/// Account classes of a dev network, by number.
pub const CLASS_RETAIL: u8 = 0;
pub const CLASS_INSTITUTION: u8 = 1;
pub const CLASS_OPERATOR: u8 = 2;

/// Members of the council, and how many of them must sign.
pub const COUNCIL_SIZE: usize = 5;
pub const COUNCIL_THRESHOLD: u8 = 3;

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

/// The keys of the council's members, of which any three sign.
pub fn council_keys(seed: &str) -> Vec<SecretKey> {
    (0..COUNCIL_SIZE).map(|n| SecretKey::dev(seed, &format!("council {n}"))).collect()
}

/// The key of the one holder of an operational role. The council has [`council_keys`] instead.
pub fn role_key(seed: &str, role: Role) -> SecretKey {
    SecretKey::dev(seed, &format!("role {}", role.name()))
}

pub fn account_address(seed: &str, n: u32) -> Address {
    Address::of(&KeyPolicy::Single(account_key(seed, n).public()))
}

/// The address of the holder of `role`, the council's account included.
pub fn role_address(seed: &str, role: Role) -> Address {
    Address::of(&role_policy(seed, role))
}

pub fn council_address(seed: &str) -> Address {
    role_address(seed, Role::Council)
}

/// The keys that sign for the holder of `role`, as many as its policy asks for.
pub fn role_signers(seed: &str, role: Role) -> Vec<SecretKey> {
    match role {
        Role::Council => {
            council_keys(seed).into_iter().take(usize::from(COUNCIL_THRESHOLD)).collect()
        }
        _ => vec![role_key(seed, role)],
    }
}

fn role_policy(seed: &str, role: Role) -> KeyPolicy {
    match role {
        Role::Council => {
            let mut keys: Vec<PublicKey> =
                council_keys(seed).iter().map(SecretKey::public).collect();
            keys.sort_unstable();
            KeyPolicy::Threshold { k: COUNCIL_THRESHOLD, keys }
        }
        _ => KeyPolicy::Single(role_key(seed, role).public()),
    }
}

/// The parameters of a dev network. Deposits are final at once, so that a script can mint what it
/// has just deposited.
pub fn policy() -> Policy {
    // A retail holder gets one transaction in three seconds, the others 100,000 a second.
    let busy = Quota { burst: 1_000_000, per_1000_s: 100_000_000 };
    let retail = Quota { burst: 20, per_1000_s: 333 };
    Policy {
        rail_hold_ms: 0,
        minter_allowance_max: 500 * MILLION_DOLLARS,
        mint_per_tx_max: 20 * MILLION_DOLLARS,
        quotas: vec![retail, busy, busy],
    }
}

/// Makes the genesis: a council of five (three sign), one holder of each operational role, and
/// the funded accounts, all registered for ten years.
pub fn genesis(spec: &DevSpec) -> Result<Genesis, GenesisError> {
    let account = |policy, kyc_class, balance| GenesisAccount {
        policy,
        balance,
        kyc_class,
        kyc_until: spec.time.saturating_add(3_650 * DAY_MS),
        institution: 0,
        memo_required: false,
    };
    let officers = Role::ALL.map(|role| account(role_policy(&spec.seed, role), CLASS_OPERATOR, 0));
    let funded = (0..spec.accounts).map(|n| {
        let policy = KeyPolicy::Single(account_key(&spec.seed, n).public());
        account(policy, CLASS_INSTITUTION, spec.balance)
    });
    let term = spec.time.saturating_add(ROLE_TERM_MS_MAX);
    let grant = |role| GenesisRole {
        role,
        holder: role_address(&spec.seed, role),
        valid_until: if role == Role::Council { u64::MAX } else { term },
    };
    let policy = policy();
    let minter = GenesisMinter {
        holder: role_address(&spec.seed, Role::Minter),
        allowance: 200 * MILLION_DOLLARS,
        per_tx: policy.mint_per_tx_max,
    };
    let handed_out = u128::from(spec.accounts).saturating_mul(u128::from(spec.balance));
    let genesis = Genesis {
        network: Network::Dev,
        chain_id: spec.chain_id,
        time: spec.time,
        validators: Committee::new(spec.validators.clone())?,
        policy,
        cap: handed_out.saturating_add(CAP_ROOM),
        accounts: officers.into_iter().chain(funded).collect(),
        roles: Role::ALL.map(grant).to_vec(),
        minters: vec![minter],
    };
    genesis.check()?;
    Ok(genesis)
}
