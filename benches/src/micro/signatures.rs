//! Rule R alone, in batches from keys in bytes, and in batches over prepared keys.

use ballast_primitives::signature::{
    Item, PreparedItem, PreparedKey, verify, verify_batch, verify_batch_prepared,
};

use super::{Cost, MicroArgs};
use crate::ceiling::Signed;
use crate::clock::us_each;

pub fn costs(args: &MicroArgs) -> Vec<Cost> {
    let sizes = [1, 16, 64, 256, 1_024];
    sizes.into_iter().flat_map(|size| of_size(args, size)).collect()
}

fn of_size(args: &MicroArgs, count: usize) -> Vec<Cost> {
    let signed = Signed::new(count);
    let items = signed.items();
    let keys: Vec<_> = items.iter().flat_map(|item| PreparedKey::new(&item.key)).collect();
    let prepared: Vec<_> = items
        .iter()
        .zip(&keys)
        .map(|(item, key)| PreparedItem { key, message: item.message, signature: item.signature })
        .collect();
    let cost = |what, us| Cost {
        what,
        size: format!("{count} together"),
        us,
        per: "signature".to_owned(),
    };
    let one = |item: &Item<'_>| verify(&item.key, item.message, &item.signature);
    let alone = us_each(args.repeat(), count, || {
        assert!(items.iter().all(|item| one(item).is_ok()));
    });
    let batch = us_each(args.repeat(), count, || {
        assert!(verify_batch(&items, &mut rand::rng()).iter().all(Result::is_ok));
    });
    let ready = us_each(args.repeat(), count, || {
        assert!(verify_batch_prepared(&prepared, &mut rand::rng()).iter().all(Result::is_ok));
    });
    let mut costs = vec![cost("verify a batch", batch), cost("verify, prepared keys", ready)];
    if count == 1 {
        costs.insert(0, cost("verify one", alone));
    }
    costs
}
