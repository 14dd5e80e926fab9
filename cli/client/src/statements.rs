//! What is signed off the chain and carried by somebody's transaction later: permits, payment
//! authorisations, travel data, reserve reports, the council's operations. No connection is
//! needed to sign.

use ballast_primitives::domain::SignTag;
use ballast_primitives::signature;
use ballast_primitives::{Address, SecretKey};
use ballast_runtime::CouncilOp;
use ballast_runtime::authorisation::{PayAuthBody, PermitBody, TravelData, signed_bytes_on};
use ballast_runtime::object::ReportBody;
use ballast_runtime::tx::{TxBody, Witness};

use crate::Chain;

/// What a signature is given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    Permit(PermitBody),
    PayAuth(PayAuthBody),
    Report(Box<ReportBody>),
    /// A transaction, whose body names its chain.
    Transaction(Box<TxBody>),
    /// What a [`CouncilExec`](ballast_runtime::ops::council_exec::CouncilExec) carries.
    Council {
        epoch: u64,
        exec_nonce: u64,
        ops: Vec<CouncilOp>,
    },
}

impl Statement {
    /// The bytes that are signed on one chain.
    pub fn signed_bytes(&self, chain: &Chain) -> Vec<u8> {
        let (genesis, id) = (&chain.genesis, chain.chain_id);
        match self {
            Self::Permit(body) => signed_bytes_on(SignTag::Permit, genesis, id, body),
            Self::PayAuth(body) => signed_bytes_on(SignTag::PayAuth, genesis, id, body),
            Self::Report(body) => signed_bytes_on(SignTag::Report, genesis, id, body),
            Self::Transaction(body) => body.signed_bytes(),
            Self::Council { epoch, exec_nonce, ops } => {
                signed_bytes_on(SignTag::CouncilVote, genesis, id, &(epoch, exec_nonce, ops))
            }
        }
    }

    pub fn sign(&self, chain: &Chain, key: &SecretKey) -> Witness {
        let message = self.signed_bytes(chain);
        Witness { key: key.public(), signature: key.sign(&message) }
    }

    /// Whether a signature is of this statement on this chain.
    pub fn verify(&self, chain: &Chain, witness: &Witness) -> bool {
        let message = self.signed_bytes(chain);
        signature::verify(&witness.key, &message, &witness.signature).is_ok()
    }
}

/// One payment between institutions, for which the beneficiary's signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    pub payer: Address,
    pub payee: Address,
    /// Micro-dollars.
    pub amount: u64,
}

impl Payment {
    /// `travel` with the signature of the beneficiary's institution in place.
    #[must_use]
    pub fn sign(&self, chain: &Chain, mut travel: TravelData, key: &SecretKey) -> TravelData {
        let Self { payer, payee, amount } = self;
        let signed = (payer, payee, amount, travel.data, travel.nonce, travel.expires);
        let message = signed_bytes_on(SignTag::Travel, &chain.genesis, chain.chain_id, &signed);
        travel.witness = Witness { key: key.public(), signature: key.sign(&message) };
        travel
    }
}

/// Signatures in the order that the chain wants, each key once.
pub fn in_order(mut witnesses: Vec<Witness>) -> Vec<Witness> {
    witnesses.sort_unstable_by_key(|witness| witness.key);
    witnesses.dedup_by_key(|witness| witness.key);
    witnesses
}

#[cfg(test)]
mod tests {
    use ballast_primitives::{Hash, Network, Signature};
    use ballast_runtime::ops::council_exec::CouncilExec;
    use ballast_runtime::ops::pay_auth::PayAuth;
    use ballast_runtime::ops::permit::Permit;
    use ballast_runtime::ops::submit_report::SubmitReport;
    use ballast_runtime::ops::transfer::Transfer;
    use ballast_runtime::ops::unfreeze::Unfreeze;
    use ballast_runtime::{Op, TxBody, VerifiedTx, dev};

    use super::*;

    const CHAIN: Chain = Chain { genesis: Hash([7; 32]), chain_id: 9, network: Network::Dev };

