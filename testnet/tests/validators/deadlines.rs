//! What time has yet to decide survives the death of every validator.

use ballast_primitives::Hash;
use ballast_proto::v1;
use ballast_proto::v1::control_service_client::ControlServiceClient;
use ballast_runtime::object::{Class, Role};
use ballast_runtime::ops::deposit_confirm::{DepositConfirm, deposit_id};
use ballast_runtime::ops::freeze::Freeze;
use ballast_runtime::ops::mint::Mint;
use ballast_runtime::ops::set_delay::SetDelay;
use ballast_runtime::{Code, CouncilOp, Op};
use ballast_testnet::{Cluster, Council};

use crate::common::{PATIENCE, commit, succeed, up};

const MILLION: u64 = 1_000_000_000_000;

/// What a dev network's minter may mint in a day, in three mints.
const WINDOW: [u64; 3] = [20 * MILLION; 3];

/// The proposal, the frozen account and the minter's account as `n` shows them.
async fn waiting(
    net: &Cluster,
    n: usize,
    proposal: u64,
) -> (v1::Proposal, v1::Account, v1::Account) {
    let client = net.client(n);
    let frozen = client.account(&net.chain.account(5).address).await.unwrap();
    let minter = client.account(&net.chain.role(Role::Minter).address).await.unwrap();
    let mut control = ControlServiceClient::connect(net.entry(n).grpc()).await.unwrap();
    let request = v1::GetProposalRequest { number: proposal };
    let record = control.get_proposal(request).await.unwrap().into_inner().proposal.unwrap();
    (record.proposal.unwrap(), frozen, minter)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timelock_a_window_and_a_freeze_go_on_after_every_validator_was_killed() {
    let net = up();
    let client = net.client(0);
    let (custodian, minter) = (net.chain.role(Role::Custodian), net.chain.role(Role::Minter));
    let beneficiary = net.chain.account(6).address;

    let bank_ref = "WIRE-1".to_owned();
    let deposit = deposit_id(&custodian.address, &bank_ref);
    let confirm = DepositConfirm { bank_ref, amount: 100 * MILLION, beneficiary };
    succeed(&client, &net.chain.sign(&custodian, 1, vec![Op::DepositConfirm(confirm)])).await;
    for (nonce, amount) in (1..).zip(WINDOW) {
        let mint = Op::Mint(Mint { deposit, amount });
        succeed(&client, &net.chain.sign(&minter, nonce, vec![mint])).await;
    }
    let (account, order) = (net.chain.account(5).address, Hash([7; 32]));
    let freeze = Op::Freeze(Freeze { account, inbound: false, outbound: true, order });
    succeed(&client, &net.chain.sign(&net.chain.role(Role::Compliance), 1, vec![freeze])).await;
    let mut council = Council::new(&net.chain);
    let delay = CouncilOp::SetDelay(SetDelay { class: Class::D, delay_ms: 60_000 });
    let proposal = council.approve(&client, vec![delay]).await.unwrap();
    let before = waiting(&net, 0, proposal).await;
    assert!(before.0.eta_ms.is_some() && before.1.freeze.is_some());
    let root = net.audit(&[]).await.unwrap();

    net.kill(&net.all()).unwrap();
    net.start(&net.all()).unwrap();
    net.wait_ready(&net.all()).unwrap();
    for n in net.all() {
        assert_eq!(waiting(&net, n, proposal).await, before, "validator {n}");
    }
    assert!(net.audit(&[]).await.unwrap().height >= root.height);

    let refused = |receipt: v1::Receipt, code: Code| {
        assert_eq!(receipt.failure.map(|failure| failure.reason).as_deref(), Some(code.name()));
    };
    let mint = Op::Mint(Mint { deposit, amount: 1 });
    refused(commit(&client, &net.chain.sign(&minter, 4, vec![mint])).await, Code::MinterWindow);
    let pay = net.chain.pay(&net.chain.account(5), beneficiary, 1, 1);
    refused(commit(&client, &pay).await, Code::AccountFrozen);
    council.execute(&client, proposal).await.unwrap();
    net.wait_height(&net.all(), root.height, PATIENCE).await.unwrap();
    net.audit(&[]).await.unwrap();
}
