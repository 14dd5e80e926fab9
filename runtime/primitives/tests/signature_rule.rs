//! Signature rule R on its edges: the vectors of `golden/signature_rule.txt`, made by a script
//! that shares no code with the crates under test, each checked alone and in batches with
//! different companions. One answer, always.

use ballast_primitives::signature::{
    Item, PreparedItem, PreparedKey, SignatureError, check_public_key, verify, verify_batch,
    verify_batch_prepared,
};
use ballast_primitives::{PublicKey, SecretKey, Signature};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

struct Vector {
    accepted: bool,
    key: PublicKey,
    signature: Signature,
    message: Vec<u8>,
    what: String,
}

fn vectors() -> Vec<Vector> {
    let parse = |line: &str| {
        let mut fields = line.splitn(5, ' ');
        let mut next = || fields.next().unwrap().to_owned();
        let accepted = next() == "accept";
        let key = PublicKey(const_hex::decode_to_array(next()).unwrap());
        let signature = Signature(const_hex::decode_to_array(next()).unwrap());
        let message = const_hex::decode(next().trim_matches('-')).unwrap();
        Vector { accepted, key, signature, message, what: next() }
    };
    include_str!("golden/signature_rule.txt").lines().map(parse).collect()
}

fn item(vector: &Vector) -> Item<'_> {
    Item { key: vector.key, message: &vector.message, signature: vector.signature }
}

/// What a batch over prepared keys answers: a key that cannot be prepared has no other answer.
fn prepared(items: &[Item<'_>], rng: &mut StdRng) -> Vec<Result<(), SignatureError>> {
    let keys: Vec<_> = items.iter().map(|item| PreparedKey::new(&item.key)).collect();
    let ready = items.iter().zip(&keys).filter_map(|(item, key)| {
        let key = key.as_ref().ok()?;
        Some(PreparedItem { key, message: item.message, signature: item.signature })
    });
    let ready: Vec<_> = ready.collect();
    let mut answers = verify_batch_prepared(&ready, rng).into_iter();
    keys.iter().map(|key| key.and_then(|_| answers.next().unwrap())).collect()
}

#[test]
fn one_check_answers_as_the_rule_says() {
    let vectors = vectors();
    assert!(vectors.len() > 400, "{}", vectors.len());
    for vector in &vectors {
        let answer = verify(&vector.key, &vector.message, &vector.signature);
        assert_eq!(answer.is_ok(), vector.accepted, "{}", vector.what);
    }
}

#[test]
fn a_batch_answers_as_one_check_does_whatever_the_companions() {
    let vectors = vectors();
    let mut rng = StdRng::seed_from_u64(1);
    let secret = SecretKey::dev("companion", "1");
    let signature = secret.sign(b"companion");
    let companion = Item { key: secret.public(), message: b"companion", signature };
    for vector in &vectors {
        for items in [
            vec![item(vector)],
            vec![item(vector), companion],
            vec![companion, item(vector), item(vector)],
        ] {
            let answers = verify_batch(&items, &mut rng);
            let from_prepared = prepared(&items, &mut rng);
            for ((item, answer), prepared) in items.iter().zip(answers).zip(from_prepared) {
                let one = verify(&item.key, item.message, &item.signature);
                assert_eq!((answer, prepared), (one, one), "{}", vector.what);
            }
        }
    }
    // All at once, and all that are acceptable at once: there the batch equation itself answers.
    let everything: Vec<_> = vectors.iter().map(item).collect();
    let accepted: Vec<_> = vectors.iter().filter(|vector| vector.accepted).map(item).collect();
    for batch in [verify_batch::<StdRng>, prepared] {
        for (vector, answer) in vectors.iter().zip(batch(&everything, &mut rng)) {
            assert_eq!(answer.is_ok(), vector.accepted, "{}", vector.what);
        }
        assert!(batch(&accepted, &mut rng).iter().all(Result::is_ok));
    }
}

#[test]
fn a_key_that_no_signature_can_satisfy_is_not_registered() {
    for vector in vectors() {
        let registrable = check_public_key(&vector.key).is_ok();
        assert!(registrable || !vector.accepted, "{}", vector.what);
        if vector.what.starts_with("A = ") || vector.what.starts_with("A: ") {
            assert!(!registrable, "{}", vector.what);
        }
    }
}
