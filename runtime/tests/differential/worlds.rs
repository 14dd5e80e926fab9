//! Geneses to start from: a dev network with more people, and every parameter at values that are
//! soon reached.

use ballast_primitives::{Address, Committee, KeyPolicy, SecretKey, Validator};
use ballast_runtime::dev::{self, DevSpec};
use ballast_runtime::genesis::{GenesisAccount, GenesisInstitution, GenesisMinter, GenesisRole};
use ballast_runtime::limits::{DAY_MS, HOUR_MS, ROLE_TERM_MS_MAX};
use ballast_runtime::object::{Member, Quota, Role};
use ballast_runtime::*;

use crate::rng::Rng;

const SEED: &str = "differential";
/// A Friday, 14 November 2025, 16:00 UTC: the cut-off and a weekend are near.
pub const START: u64 = 1_763_136_000_000;
pub const DOLLAR: u64 = 1_000_000;
const HOLDERS: u64 = 20;
/// Holders of each role.
const OFFICERS: u64 = 3;

/// What a world is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Five members, ordinary parameters.
    Plain,
    /// One member, no delays: the council does whatever it is asked.
    Autocracy,
    /// Balances and limits at the end of their range.
    Rich,
    /// A cap, windows and a reserve that are soon full.
    Tight,
    /// Ten members, long delays, short lives of proposals and reports.
    Crowd,
}

pub const FLAVOURS: [Flavour; 7] = [
    Flavour::Plain,
    Flavour::Autocracy,
    Flavour::Rich,
    Flavour::Tight,
    Flavour::Autocracy,
    Flavour::Crowd,
    Flavour::Rich,
];

pub fn genesis(flavour: Flavour, rng: &mut Rng) -> Genesis {
    let mut genesis = dev::genesis(&DevSpec {
        chain_id: 11,
        time: START + rng.below(7 * DAY_MS),
        validators: vec![validator(0, 1)],
        accounts: 1,
        balance: 1_000 * DOLLAR,
        seed: SEED.to_owned(),
    })
    .unwrap();
    let counts = if flavour == Flavour::Autocracy { &[1, 4, 5][..] } else { &[3, 4, 7] };
    genesis.validators = validators(rng, counts);
    genesis.institutions = (1..=3).map(institution).collect();
    add_people(&mut genesis, flavour, rng);
    add_officers(&mut genesis, rng);
    set_council(&mut genesis, flavour, rng);
    set_policy(&mut genesis, flavour, rng);
    set_terms(&mut genesis, flavour, rng);
    set_reserve(&mut genesis, flavour, rng);
    genesis.check().unwrap();
    genesis
}

/// A genesis that is refused: someone has three roles. The holder, too.
pub fn unsound(rng: &mut Rng) -> (Genesis, Address) {
    let mut genesis = genesis(Flavour::Plain, rng);
    let holder = genesis.roles.iter().find(|grant| grant.role == Role::Bridge).unwrap().holder;
    for role in [Role::Registrar, Role::Redeemer] {
        let grant = genesis.roles.iter_mut().find(|grant| grant.role == role).unwrap();
        grant.holder = holder;
    }
    genesis.check().unwrap_err();
    (genesis, holder)
}

fn key(label: &str, n: u64) -> SecretKey {
    SecretKey::dev(SEED, &format!("{label} {n}"))
}

pub fn validator(n: u64, power: u64) -> Validator {
    Validator {
        key: key("validator", n).public(),
        peer: key("peer", n).public(),
        power,
        name: format!("validator-{n}"),
    }
}

fn validators(rng: &mut Rng, counts: &[u64]) -> Committee {
    let count = rng.pick(counts);
    Committee::new((0..count).map(|n| validator(n, 1 + rng.below(3))).collect()).unwrap()
}

fn institution(n: u32) -> GenesisInstitution {
    let key = key("institution", u64::from(n)).public();
    GenesisInstitution { institution: n, name: format!("institution {n}"), key }
}

