//! What operations look at must not depend on how much there is: counted, not timed.

use ballast_primitives::{Address, Hash, KeyPolicy, SecretKey, Signature, Validator, codec};

use crate::council_op::CouncilOp;
use crate::dev::{self, DevSpec};
use crate::execute::{BlockContext, execute_block};
use crate::limits::DAY_MS;
use crate::object::{
    Allowance, Deposit, Incident, IncidentKind, Key, Object, Pending, Report, ReportStatus, Role,
    RoleGrant, Severity, Window,
};
use crate::op::Op;
use crate::ops::council_exec::CouncilExec;
use crate::ops::deposit_confirm::{DepositConfirm, deposit_id};
use crate::ops::deposit_reverse::DepositReverse;
use crate::ops::mint::Mint;
use crate::ops::reconcile::Reconcile;
use crate::ops::redeem_request::RedeemRequest;
use crate::ops::revoke_attestor_key::RevokeAttestorKey;
use crate::ops::revoke_report::RevokeReport;
use crate::ops::transfer::Transfer;
use crate::receipt::Outcome;
use crate::rules::Rules;
use crate::state::{Change, State, looked_at};
use crate::tx::{SignedTx, TxBody, VerifiedTx, Witness};

const SEED: &str = "cost";
const NOW: u64 = 1_700_000_000_000;

fn genesis_state() -> State {
    let key = |label| SecretKey::dev(SEED, label).public();
    let name = "validator-0".to_owned();
    let validator = Validator { key: key("validator"), peer: key("peer"), power: 1, name };
    let genesis = dev::genesis(&DevSpec {
        chain_id: 1,
        time: NOW,
        validators: vec![validator],
        accounts: 2,
        balance: 1_000_000_000,
        seed: SEED.to_owned(),
    });
    State::from_genesis(&genesis.unwrap()).unwrap()
}

fn number(n: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    Hash(bytes)
}

/// The state of a chain that has `count` of each: deposits that are not final, incidents, reports
/// that were superseded, roles that lapsed, allowances, windows of pairs.
fn grown(count: u64) -> State {
    let mut objects: Vec<(Key, Object)> = genesis_state()
        .changes()
        .map(|change| {
            let key = codec::decode(&change.key, usize::MAX).unwrap();
            (key, codec::decode(&change.value, usize::MAX).unwrap())
        })
        .collect();
    let custodian = dev::role_address(SEED, Role::Custodian);
    let report = objects.iter().find_map(|(_, object)| match object {
        Object::Report(report) => Some((**report).clone()),
        _ => None,
    });
    let superseded = Report { status: ReportStatus::Superseded, ..report.unwrap() };
    for n in 0..count {
        let (bank_ref, final_at, subject) = (n.to_string(), NOW + DAY_MS + n, number(n));
        let deposit = Deposit {
            custodian,
            bank_ref: bank_ref.clone(),
            amount: 1,
            beneficiary: custodian,
            confirmed_at: NOW,
            final_at,
            minted: 0,
            reversed: false,
        };
        let id = deposit_id(&custodian, &bank_ref);
        let (kind, severity) = (IncidentKind::Other, Severity::Low);
        let incident = Incident { kind, severity, height: 0, at: NOW, subject };
        let other = Address(subject.0);
        let allowance = Allowance { amount: 1, expires: u64::MAX };
        let grant = RoleGrant { valid_until: 1 };
        let window = Window { hour: NOW / 3_600_000, ..Window::default() };
        objects.extend([
            (Key::Deposit(id), Object::Deposit(Box::new(deposit))),
            (Key::Pending(final_at, id), Object::Pending(Pending { amount: 1, confirmed_at: NOW })),
            (Key::Incident(n), Object::Incident(incident)),
            (Key::Report(n + 2), Object::Report(Box::new(superseded.clone()))),
            (Key::Role(Role::Attestor, other), Object::Role(grant)),
            (Key::Allowance(other, other), Object::Allowance(allowance)),
            (Key::Pair(other, other), Object::Pair(Box::new(window))),
        ]);
    }
    for (_, object) in &mut objects {
        match object {
            Object::Supply(supply) => {
                (supply.cum_deposit, supply.pending) = (count.into(), count.into());
            }
            Object::Incidents(log) => log.next = count,
            Object::Reserve(index) => index.next = count + 2,
            _ => {}
        }
    }
    let change = |(slot, (key, object)): (u64, &(Key, Object))| Change {
        slot,
        key: codec::encode(key),
        value: codec::encode(object),
    };
    State::restore((0..).zip(&objects).map(change)).unwrap()
}

