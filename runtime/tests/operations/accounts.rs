//! Accounts, institutions and keys.

use ballast_primitives::{Address, KeyPolicy, PublicKey, SecretKey};
use ballast_runtime::{Code, Event};

use crate::common::Who::Holder;
use crate::common::{DAY, World, op};
use crate::{MINTER, REGISTRAR};

#[test]
fn a_registration_is_refused_in_order_and_then_opens_an_empty_account() {
    let mut world = World::new();
    let key = |n: u32| SecretKey::dev("new", &n.to_string()).public();
    let bad = KeyPolicy::Threshold { k: 3, keys: vec![key(0)] };
    let later = world.now() + DAY;
    let single = KeyPolicy::Single(key(1));
    let known = KeyPolicy::Single(Holder(0).keys()[0].public());
    let small_order = KeyPolicy::Single(PublicKey([0; 32]));
    let cases = [
        (MINTER, op::register(known.clone(), 9, 0), Err(Code::Unauthorized)),
        (REGISTRAR, op::register(known, 9, 0), Err(Code::AlreadyRegistered)),
        (REGISTRAR, op::register(bad, 9, 0), Err(Code::BadPolicy)),
        (REGISTRAR, op::register(small_order, 9, 0), Err(Code::BadPolicy)),
        (REGISTRAR, op::register(single.clone(), 3, later), Err(Code::InvalidArgument)),
        (REGISTRAR, op::register(single.clone(), 0, 0), Err(Code::InvalidArgument)),
    ];
    for (number, (who, op, expected)) in cases.into_iter().enumerate() {
        assert_eq!(world.run(who, op), expected, "case {number}");
    }
    let threshold = KeyPolicy::threshold(2, vec![key(2), key(3), key(4)]).unwrap();
    for (policy, kyc_class) in [(single, 0), (threshold, 1)] {
        let account = Address::of(&policy);
        let len = world.state.len();
        assert_eq!(
            world.run(REGISTRAR, op::register(policy.clone(), kyc_class, later)),
            Ok(vec![Event::AccountRegistered { account, kyc_class, institution: 0 }])
        );
        let stored = world.state.account(&account).unwrap();
        assert_eq!((stored.balance, stored.hold, stored.kyc_until), (0, 0, later));
        assert_eq!((&stored.policy, stored.kyc_class), (&policy, kyc_class));
        assert_eq!(world.state.len(), len + 1);
    }
}
