//! Thousands of payments through connections that are cut, delayed and swallowed: in the end each
//! is known to have committed, once, or to have expired; and a reader of events that is stopped
//! again and again has seen each commitment exactly once, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ballast_client::{Client, ClientOptions, Error, EventFrame, Fate, Reason, TxOptions};
use ballast_primitives::Address;
use ballast_proto::v1;
use ballast_runtime::ops::transfer::Transfer;
use ballast_runtime::{Code, Op, SignedTx};
use ballast_testnet::chain::{Signer, now_ms, show};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::common::{Net, up};
use crate::relay::Relay;

const PAYERS: u32 = 9;
const PAYMENTS: u64 = 10_000;
/// Payments in flight of each payer: below the nonce window and the streams of a connection.
const IN_FLIGHT: usize = 40;
/// How long one payment may take until its fate is known.
const PATIENCE: Duration = Duration::from_secs(120);
/// Every so many payments one has so little time that it may well expire.
const HASTY: u64 = 20;

/// What a payer knows at the end, by transaction id.
type Known = BTreeMap<String, bool>;

#[tokio::test(flavor = "multi_thread")]
async fn every_payment_is_known_and_seen_once_whatever_the_network_does() {
    let net = up();
    let relays = relays(&net).await;
    let urls: Vec<_> = relays.iter().map(|relay| relay.url.clone()).collect();
    let payee = net.chain.account(PAYERS).address;
    let before = net.client(0).balance(&payee).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let reader = Reader {
        urls: urls.clone(),
        checkpoint: folder.path().join("cursor"),
        payee: show(&payee),
        done: Arc::clone(&done),
    };
    let reading = tokio::spawn(reader.read());
    let payers: Vec<_> = (0..PAYERS)
        .map(|n| {
            let signer = Arc::new(net.chain.account(n));
            let numbers = (0..PAYMENTS).filter(|number| number % u64::from(PAYERS) == u64::from(n));
            tokio::spawn(pay_all(urls.clone(), signer, payee, numbers.collect()))
        })
        .collect();
    let mut known = Known::new();
    for payer in payers {
        known.extend(payer.await.unwrap());
    }
    assert_eq!(known.len() as u64, PAYMENTS);
    relays.iter().for_each(Relay::heal);
    done.store(true, Ordering::Relaxed);

    let seen = reading.await.unwrap();
    let committed: BTreeSet<_> =
        known.iter().filter(|(_, landed)| **landed).map(|(id, _)| id.clone()).collect();
    let ids: Vec<_> = seen.iter().map(|event| event.tx_id.clone()).collect();
    let places: Vec<_> =
        seen.iter().map(|event| (event.height, event.tx_index, event.event_index)).collect();
    assert!(places.is_sorted_by(|a, b| a < b), "events are in order, none twice");
    assert_eq!(ids.iter().cloned().collect::<BTreeSet<_>>(), committed);
    assert_eq!(ids.len(), committed.len());
    let paid = net.client(0).balance(&payee).await.unwrap() - before;
    assert_eq!(paid, committed.len() as u64, "each payment moved one micro-dollar, once");
    net.audit(&ids).await.unwrap();
    let expired = known.len() - committed.len();
    assert!(committed.len() > expired, "{expired} of {PAYMENTS} expired");
    println!("{PAYMENTS} payments: {} committed, {expired} expired", committed.len());
}

async fn relays(net: &Net) -> Vec<Relay> {
    let mut relays = Vec::new();
    for n in net.all() {
        let url = net.entry(n).grpc();
        let upstream = url.trim_start_matches("http://").parse().unwrap();
        relays.push(Relay::start(upstream, n as u64).await);
    }
    relays
}

fn client(urls: &[String]) -> Client {
    let call_timeout = Duration::from_millis(1_000);
    Client::new(urls, ClientOptions { call_timeout, ..ClientOptions::default() }).unwrap()
}

