//! What the suite holds a network to at the end of a fault's injections.

use std::collections::BTreeMap;

use crate::audit;
use crate::chain::Client;
use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::load::{Acknowledged, Ledger};

/// What is on the chain, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub height: u64,
    pub lost: usize,
    pub duplicated: usize,
    pub double_signs: usize,
    /// In words; those counted above included.
    pub problems: Vec<String>,
}

/// Compares all validators from block `from` on with `ledger`, and with `balances`: what each
/// account had, so that payments of one micro-dollar say what it must have now.
pub async fn judge(
    cluster: &Cluster,
    from: u64,
    ledger: &Ledger,
    before: &Balances,
) -> Result<Verdict, Failure> {
    let clients = cluster.clients();
    let findings = audit::inspect(&clients, from, &ledger.ids()).await?;
    let mut verdict = Verdict {
        height: findings.common.height,
        lost: findings.lost.len(),
        duplicated: findings.duplicated.len(),
        double_signs: 0,
        problems: findings.problems,
    };
    verdict.problems.extend(ledger.surprises.iter().cloned());
    for payment in &ledger.acknowledged {
        let place = findings.places.get(&payment.id).copied();
        if place.is_some_and(|place| place != (payment.height, payment.index)) {
            verdict.problems.push(format!("acknowledged {payment:?}, now at {place:?}"));
        }
    }
    let expected = before.after(&ledger.acknowledged);
    for (n, client) in clients.iter().enumerate() {
        let now = Balances::read(cluster, client).await?;
        verdict.problems.extend(now.wrong_sum());
        if now != expected {
            verdict.problems.push(format!("validator {n} has {now:?}, expected {expected:?}"));
        }
        let evidence = client.evidence().await.map_err(Failure::unreachable)?;
        verdict.double_signs = verdict.double_signs.max(evidence.len());
        verdict.problems.extend(evidence.iter().map(|found| format!("evidence: {found:?}")));
    }
    Ok(verdict)
}

/// Micro-dollars of the dev accounts, and the supply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balances {
    accounts: BTreeMap<u32, u64>,
    supply: String,
}

impl Balances {
    pub async fn read(cluster: &Cluster, client: &Client) -> Result<Self, Failure> {
        let mut accounts = BTreeMap::new();
        for n in 0..cluster.manifest().accounts {
            let address = cluster.chain.account(n).address;
            let balance = client.balance(&address).await.map_err(Failure::unreachable)?;
            accounts.insert(n, balance);
        }
        let supply = client.total_supply().await.map_err(Failure::unreachable)?.total_micros;
        Ok(Self { accounts, supply })
    }

    /// What a dev network's accounts hold is the whole supply.
    fn wrong_sum(&self) -> Option<String> {
        let sum: u128 = self.accounts.values().map(|balance| u128::from(*balance)).sum();
        let supply = &self.supply;
        (*supply != sum.to_string())
            .then(|| format!("balances add up to {sum}, the supply is {supply}"))
    }

    fn after(&self, payments: &[Acknowledged]) -> Self {
        let mut after = self.clone();
        for payment in payments {
            for (account, change) in [(payment.from, -1), (payment.to, 1)] {
                after.accounts.entry(account).and_modify(|b| *b = b.saturating_add_signed(change));
            }
        }
        after
    }
}
