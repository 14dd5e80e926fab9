//! Who signs: names of keys, and what they stand for on a dev network.

use ballast_primitives::{Address, KeyPolicy, SecretKey};
use ballast_runtime::dev;
use ballast_runtime::object::Role;
use ballast_runtime::op::Signer as By;

use crate::exit::Failure;

/// Who signs, and with what.
pub struct Signer {
    pub name: String,
    pub address: Address,
    pub(crate) keys: Vec<SecretKey>,
}

impl Signer {
    pub fn keys(&self) -> Vec<&SecretKey> {
        self.keys.iter().collect()
    }
}

pub fn several_keys() -> Failure {
    Failure::usage("it is not said which account several keys sign for").next("add --sender ADDR")
}

/// The name of who signs on a dev network.
pub fn dev_name(by: By) -> String {
    match by {
        By::Anyone => "dev:0".to_owned(),
        By::Role(role) => format!("dev:{}", role_word(role)),
        By::Member => "dev:council-0".to_owned(),
    }
}

/// A role as it is typed: `mint-controller`.
pub fn role_word(role: Role) -> String {
    role.name().to_lowercase().replace('_', "-")
}

/// Reads a role, as it is typed or as the chain names it.
pub fn parse_role(text: &str) -> Result<Role, String> {
    parse_name(text, &Role::ALL, Role::name)
}

/// Reads one of several things by its name, as it is typed or as the chain has it.
pub fn parse_name<T: Copy>(
    text: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, String> {
    let word = |name: &str| name.to_lowercase().replace('_', "-");
    let found = all.iter().copied().find(|thing| word(name(*thing)) == word(text));
    let names = || all.iter().map(|thing| word(name(*thing))).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| format!("it is none of {}", names()))
}

pub fn dev_signer(seed: &str, who: &str) -> Result<Signer, Failure> {
    let name = format!("dev:{who}");
    let Some(key) = dev_key(seed, who) else {
        let roles = Role::ALL.map(role_word).join(", ");
        return Err(Failure::usage(format!(
            "\"{name}\" is neither a funded account (dev:0 …), a member of the council (council-0 … \
             council-4), an officer (ceo, cfo), fees, nor a role ({roles})"
        )));
    };
    let address = Address::of(&KeyPolicy::Single(key.public()));
    Ok(Signer { name, address, keys: vec![key] })
}

fn dev_key(seed: &str, who: &str) -> Option<SecretKey> {
    if let Ok(n) = who.parse::<u32>() {
        return Some(dev::account_key(seed, n));
    }
    let [ceo, cfo] = dev::officer_keys(seed);
    match who {
        "ceo" => return Some(ceo),
        "cfo" => return Some(cfo),
        "fees" => return Some(dev::fee_key(seed)),
        _ => {}
    }
    match who.strip_prefix("council-") {
        Some(n) => dev::council_keys(seed).into_iter().nth(n.parse().ok()?),
        None => parse_role(who).ok().map(|role| dev::role_key(seed, role)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn roles_are_read_as_typed_and_as_the_chain_names_them() {
        for role in Role::ALL {
            assert_eq!(parse_role(&role_word(role)), Ok(role));
            assert_eq!(parse_role(role.name()), Ok(role));
        }
        assert!(parse_role("king").unwrap_err().contains("mint-controller"));
    }

    #[test]
    fn dev_names_are_accounts_members_officers_and_roles() {
        assert_eq!(dev_signer("seed", "3").unwrap().address, dev::account_address("seed", 3));
        assert_eq!(
            dev_signer("seed", "council-4").unwrap().address,
            dev::council_addresses("seed")[4]
        );
        let minter = dev_signer("seed", "minter").unwrap();
        assert_eq!(minter.address, dev::role_address("seed", Role::Minter));
        let [ceo, _] = dev::officer_keys("seed");
        assert_eq!(dev_signer("seed", "ceo").unwrap().keys()[0].public(), ceo.public());
        for nobody in ["nobody", "council", "council-5", "council-x"] {
            assert_eq!(dev_signer("seed", nobody).err().unwrap().exit, Exit::Usage, "{nobody}");
        }
    }
}
