//! One is down while ordinary clients fill blocks of megabytes.

use ballast_proto::v1::submit_batch_result::Result as Answer;
use ballast_proto::v1::{SubmitBatchRequest, SubmitBatchResult};
use ballast_runtime::Op;
use ballast_testnet::{Chain, Options};

use crate::common::{RECOVERY, receipt, up_with, wait_votes};

#[path = "../../../node/replica/tests/harness/report.rs"]
mod report;

const ACCOUNTS: u32 = 40;
/// Of each account, 7.4 kB each: 27 MB.
const TXS: u64 = 90;
/// Of so many accounts at once: what a call carries.
const LOT: u32 = 5;

/// Transactions like the largest that anybody may send: reports by who may not make any, which fail.
fn large(chain: &Chain, n: u32) -> Vec<Vec<u8>> {
    let signer = chain.account(n);
    let op = Op::SubmitReport(report::largest(&chain.genesis, chain.chain_id, &signer.keys[0]));
    (1..=TXS).map(|nonce| chain.sign(&signer, nonce, vec![op.clone()]).encode()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_down_catches_up_with_27_mb_of_ordinary_clients() {
    let net = up_with(&Options { accounts: ACCOUNTS, ..Options::default() });
    net.kill(&[3]).unwrap();
    let (mut ids, mut bytes) = (Vec::new(), 0);
    for first in (0..ACCOUNTS).step_by(LOT as usize) {
        let signed_txs: Vec<_> = (first..first + LOT).flat_map(|n| large(&net.chain, n)).collect();
        bytes += signed_txs.iter().map(Vec::len).sum::<usize>();
        let through = net.client((first / LOT % 3) as usize);
        let answer = through.tx().submit_batch(SubmitBatchRequest { signed_txs }).await.unwrap();
        ids.extend(answer.into_inner().results.into_iter().map(accepted));
    }
    assert!(bytes > 26_000_000, "{bytes}");
    for id in &ids {
        receipt(&net.client(0), id).await;
    }
    let head = net.client(0).info().await.unwrap().height;
    net.start(&[3]).unwrap();
    net.wait_height(&[3], head, RECOVERY).await.unwrap();
    wait_votes(&net, 3, head).await;
    assert!(net.metric(3, "ballast_sync_blocks_total").unwrap() > 0.0);
    for id in &ids {
        assert!(receipt(&net.client(3), id).await.height <= head);
    }
    net.audit(&[]).await.unwrap();
}

fn accepted(answer: SubmitBatchResult) -> String {
    match answer.result.unwrap() {
        Answer::Accepted(accepted) => accepted.tx_id,
        Answer::Refused(refused) => panic!("{refused:?}"),
    }
}
