//! Keys, signatures, addresses, amounts.

use ballast_primitives::address::AddressError;
use ballast_primitives::{Address, KeyPolicy, Network, PublicKey, SecretKey, Signature, amount};
use ballast_primitives::{codec, policy::PolicyError, signature};
use serde_json::{Value, json};

use crate::pages::Pages;
use crate::{check, hex};

const RULE_R: &str = include_str!("../../primitives/tests/golden/signature_rule.txt");
/// Of the kinds of which there are very many, every so many are taken.
const EVERY: usize = 4;

pub fn key(n: usize) -> SecretKey {
    SecretKey::dev("vectors", &n.to_string())
}

fn public(n: usize) -> PublicKey {
    key(n).public()
}

#[test]
fn keys_are_as_committed() {
    let messages = [&b""[..], b"ballast", &[0xff; 200]];
    let vector = |n: usize, message: &[u8]| {
        let key = key(n);
        json!({
            "secret": hex(key.expose()),
            "public": key.public().to_string(),
            "message": hex(message),
            "signature": hex(key.sign(message).0),
        })
    };
    let all = (0..3).flat_map(|n| messages.map(|message| vector(n, message)));
    check("keys.json", &all.collect());
}

#[test]
fn signatures_are_as_committed() {
    let mut vectors = Vec::new();
    for (number, line) in RULE_R.lines().enumerate() {
        let [verdict, key, signature, message, what] = line.splitn(5, ' ').collect::<Vec<_>>()[..]
        else {
            panic!("{line}")
        };
        let many = ["A = ", "A: ", "R: "].iter().any(|start| what.starts_with(start));
        if message.len() > 200 || (many && number % EVERY != 0) {
            continue;
        }
        let message = const_hex::decode(message.trim_matches('-')).unwrap();
        let accepted = verdict == "accept";
        let signature = Signature(const_hex::decode_to_array(signature).unwrap());
        let key = key.parse().unwrap();
        assert_eq!(signature::verify(&key, &message, &signature).is_ok(), accepted, "{what}");
        vectors.push(json!({
            "what": what,
            "public": key.to_string(),
            "message": hex(&message),
            "signature": hex(signature.0),
            "accepted": accepted,
        }));
    }
    let accepted = vectors.iter().filter(|vector| vector["accepted"] == true).count();
    assert!(accepted > 20 && vectors.len() - accepted > 100);
    check("signatures.json", &json!(vectors));
}

fn policies() -> Vec<KeyPolicy> {
    let threshold = |k, n| KeyPolicy::threshold(k, (0..n).map(public).collect()).unwrap();
    let single = (0..3).map(|n| KeyPolicy::Single(public(n)));
    let several = [(1, 1), (1, 2), (2, 2), (2, 3), (3, 5), (16, 16)];
    single.chain(several.map(|(k, n)| threshold(k, n))).collect()
}

fn bad_policies() -> Vec<(&'static str, KeyPolicy)> {
    let mut keys: Vec<_> = (0..17).map(public).collect();
    keys.sort_unstable();
    let of = |k, keys: &[PublicKey]| KeyPolicy::Threshold { k, keys: keys.to_vec() };
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut off_the_curve = [0; 32];
    off_the_curve[0] = 2;
    vec![
        ("no key", of(1, &[])),
        ("17 keys", of(1, &keys)),
        ("none must sign", of(0, &keys[..2])),
        ("more must sign than there are", of(3, &keys[..2])),
        ("a key twice", of(1, &[keys[0], keys[0]])),
        ("keys descending", of(1, &[keys[1], keys[0]])),
        ("a key of small order", KeyPolicy::Single(PublicKey(identity))),
        ("a key above the field prime", KeyPolicy::Single(PublicKey([0xff; 32]))),
        ("a key off the curve", KeyPolicy::Single(PublicKey(off_the_curve))),
        ("one of two keys of small order", of(1, &[PublicKey(identity), keys[0]])),
    ]
}