fn account(policy: KeyPolicy, balance: u64, time: u64, rng: &mut Rng) -> GenesisAccount {
    let life = if rng.chance(12) { HOUR_MS + rng.below(3 * DAY_MS) } else { 3_650 * DAY_MS };
    GenesisAccount {
        policy,
        balance,
        kyc_class: rng.below(3) as u8,
        kyc_until: time + life,
        institution: if rng.chance(80) { 1 + rng.below(3) as u32 } else { 0 },
        memo_required: rng.chance(15),
    }
}

fn add_people(genesis: &mut Genesis, flavour: Flavour, rng: &mut Rng) {
    for n in 0..HOLDERS {
        let mut keys: Vec<_> = (0..3).map(|k| key(&format!("holder {n}"), k).public()).collect();
        let policy = if rng.chance(20) {
            keys.sort_unstable();
            KeyPolicy::Threshold { k: 2, keys }
        } else {
            KeyPolicy::Single(keys[0])
        };
        let balance = match (flavour, n % 4) {
            (Flavour::Rich, 0) => u64::MAX - rng.below(1_000 * DOLLAR),
            (_, 3) => 0,
            _ => 100 * DOLLAR + rng.below(10_000 * DOLLAR),
        };
        let account = account(policy, balance, genesis.time, rng);
        genesis.accounts.push(account);
    }
    if flavour == Flavour::Rich {
        let fees = genesis.policy.fee_account;
        let fees = genesis.accounts.iter_mut().find(|a| Address::of(&a.policy) == fees);
        fees.unwrap().balance = u64::MAX - 1;
    }
}

/// More holders of each role; the terms of some end soon.
fn add_officers(genesis: &mut Genesis, rng: &mut Rng) {
    for role in Role::ALL {
        for n in 1..OFFICERS {
            let policy = KeyPolicy::Single(key(role.name(), n).public());
            let holder = Address::of(&policy);
            let term = if n == 1 { ROLE_TERM_MS_MAX } else { HOUR_MS + rng.below(2 * DAY_MS) };
            genesis.roles.push(GenesisRole { role, holder, valid_until: genesis.time + term });
            let mut account = account(policy, 0, genesis.time, rng);
            account.kyc_class = dev::CLASS_OPERATOR;
            genesis.accounts.push(account);
            if role == Role::Minter {
                let allowance = rng.below(1_000_000 * DOLLAR);
                let (per_tx, window_cap) = (200_000 * DOLLAR, 300_000 * DOLLAR);
                genesis.minters.push(GenesisMinter { holder, allowance, per_tx, window_cap });
            }
        }
    }
}

fn set_council(genesis: &mut Genesis, flavour: Flavour, rng: &mut Rng) {
    let (size, thresholds, delays) = match flavour {
        Flavour::Autocracy => (1, [1; 4], [0; 4]),
        Flavour::Rich if rng.chance(60) => (1, [1; 4], [0; 4]),
        Flavour::Rich => (3, [1, 1, 2, 2], [0, 0, 0, 1_000]),
        Flavour::Crowd => (10, [2, 4, 6, 7], [0, 1_000, HOUR_MS, DAY_MS]),
        Flavour::Plain | Flavour::Tight => (5, [2, 3, 3, 4], dev::COUNCIL_DELAYS_MS),
    };
    let mut members = Vec::new();
    for n in 0..size {
        let key = key("member", n).public();
        let policy = KeyPolicy::Single(key);
        members.push(Member { account: Address::of(&policy), key });
        let quiet = &mut Rng::new(0);
        let mut account = account(policy, 10 * DOLLAR, genesis.time, quiet);
        account.kyc_class = dev::CLASS_OPERATOR;
        genesis.accounts.push(account);
    }
    members.sort_unstable_by_key(|member| member.account);
    genesis.council.members = members;
    genesis.council.thresholds = thresholds;
    genesis.council.delays_ms = delays;
    if flavour == Flavour::Crowd {
        (genesis.council.ttl_ms, genesis.council.grace_ms) = (2 * HOUR_MS, HOUR_MS);
    }
}

