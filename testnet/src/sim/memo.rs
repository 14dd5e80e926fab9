//! Signatures verified before. Verification is a pure function of key, message and signature, so
//! within a run (one thread) its answer is remembered for all validators together. What each of them
//! had to verify is counted all the same, and costs it virtual time.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use ballast_primitives::signature::{self, Item, SignatureError};
use ballast_primitives::{PublicKey, Signature};

thread_local! {
    static ANSWERS: RefCell<BTreeMap<[u8; 32], Result<(), SignatureError>>> = const {
        RefCell::new(BTreeMap::new())
    };
    /// How often it was asked for.
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

/// What rule R says.
pub fn verify(
    key: &PublicKey,
    message: &[u8],
    signature: &Signature,
) -> Result<(), SignatureError> {
    ASKED.set(ASKED.get() + 1);
    let place = place(key, message, signature);
    ANSWERS.with_borrow_mut(|answers| {
        *answers.entry(place).or_insert_with(|| signature::verify(key, message, signature))
    })
}

/// The same for many.
pub fn verify_all(items: &[Item<'_>]) -> Vec<Result<(), SignatureError>> {
    items.iter().map(|item| verify(&item.key, item.message, &item.signature)).collect()
}

/// How many verifications were asked for so far, whether or not they were remembered.
pub fn asked() -> u64 {
    ASKED.get()
}

/// Notes a signature that was just made: it is good, and need not be verified.
pub fn trust(key: &PublicKey, message: &[u8], signature: &Signature) {
    ANSWERS.with_borrow_mut(|answers| answers.insert(place(key, message, signature), Ok(())));
}

fn place(key: &PublicKey, message: &[u8], signature: &Signature) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&key.0).update(&signature.0).update(message);
    *hasher.finalize().as_bytes()
}

/// A new run begins.
pub fn forget() {
    ANSWERS.with_borrow_mut(BTreeMap::clear);
}
