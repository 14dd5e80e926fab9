//! The council of a dev chain at work: proposals, votes and execution by its members' accounts.

use std::time::{Duration, Instant};

use ballast_primitives::Hash;
use ballast_runtime::council_op::ops_digest;
use ballast_runtime::ops::execute::Execute;
use ballast_runtime::ops::propose::Propose;
use ballast_runtime::ops::vote::{Choice, Vote};
use ballast_runtime::{Code, CouncilOp, Op, dev};

use crate::chain::{Chain, Client, Signer};
use crate::failure::Failure;

const POLL: Duration = Duration::from_millis(100);
/// Bounds the wait for one transaction.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most members who must say yes to anything.
const VOTES: usize = dev::COUNCIL_THRESHOLDS[3] as usize;

/// Members of a council that nobody else acts for: it counts their nonces and their proposals.
pub struct Council {
    chain: Chain,
    members: Vec<Signer>,
    nonces: Vec<u64>,
    proposals: u64,
}

impl Council {
    pub fn new(chain: &Chain) -> Self {
        let members = chain.council();
        let nonces = vec![0; members.len()];
        Self { chain: chain.clone(), members, nonces, proposals: 0 }
    }

    /// Proposes and has enough members say yes: the proposal's number.
    pub async fn approve(&mut self, client: &Client, ops: Vec<CouncilOp>) -> Result<u64, Failure> {
        let digest: Hash = ops_digest(&ops);
        self.send(client, 0, Op::Propose(Propose { ops })).await?;
        self.proposals += 1;
        let proposal = self.proposals;
        for member in 1..VOTES {
            let vote = Vote { proposal, digest, choice: Choice::Yes };
            self.send(client, member, Op::Vote(vote)).await?;
        }
        Ok(proposal)
    }

    /// Executes a proposal as soon as its delay is over.
    pub async fn execute(&mut self, client: &Client, proposal: u64) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.try_to(client, 0, Op::Execute(Execute { proposal })).await? {
                None => return Ok(()),
                Some(code) if code != Code::Timelocked.name() || Instant::now() >= deadline => {
                    return Err(Failure::internal(format!("proposal {proposal}: {code}")));
                }
                Some(_) => tokio::time::sleep(POLL).await,
            }
        }
    }

    /// All of it: what the council decides is done when this returns.
    pub async fn decide(&mut self, client: &Client, ops: Vec<CouncilOp>) -> Result<(), Failure> {
        let proposal = self.approve(client, ops).await?;
        self.execute(client, proposal).await
    }

    async fn send(&mut self, client: &Client, member: usize, op: Op) -> Result<(), Failure> {
        match self.try_to(client, member, op).await? {
            None => Ok(()),
            Some(code) => Err(Failure::internal(format!("member {member}: {code}"))),
        }
    }

    /// One transaction of a member; the name of the code it failed with.
    async fn try_to(
        &mut self,
        client: &Client,
        member: usize,
        op: Op,
    ) -> Result<Option<String>, Failure> {
        self.nonces[member] += 1;
        let tx = self.chain.sign(&self.members[member], self.nonces[member], vec![op]);
        client.submit(tx.encode()).await.map_err(Failure::internal)?;
        let id = tx.body.id().to_string();
        let answer = client.wait(&id, PATIENCE).await.map_err(Failure::internal)?;
        let receipt = answer.receipt.ok_or_else(|| Failure::internal("no receipt in time"))?;
        Ok(receipt.failure.map(|failure| failure.reason))
    }
}
