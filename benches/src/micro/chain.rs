//! A state of many accounts, and transfers between them, under keys that are not points: nothing
//! here verifies.

use ballast_primitives::{Address, KeyPolicy, PublicKey, SecretKey, Signature, Validator, codec};
use ballast_runtime::dev::{self, DevSpec};
use ballast_runtime::execute::BlockContext;
use ballast_runtime::ops::transfer::Transfer;
use ballast_runtime::state::Change;
use ballast_runtime::tx::{VerifiedTx, Witness};
use ballast_runtime::{Key, Object, Op, Rules, SignedTx, State, TxBody, object};

const BALANCE: u64 = 1_000_000_000_000;

pub struct Chain {
    pub state: State,
    context: BlockContext,
    policies: Vec<KeyPolicy>,
    nonces: Vec<u64>,
    random: u64,
}

impl Chain {
    /// A dev genesis and `accounts` more.
    pub fn new(accounts: u64) -> Self {
        let mut random = 7;
        let mut key = || {
            let bytes: Vec<u8> = (0..4).flat_map(|_| next(&mut random).to_le_bytes()).collect();
            KeyPolicy::Single(PublicKey(bytes.try_into().unwrap_or_default()))
        };
        let policies: Vec<_> = (0..accounts).map(|_| key()).collect();
        let (state, context) = populate(&policies);
        Self { state, context, nonces: vec![0; policies.len()], policies, random: 1 }
    }

    /// The next block's place.
    pub fn next_block(&mut self) -> BlockContext {
        self.context.height += 1;
        self.context
    }

    /// Transfers between random accounts, each sender's nonces in order.
    pub fn transfers(&mut self, count: usize) -> Vec<VerifiedTx> {
        let accounts = self.policies.len();
        (0..count)
            .map(|_| {
                let from = next(&mut self.random) as usize % accounts;
                let to = (from + 1 + next(&mut self.random) as usize % (accounts - 1)) % accounts;
                self.nonces[from] += 1;
                let nonce = self.nonces[from];
                transfer(&self.context, &self.policies[from], &self.policies[to], nonce)
            })
            .collect()
    }
}

fn populate(policies: &[KeyPolicy]) -> (State, BlockContext) {
    let key = |label| SecretKey::dev("cost", label).public();
    let (time, chain_id) = (1_700_000_000_000, 1);
    let validator =
        Validator { key: key("validator"), peer: key("peer"), power: 1, name: "v".to_owned() };
    let spec = DevSpec {
        chain_id,
        time,
        validators: vec![validator],
        accounts: 1,
        balance: BALANCE,
        seed: "cost".to_owned(),
    };
    let genesis = dev::genesis(&spec).expect("a dev genesis");
    let state = State::from_genesis(&genesis).expect("its state");
    let model = state.account(&dev::account_address("cost", 0)).expect("its account").clone();
    let mut leaves: Vec<_> = state.changes().collect();
    for policy in policies {
        let account = object::Account { policy: policy.clone(), ..model.clone() };
        leaves.push(Change {
            slot: leaves.len() as u64,
            key: codec::encode(&Key::Account(Address::of(policy))),
            value: codec::encode(&Object::Account(account)),
        });
    }
    let mut supply = state.supply().clone();
    supply.total += policies.len() as u128 * u128::from(BALANCE);
    supply.genesis = supply.total;
    supply.cap += supply.total;
    let key = codec::encode(&Key::Supply);
    let change = leaves.iter_mut().find(|change| change.key == key).expect("a supply");
    change.value = codec::encode(&Object::Supply(Box::new(supply)));
    let context = BlockContext {
        genesis: genesis.hash(),
        chain_id,
        height: 0,
        time: time + 1_000,
        rules: &Rules::V1,
    };
    (State::restore(leaves).expect("a state"), context)
}

fn transfer(context: &BlockContext, from: &KeyPolicy, to: &KeyPolicy, nonce: u64) -> VerifiedTx {
    let op = Op::Transfer(Transfer { to: Address::of(to), amount: 1, travel: None });
    let body = TxBody {
        genesis: context.genesis,
        chain_id: context.chain_id,
        sender: Address::of(from),
        nonce,
        valid_until: context.time + 1_000,
        sponsor: None,
        memo: None,
        ops: vec![op],
    };
    let witnesses = vec![Witness { key: from.keys()[0], signature: Signature([0; 64]) }];
    let id = body.id();
    VerifiedTx::assume_verified(SignedTx { body, witnesses }, id)
}

/// xorshift64.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
