use ballast_proto::v1::SubmitTxRequest;

use crate::harness::{BALANCE, Engines, Spec};

#[tokio::test(flavor = "multi_thread")]
async fn four_engines_commit_a_payment_and_stop_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let engines = Engines::start(folder.path(), &Spec::default());
    let (id, signed_tx) = engines.payment(250, 1);
    let request = SubmitTxRequest { signed_tx };
    let answer = engines.tx(0).await.submit_tx(request.clone()).await.unwrap();
    assert_eq!(answer.get_ref().tx_id, id);
    for n in 0..4 {
        engines.committed(n, &id).await;
        assert_eq!(engines.balance(n, 1).await, BALANCE + 250);
    }
    // The same bytes again, elsewhere: the same answer.
    let again = engines.tx(2).await.submit_tx(request).await.unwrap().into_inner();
    assert_eq!((again.tx_id, again.known), (id, true));
    engines.stop().await;
}
