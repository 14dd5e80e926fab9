//! What must be refused, each under its own name, and without a trace in any balance.

use ballast_primitives::{Hash, SecretKey};
use ballast_runtime::limits::{DAY_MS, HOUR_MS};
use ballast_runtime::object::{Role, Scope};
use ballast_runtime::ops::freeze::Freeze;
use ballast_runtime::ops::mint::Mint;
use ballast_runtime::ops::pause::Pause;
use ballast_runtime::ops::transfer::Transfer;
use ballast_runtime::ops::unpause::Unpause;
use ballast_runtime::{Code, CouncilOp, Op, SignedTx};
use ballast_testnet::chain::{Signer, now_ms};
use ballast_testnet::{Chain, Client};

use crate::common::{code, commit, reason, succeed, up};

/// Balances of the first accounts, and the supply.
async fn totals(client: &Client, chain: &Chain) -> (Vec<u64>, ballast_proto::v1::Supply) {
    let mut balances = Vec::new();
    for n in 0..6 {
        balances.push(client.balance(&chain.account(n).address).await.unwrap());
    }
    (balances, client.total_supply().await.unwrap())
}

fn pay(chain: &Chain, from: u32, nonce: u64) -> SignedTx {
    chain.pay(&chain.account(from), chain.account(5).address, 1_000_000, nonce)
}

/// The bytes of a payment, each wrong in one way, and what that is called.
fn refused(chain: &Chain) -> Vec<(&'static str, Vec<u8>, Code)> {
    let good = || pay(chain, 0, 2);
    let signed = |change: &dyn Fn(&mut ballast_runtime::TxBody)| {
        let mut body = good().body;
        change(&mut body);
        body.sign(&[&chain.account(0).keys[0]]).encode()
    };
    let mut bad_signature = good();
    bad_signature.witnesses[0].signature.0[10] ^= 1;
    let other_key = good().body.sign(&[&chain.account(1).keys[0]]);
    let stranger = SecretKey::dev("nobody", "stranger");
    let policy = ballast_primitives::KeyPolicy::Single(stranger.public());
    let stranger =
        Signer { address: ballast_primitives::Address::of(&policy), keys: vec![stranger] };
    let freeze = Freeze {
        account: chain.account(1).address,
        inbound: true,
        outbound: true,
        order: Hash::ZERO,
    };
    vec![
        ("another chain id", signed(&|body| body.chain_id += 1), Code::BadChain),
        ("another genesis", signed(&|body| body.genesis.0[0] ^= 1), Code::BadChain),
        ("expired", signed(&|body| body.valid_until = now_ms() - HOUR_MS), Code::Expired),
        ("too far ahead", signed(&|body| body.valid_until += DAY_MS), Code::TooFarAhead),
        ("a broken signature", bad_signature.encode(), Code::BadSignature),
        ("another's signature", other_key.encode(), Code::BadSignature),
        (
            "a stranger",
            chain.pay(&stranger, chain.account(5).address, 1, 1).encode(),
            Code::UnknownAccount,
        ),
        ("a nonce too far ahead", pay(chain, 0, 1_000).encode(), Code::NonceTooNew),
        ("other bytes under a used nonce", signed(&|body| body.nonce = 1), Code::NonceUsed),
        ("trailing bytes", [good().encode(), vec![0]].concat(), Code::Decode),
        ("a cut end", good().encode()[..100].to_vec(), Code::Decode),
        ("noise", vec![0xa5; 500], Code::Decode),
        ("nothing", Vec::new(), Code::Decode),
        ("no operations", signed(&|body| body.ops.clear()), Code::Decode),
        (
            "a freeze by anyone",
            chain.sign(&chain.account(0), 2, vec![Op::Freeze(freeze)]).encode(),
            Code::LaneUnauthorized,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_name_and_changes_nothing() {
    let net = up();
    let (client, chain) = (net.client(0), &net.chain);
    // Uses nonce 1.
    let first = pay(chain, 0, 1);
    let receipt = succeed(&client, &first).await;
    let before = totals(&client, chain).await;

    let again = client.submit(first.encode()).await.unwrap();
    assert!(again.known);
    assert_eq!(commit(&net.client(1), &first).await, receipt);

    for n in [0, 3] {
        let client = net.client(n);
        net.wait_height(&[n], receipt.height, crate::common::PATIENCE).await.unwrap();
        for (name, bytes, expected) in refused(chain) {
            let status = client.submit(bytes).await.err();
            let status = status.unwrap_or_else(|| panic!("{name} was accepted"));
            assert_eq!(code(&status), Some(expected), "{name}: {status}");
        }
        let noise = client.submit(vec![0x5a; 5 << 20]).await.unwrap_err();
        let coarse = [tonic::Code::ResourceExhausted, tonic::Code::OutOfRange];
        assert!(coarse.contains(&noise.code()) || reason(&noise).is_some(), "{noise}");
    }
    assert_eq!(totals(&client, chain).await, before);
    net.audit(&[receipt.tx_id]).await.unwrap();
}

/// The code of an included transaction that failed.
async fn failure(client: &Client, tx: &SignedTx) -> Option<String> {
    commit(client, tx).await.failure.map(|failure| failure.reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_on_chain_has_its_name_and_changes_no_balance() {
    let net = up();
    let (client, chain) = (net.client(0), &net.chain);
    let before = totals(&client, chain).await;

    let mint = Op::Mint(Mint { deposit: Hash::ZERO, amount: 1_000_000 });
    let mint = chain.sign(&chain.account(0), 1, vec![mint]);
    assert_eq!(failure(&client, &mint).await.as_deref(), Some("UNAUTHORIZED"));

    let to = chain.account(5).address;
    let too_much = chain.pay(&chain.account(0), to, u64::MAX, 2);
    assert_eq!(failure(&client, &too_much).await.as_deref(), Some("INSUFFICIENT_AVAILABLE"));

    // All or nothing: the first of the two would have succeeded alone.
    let transfer = |amount| Op::Transfer(Transfer { to, amount, travel: None });
    let both = chain.sign(&chain.account(0), 3, vec![transfer(1), transfer(u64::MAX)]);
    let receipt = commit(&client, &both).await;
    assert_eq!(receipt.failure.unwrap().op_index, 1);

    let frozen = Freeze {
        account: chain.account(1).address,
        inbound: false,
        outbound: true,
        order: Hash::ZERO,
    };
    let officer = chain.role(Role::Compliance);
    succeed(&client, &chain.sign(&officer, 1, vec![Op::Freeze(frozen)])).await;
    assert_eq!(failure(&client, &pay(chain, 1, 1)).await.as_deref(), Some("ACCOUNT_FROZEN"));

    let scopes = vec![Scope::Transfer];
    let pause = Pause { scopes: scopes.clone(), until: now_ms() + HOUR_MS, short: true };
    succeed(&client, &chain.by_council(0, 1, vec![CouncilOp::Pause(pause)])).await;
    assert_eq!(failure(&client, &pay(chain, 2, 1)).await.as_deref(), Some("PAUSED"));

    assert_eq!(totals(&client, chain).await, before);
    let unpause = CouncilOp::Unpause(Unpause { scopes });
    succeed(&client, &chain.by_council(1, 2, vec![unpause])).await;
    succeed(&client, &pay(chain, 2, 2)).await;
    net.audit(&[]).await.unwrap();
}