    fn key() -> SecretKey {
        SecretKey::dev("statements", "a")
    }

    fn address(n: u8) -> Address {
        Address([n; 32])
    }

    /// Whether the chain takes every signature inside.
    fn taken(op: Op, genesis: Hash) -> bool {
        let body = TxBody {
            genesis,
            chain_id: CHAIN.chain_id,
            sender: address(1),
            nonce: 1,
            valid_until: 1,
            sponsor: None,
            memo: None,
            ops: vec![op],
        };
        VerifiedTx::verify(body.sign(&[&key()])).is_ok()
    }

    fn permit() -> PermitBody {
        PermitBody {
            owner: address(1),
            spender: address(2),
            expected: 0,
            amount: 5,
            expires: 9,
            nonce: Hash([3; 32]),
            not_before: 0,
            deadline: 9,
            executor: None,
        }
    }

    fn ops_of(genesis: &Hash) -> Vec<Op> {
        let chain = Chain { genesis: *genesis, ..CHAIN };
        let sign = |statement: &Statement| vec![statement.sign(&chain, &key())];
        let permit = permit();
        let pay = PayAuthBody {
            owner: address(1),
            to: address(2),
            amount: 5,
            memo: None,
            nonce: Hash([3; 32]),
            not_before: 0,
            deadline: 9,
            executor: None,
        };
        let spec = dev::DevSpec {
            chain_id: 1,
            time: 1_000_000,
            validators: (0..4)
                .map(|n| ballast_primitives::Validator {
                    key: SecretKey::dev("v", &n.to_string()).public(),
                    peer: SecretKey::dev("p", &n.to_string()).public(),
                    power: 1,
                    name: n.to_string(),
                })
                .collect(),
            accounts: 1,
            balance: 1,
            seed: "s".to_owned(),
        };
        let body = Box::new(dev::genesis(&spec).unwrap().report.unwrap().body);
        let ops = vec![CouncilOp::Unfreeze(Unfreeze { account: address(1) })];
        let council = Statement::Council { epoch: 1, exec_nonce: 2, ops: ops.clone() };
        let payment = Payment { payer: address(1), payee: address(2), amount: 5 };
        let witness = Witness { key: key().public(), signature: Signature([0; 64]) };
        let travel = TravelData { data: Hash([1; 32]), nonce: Hash([2; 32]), expires: 3, witness };
        let travel = Some(Box::new(payment.sign(&chain, travel, &key())));
        vec![
            Op::Permit(Permit {
                body: Box::new(permit),
                witnesses: sign(&Statement::Permit(permit)),
            }),
            Op::PayAuth(PayAuth {
                body: Box::new(pay.clone()),
                witnesses: sign(&Statement::PayAuth(pay)),
                travel: travel.clone(),
            }),
            Op::SubmitReport(SubmitReport {
                body: body.clone(),
                witnesses: sign(&Statement::Report(body)),
            }),
            Op::CouncilExec(CouncilExec {
                ops,
                epoch: 1,
                exec_nonce: 2,
                witnesses: sign(&council),
            }),
            Op::Transfer(Transfer { to: address(2), amount: 5, travel }),
        ]
    }

    #[test]
    fn what_is_signed_here_is_what_the_chain_verifies_and_for_one_chain_only() {
        for op in ops_of(&CHAIN.genesis) {
            assert!(taken(op.clone(), CHAIN.genesis), "{}", op.name());
            assert!(!taken(op.clone(), Hash([8; 32])), "{}", op.name());
        }
    }

    #[test]
    fn a_signature_is_of_one_statement() {
        let statement = Statement::Permit(permit());
        let witness = statement.sign(&CHAIN, &key());
        assert!(statement.verify(&CHAIN, &witness));
        let other = Statement::Permit(PermitBody { amount: 6, ..permit() });
        assert!(!other.verify(&CHAIN, &witness));
        assert_eq!(in_order(vec![witness, witness]).len(), 1);
    }
}