/// What one payer comes to know of its payments.
async fn pay_all(urls: Vec<String>, signer: Arc<Signer>, to: Address, numbers: Vec<u64>) -> Known {
    let client = Arc::new(client(&urls));
    let room = Arc::new(tokio::sync::Semaphore::new(IN_FLIGHT));
    let mut tasks = tokio::task::JoinSet::new();
    for number in numbers {
        let seat = Arc::clone(&room).acquire_owned().await.unwrap();
        let (client, signer) = (Arc::clone(&client), Arc::clone(&signer));
        tasks.spawn(async move {
            let _seat = seat;
            let tx = build(&client, &signer, to, number).await;
            (tx.body.id().to_string(), landed(&client, &tx).await)
        });
    }
    tasks.join_all().await.into_iter().collect()
}

/// A payment of one micro-dollar, signed.
async fn build(client: &Client, signer: &Signer, to: Address, number: u64) -> SignedTx {
    let mut rng = StdRng::seed_from_u64(number);
    loop {
        let hasty = number.is_multiple_of(HASTY).then(|| now_ms() + rng.random_range(100..2_000));
        let memo = Some(number.to_be_bytes().to_vec());
        let options = TxOptions { memo, valid_until: hasty, ..TxOptions::default() };
        let op = Op::Transfer(Transfer { to, amount: 1, travel: None });
        match client.build(signer.address, vec![op], options).await {
            Ok(body) => return body.sign(&signer.keys.iter().collect::<Vec<_>>()),
            // Nothing was signed yet, so nothing can go wrong by trying again.
            Err(Error::Unreachable(_) | Error::NoncesInFlight { .. }) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Whether the payment is on chain. It is known in the end.
async fn landed(client: &Client, tx: &SignedTx) -> bool {
    match client.settle(tx, PATIENCE).await {
        Ok(Fate::Committed(_)) => true,
        // The latter by another of these, which took the nonce of one whose time seemed to be over.
        Ok(Fate::Expired | Fate::Replaced(_)) => false,
        // Its time was over before anybody took it, or its nonce used, or passed by the window.
        Err(Error::Refused(error)) if is_late(&error.reason) => false,
        other => panic!("{other:?}"),
    }
}

const fn is_late(reason: &Reason) -> bool {
    matches!(reason, Reason::Runtime(Code::Expired | Code::NonceUsed | Code::NonceTooOld))
}

/// Someone who keeps books of what arrives.
struct Reader {
    urls: Vec<String>,
    checkpoint: PathBuf,
    payee: String,
    /// All payments are known.
    done: Arc<AtomicBool>,
}

impl Reader {
    /// Everything that happened, as its books have it.
    async fn read(self) -> Vec<v1::EventRecord> {
        let mut rng = StdRng::seed_from_u64(7);
        let mut books = Vec::new();
        while !self.read_some(&mut books, rng.random_range(1..200)).await {}
        books
    }

    /// Goes on behind the checkpoint, until it is stopped in the midst of things: what it has not
    /// saved by then is forgotten. Whether it has come to the end.
    async fn read_some(&self, books: &mut Vec<v1::EventRecord>, frames: usize) -> bool {
        let client = client(&self.urls);
        let filter = v1::EventFilter {
            accounts: vec![self.payee.clone()],
            names: vec!["Transferred".into()],
        };
        let Ok(mut reader) = client.event_reader(&self.checkpoint, "0", filter).await else {
            return false;
        };
        let mut saved = books.len();
        for frame in 1..=frames {
            match reader.next().await {
                Ok(EventFrame::Event(event)) => books.push(*event),
                Ok(EventFrame::Heartbeat(beat)) => {
                    if self.done.load(Ordering::Relaxed) && self.is_head(&client, beat.height).await
                    {
                        return true;
                    }
                }
                Err(Error::Unreachable(_)) => break,
                Err(error) => panic!("{error}"),
            }
            if frame.is_multiple_of(10) {
                reader.save().unwrap();
                saved = books.len();
            }
        }
        books.truncate(saved);
        false
    }

    /// Whether a heartbeat that came after all was known is of a block after all of it.
    async fn is_head(&self, client: &Client, height: u64) -> bool {
        client.chain_info().await.is_ok_and(|info| info.height <= height)
    }
}
