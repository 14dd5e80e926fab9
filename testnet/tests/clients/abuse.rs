//! Clients that mean harm, one way at a time and all at once, while honest ones pay: those must be
//! served whatever the others do. How long they wait is measured and printed, not judged, but for
//! the bound that everyone is served at all.

use std::time::{Duration, Instant};

use ballast_testnet::chain::{Chain, Client, Signer};
use ballast_testnet::chaos::harm::{Harm, Harmful, Target};
use tokio::task::JoinSet;

use crate::common::{Net, succeed, up};

/// Honest payers, each with one payment at a time.
const PAYERS: u32 = 4;
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn the_honest_are_served_while_others_do_harm() {
    measure(20, &[&Harm::CLIENTS]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures each way of doing harm by itself: takes minutes"]
async fn how_long_the_honest_wait_while_others_do_harm() {
    let alone: Vec<_> = Harm::CLIENTS.iter().map(std::slice::from_ref).collect();
    measure(150, &[alone, vec![Harm::CLIENTS.as_slice()]].concat()).await;
}

/// Payments of each payer under each set of harms, and without any; a table of how long they took.
async fn measure(payments: u64, cases: &[&[Harm]]) {
    let net = up();
    let mut payers: Vec<_> = (0..PAYERS).map(|n| Payer::new(&net, n)).collect();
    println!("| Harm | p50 ms | p99 ms | slowest ms | attempts |\n|---|---|---|---|---|");
    row("none", &pay(&mut payers, payments).await, 0);
    for case in cases {
        let harm = Harmful::start(&Target::of(&net, 0).unwrap(), case).unwrap();
        // Payments begin once every kind has begun.
        assert!(harm.until_all_have_begun(PATIENCE).await, "some harm never began");
        let waits = pay(&mut payers, payments).await;
        let name = if case.len() == 1 { case[0].name().to_owned() } else { "all".to_owned() };
        row(&name, &waits, harm.stop().await);
    }
    net.audit(&[]).await.unwrap();
}

fn row(name: &str, waits: &[Duration], attempts: u64) {
    let at = |percent: usize| waits[(waits.len() * percent / 100).min(waits.len() - 1)].as_millis();
    println!("| {name} | {} | {} | {} | {attempts} |", at(50), at(99), at(100));
}

struct Payer {
    client: Client,
    chain: Chain,
    signer: Signer,
    nonce: u64,
}

impl Payer {
    fn new(net: &Net, n: u32) -> Self {
        let (chain, client) = (net.chain.clone(), net.client(0));
        Self { client, signer: chain.account(n), chain, nonce: 0 }
    }

    async fn pay(&mut self) -> Duration {
        self.nonce += 1;
        let to = self.chain.account(PAYERS).address;
        let tx = self.chain.pay(&self.signer, to, 1, self.nonce);
        let began = Instant::now();
        succeed(&self.client, &tx).await;
        began.elapsed()
    }
}

/// How long each payment took from its submission to its receipt, ascending.
async fn pay(payers: &mut Vec<Payer>, payments: u64) -> Vec<Duration> {
    let mut tasks = JoinSet::new();
    for mut payer in payers.drain(..) {
        tasks.spawn(async move {
            let mut waits = Vec::new();
            for _ in 0..payments {
                waits.push(payer.pay().await);
            }
            (payer, waits)
        });
    }
    let mut all = Vec::new();
    for (payer, waits) in tasks.join_all().await {
        payers.push(payer);
        all.extend(waits);
    }
    all.sort_unstable();
    all
}