fn set_policy(genesis: &mut Genesis, flavour: Flavour, rng: &mut Rng) {
    let policy = &mut genesis.policy;
    policy.quotas[0] = Quota { burst: 16, per_1000_s: 333 };
    policy.travel_threshold = rng.pick(&[5 * DOLLAR, 200 * DOLLAR]);
    policy.rail_hold_ms = rng.pick(&[0, 10_000, DAY_MS]);
    policy.report_max_age_ms = rng.pick(&[12 * HOUR_MS, 4 * DAY_MS, 35 * DAY_MS]);
    policy.attest_quorum = 1 + rng.below(2) as u8;
    policy.custodian_share_max_bps = rng.pick(&[None, Some(9_000), Some(5_000)]);
    policy.checkpoint_ms = rng.pick(&[1_000, 5_000, 60_000, HOUR_MS]);
    match flavour {
        Flavour::Rich => {
            policy.rail_hold_ms = 0;
            policy.report_max_age_ms = 35 * DAY_MS;
            policy.custodian_share_max_bps = None;
            policy.minter_allowance_max = u64::MAX;
            policy.mint_per_tx_max = u64::MAX;
            policy.global_window_cap = u64::MAX;
            policy.travel_threshold = u64::MAX;
        }
        Flavour::Tight => {
            policy.mint_per_tx_max = 100_000 * DOLLAR;
            policy.global_window_cap = 500_000 * DOLLAR;
        }
        _ => policy.global_window_cap = 3_000_000 * DOLLAR,
    }
    for minter in &mut genesis.minters {
        if flavour == Flavour::Rich {
            (minter.allowance, minter.per_tx, minter.window_cap) = (u64::MAX, u64::MAX, u64::MAX);
        }
        minter.allowance = minter.allowance.min(policy.minter_allowance_max);
    }
}

fn set_terms(genesis: &mut Genesis, flavour: Flavour, rng: &mut Rng) {
    let terms = &mut genesis.terms;
    terms.min = rng.pick(&[0, DOLLAR, 10 * DOLLAR]);
    terms.max = if flavour == Flavour::Rich { u64::MAX } else { 5_000 * DOLLAR };
    terms.fee_bps = rng.pick(&[0, 5, 250]);
    terms.fee_flat = rng.pick(&[0, 1, DOLLAR]);
    terms.cutoff_minute = rng.pick(&[0, 720, 1_020, 1_440]);
    terms.class_min = rng.below(2) as u8;
    let today = (genesis.time / DAY_MS) as u32;
    terms.holidays = (0..12).map(|n| today + 3 * n).filter(|_| rng.chance(50)).collect();
    match flavour {
        Flavour::Tight => terms.version = u32::MAX,
        Flavour::Rich => terms.fee_flat = 1,
        _ => {}
    }
}

/// The cap, and a report of the balances that there are now; not every world has one.
fn set_reserve(genesis: &mut Genesis, flavour: Flavour, rng: &mut Rng) {
    let total: u128 = genesis.accounts.iter().map(|a| u128::from(a.balance)).sum();
    genesis.cap = total
        + match flavour {
            Flavour::Tight => 200_000 * u128::from(DOLLAR),
            Flavour::Rich => 100 * u128::from(u64::MAX),
            _ => 1_000_000_000 * u128::from(DOLLAR),
        };
    if flavour == Flavour::Crowd {
        genesis.report = None;
        return;
    }
    let body = &mut genesis.report.as_mut().unwrap().body;
    let tick = genesis.time - genesis.time % genesis.policy.checkpoint_ms;
    (body.as_of, body.period_start, body.stated_outstanding) = (tick, tick, total);
    let room = if flavour == Flavour::Tight { 100_000 } else { 10_000_000 };
    body.lines = crate::generator::reserve::lines(rng, total + room * u128::from(DOLLAR));
}
