//! A balance that is proven offline.

use std::fs;

use ballast_primitives::proof::{PROOF_BYTES_MAX, StateProof};
use ballast_primitives::{Address, codec};
use ballast_proto::v1;
use ballast_proto::v1::get_proof_request::Target;
use ballast_proto::v1::get_proof_response::Proof;
use ballast_runtime::limits::OBJECT_BYTES_MAX;
use ballast_runtime::{Genesis, Key, Object};
use ballast_testnet::chain::show;
use ballast_testnet::layout::GENESIS_FILE;

use crate::common::{succeed, up};

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_is_proven_offline_and_no_byte_of_the_proof_can_change() {
    let net = up();
    let (from, to) = (net.chain.account(0), net.chain.account(1));
    let client = net.client(2);
    succeed(&client, &net.chain.pay(&from, to.address, 777, 1)).await;
    let balance = client.balance(&to.address).await.unwrap();

    let request = v1::GetProofRequest { target: Some(Target::Account(show(&to.address))) };
    let answer = client.proofs().get_proof(request).await.unwrap().into_inner();
    let Some(Proof::StateProof(bytes)) = answer.proof else { panic!("{:?}", answer.proof) };

    // From here on, only the genesis file.
    let file = fs::read(net.network.dir().join(GENESIS_FILE)).unwrap();
    let genesis = Genesis::decode(&file).unwrap();
    assert_eq!(proven(&genesis, &to.address, &bytes), Some(balance));
    for at in 0..bytes.len() {
        for bit in [0x01, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= bit;
            assert_eq!(proven(&genesis, &to.address, &changed), None, "byte {at} ^ {bit}");
        }
    }
    assert_eq!(proven(&genesis, &to.address, &bytes[..bytes.len() - 1]), None);
    assert_eq!(proven(&genesis, &from.address, &bytes), None);
}

/// The balance of `address` that the bytes prove.
fn proven(genesis: &Genesis, address: &Address, bytes: &[u8]) -> Option<u64> {
    let proof: StateProof = codec::decode(bytes, PROOF_BYTES_MAX).ok()?;
    proof.verify(&genesis.hash(), &genesis.validators).ok()?;
    match codec::decode(&proof.leaf, OBJECT_BYTES_MAX).ok()? {
        (Key::Account(of), Object::Account(account)) if of == *address => Some(account.balance),
        _ => None,
    }
}