fn bad_texts() -> Vec<(&'static str, String)> {
    let address = Address::of(&policies()[0]);
    let good = address.display(Network::Dev);
    let change = |from: &str, to: &str| good.replacen(from, to, 1);
    let last = if good.ends_with('q') { "p" } else { "q" };
    let short = bech32::encode::<bech32::Bech32m>(bech32::Hrp::parse_unchecked("dbal"), &[7; 31]);
    let other = bech32::encode::<bech32::Bech32m>(bech32::Hrp::parse_unchecked("cosmos"), &[7; 32]);
    let old = bech32::encode::<bech32::Bech32>(bech32::Hrp::parse_unchecked("dbal"), &address.0);
    let (half, rest) = good.split_at(20);
    let (body, _) = good.split_at(good.len() - 1);
    vec![
        ("the last character", format!("{body}{last}")),
        ("a character missing", body.to_owned()),
        ("the prefix of another network put in front", change("dbal1", "tbal1")),
        ("another prefix", other.unwrap()),
        ("bech32, not bech32m", old.unwrap()),
        ("31 bytes", short.unwrap()),
        ("upper and lower case", format!("{half}{}", rest.to_uppercase())),
        ("no separator", change("1", "")),
        ("a character that is not in the alphabet", format!("{body}b")),
        ("a space in front", format!(" {good}")),
        ("nothing", String::new()),
        ("hex", const_hex::encode(address.0)),
    ]
}

#[test]
fn addresses_are_as_committed() {
    let pages = Pages::read();
    let good = |policy: &KeyPolicy| {
        assert_eq!(policy.check(), Ok(()));
        let (bytes, address) = (codec::encode(policy), Address::of(policy));
        json!({
            "policy": pages.decode("KeyPolicy", &bytes),
            "bytes": hex(&bytes),
            "address": hex(address.0),
            "bal": address.display(Network::Main),
            "tbal": address.display(Network::Test),
            "dbal": address.display(Network::Dev),
        })
    };
    let upper = Address::of(&policies()[0]).display(Network::Dev).to_uppercase();
    assert!(Address::parse(&upper, Network::Dev).is_ok());
    let bad_text = |(what, text): (&str, String)| {
        assert!(Address::parse_any(&text).is_err(), "{what}: {text}");
        json!({ "what": what, "text": text })
    };
    let elsewhere = Address::of(&policies()[0]).display(Network::Main);
    let refused = Address::parse(&elsewhere, Network::Dev);
    assert!(matches!(refused, Err(AddressError::WrongNetwork { .. })));
    let bad_policy = |(what, policy): (&str, KeyPolicy)| {
        let refused: Result<(), PolicyError> = policy.check();
        assert!(refused.is_err(), "{what}");
        json!({ "what": what, "bytes": hex(codec::encode(&policy)) })
    };
    let vectors = json!({
        "good": policies().iter().map(good).collect::<Value>(),
        "upper_case": upper,
        "bad_texts": bad_texts().into_iter().map(bad_text).collect::<Value>(),
        "bad_policies": bad_policies().into_iter().map(bad_policy).collect::<Value>(),
    });
    check("addresses.json", &vectors);
}

#[test]
fn amounts_are_as_committed() {
    let good = ["0", "00.10", "12", "12.5", "0.000001", "1_000.01", "18446744073709.551615"];
    let bad = [
        "",
        ".",
        "1.",
        ".5",
        "-1",
        "+1",
        "1e3",
        "1,5",
        " 1",
        "1 ",
        "0x1",
        "1.2.3",
        "1.0000001",
        "18446744073709.551616",
        "99999999999999999999",
        "١",
    ];
    let read = |text: &str| {
        let micros = amount::parse_dollars(text).unwrap();
        json!({ "text": text, "micros": micros.to_string() })
    };
    let write = |micros: u128| json!({ "micros": micros.to_string(), "text": amount::format_dollars(micros) });
    for text in bad {
        assert!(amount::parse_dollars(text).is_err(), "{text}");
    }
    let written = [0, 1, 10, 500_000, 1_230_100, 12_500_000, u128::from(u64::MAX), u128::MAX];
    let vectors = json!({ "good": good.map(read), "bad": bad, "written": written.map(write) });
    check("amounts.json", &vectors);
}