/// How many objects a block with this one operation looks at.
fn cost(state: &mut State, height: u64, key: &SecretKey, op: Op) -> u64 {
    let context = BlockContext {
        genesis: Hash::default(),
        chain_id: 1,
        height,
        time: NOW + height,
        rules: &Rules::V1,
    };
    let body = TxBody {
        genesis: context.genesis,
        chain_id: context.chain_id,
        sender: Address::of(&KeyPolicy::Single(key.public())),
        nonce: height,
        valid_until: context.time + 1,
        sponsor: None,
        memo: None,
        ops: vec![op.clone()],
    };
    let id = body.id();
    let witnesses = vec![Witness { key: key.public(), signature: Signature([0; 64]) }];
    let tx = VerifiedTx::assume_verified(SignedTx { body, witnesses }, id);
    let before = looked_at();
    let outcome = execute_block(state, &context, &[tx]).unwrap();
    let outcomes: Vec<_> = outcome.receipts.iter().map(|receipt| receipt.outcome).collect();
    assert_eq!(outcomes, [Outcome::Success], "{}: {:?}", op.name(), outcome.dropped);
    looked_at() - before
}

/// What each operation looks at where there are `count` of everything.
fn costs(count: u64) -> Vec<(&'static str, u64)> {
    let mut state = grown(count);
    let holder = dev::account_key(SEED, 0);
    let role = |role| dev::role_key(SEED, role);
    let (document, custodian) = (Hash::default(), dev::role_address(SEED, Role::Custodian));
    let beneficiary = dev::account_address(SEED, 1);
    let (amount, bank_ref) = (100, "fresh".to_owned());
    let fresh = deposit_id(&custodian, &bank_ref);
    let pending = deposit_id(&custodian, "0");
    let checkpoint = *state.checkpoint(state.reserve().checkpoint).unwrap();
    let (as_of, height) = (checkpoint.at, checkpoint.height);
    let liabilities = checkpoint.total + 1;
    let members = dev::council_keys(SEED);
    let revoke = RevokeAttestorKey { attestor: beneficiary, since: 0, document };
    let mut witnesses: Vec<_> = members[..3]
        .iter()
        .map(|key| Witness { key: key.public(), signature: Signature([0; 64]) })
        .collect();
    witnesses.sort_unstable_by_key(|witness| witness.key);
    let ops = vec![CouncilOp::RevokeAttestorKey(revoke)];
    let exec = CouncilExec { ops, epoch: 0, exec_nonce: 0, witnesses };
    let redeem = RedeemRequest { amount: 20_000_000, fee_max: u64::MAX, beneficiary: document };
    let ops = [
        (holder.clone(), Op::Transfer(Transfer { to: beneficiary, amount: 1, travel: None })),
        (
            role(Role::Custodian),
            Op::DepositConfirm(DepositConfirm { bank_ref, amount, beneficiary }),
        ),
        (role(Role::Minter), Op::Mint(Mint { deposit: fresh, amount })),
        (role(Role::Custodian), Op::DepositReverse(DepositReverse { deposit: pending, document })),
        (holder, Op::RedeemRequest(redeem)),
        (role(Role::ReserveManager), Op::Reconcile(Reconcile { as_of, height, liabilities })),
        (role(Role::Attestor), Op::RevokeReport(RevokeReport { report: 1, document })),
        (members[0].clone(), Op::CouncilExec(exec)),
    ];
    let numbered = (1..).zip(ops);
    numbered.map(|(height, (key, op))| (op.name(), cost(&mut state, height, &key, op))).collect()
}

#[test]
fn what_an_operation_looks_at_does_not_depend_on_how_much_there_is() {
    let [few, many, most] = [10, 1_000, 100_000].map(costs);
    println!("{few:?}\n{many:?}");
    // Beyond the incidents that are kept, filing one removes one.
    let more = most.iter().zip(&many).map(|((_, most), (_, many))| most - many);
    assert!(more.max() <= Some(10), "{most:?}\n{many:?}");
    // The last one looks at up to 64 reports.
    assert_eq!(few[..7], many[..7]);
    assert!(few[7] < many[7]);
    assert!(many.iter().all(|(_, cost)| (1..300).contains(cost)), "{many:?}");
}
