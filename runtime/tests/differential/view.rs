//! The whole state as text, one line a record: what `tests/model/view.py` writes of its own.

use std::fmt::{Debug, Write as _};

use ballast_primitives::equivocation::Named;
use ballast_primitives::turns::Standing;
use ballast_primitives::{Address, Hash, codec};
use ballast_runtime::limits::HOUR_MS;
use ballast_runtime::object::*;
use ballast_runtime::{Key, Object, State};

/// A line in the making: words separated by spaces.
struct Line(String);

impl Line {
    fn new(label: &str) -> Self {
        Self(label.to_owned())
    }

    fn add(mut self, word: impl ToString) -> Self {
        let word = word.to_string();
        self.0.push(' ');
        self.0.push_str(if word.is_empty() { "-" } else { &word });
        self
    }

    fn flag(self, flag: bool) -> Self {
        self.add(u8::from(flag))
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        self.add(hex(bytes))
    }

    fn option(self, value: Option<impl ToString>) -> Self {
        self.add(value.map_or_else(String::new, |value| value.to_string()))
    }

    fn list<T: ToString>(self, values: impl IntoIterator<Item = T>) -> Self {
        let words: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
        self.add(words.join(","))
    }

    fn name(self, value: impl Debug) -> Self {
        self.add(screaming(&format!("{value:?}")))
    }
}

/// `MintBreaker` as `MINT_BREAKER`.
fn screaming(name: &str) -> String {
    let mut text = String::new();
    for (at, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && at > 0 {
            text.push('_');
        }
        text.extend(letter.to_uppercase());
    }
    text
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Every object at `now`, as sorted lines; `people` are all accounts.
pub fn lines(state: &State, people: &[Address], now: u64) -> Vec<String> {
    let accounts = people.iter().map(|who| account(who, state.account(who).unwrap()).0);
    let others = state.range(..).map(|(key, object)| line(key, object, now));
    let all: Vec<_> = accounts.map(Some).chain(others).collect();
    assert_eq!(all.len() as u64, state.len(), "an object is not in the view");
    let mut lines: Vec<_> = all.into_iter().flatten().collect();
    lines.sort_unstable();
    lines
}

/// None for objects that only index others.
fn line(key: &Key, object: &Object, now: u64) -> Option<String> {
    let line = match (key, object) {
        (Key::Allowance(owner, spender), Object::Allowance(value)) => {
            let line = Line::new("allowance").bytes(&owner.0).bytes(&spender.0);
            line.add(value.amount).add(value.expires)
        }
        (Key::Bridge(number), Object::Bridge(value)) => bridge(*number, value, now),
        (Key::Checkpoint(place), Object::Checkpoint(value)) => {
            let line = Line::new("checkpoint").add(place).add(value.at).add(value.height);
            line.add(value.total).add(value.cum_deposit).add(value.cum_payout)
        }
        (Key::Council, Object::Council(value)) => council(value),
        (Key::Deposit(id), Object::Deposit(value)) => deposit(id, value),
        (Key::Document(kind), Object::Document(value)) => {
            let line = Line::new("document").name(kind).add(value.version);
            line.bytes(&value.digest.0).bytes(value.uri.as_bytes()).add(value.at)
        }
        (Key::Incident(number), Object::Incident(value)) => {
            let line = Line::new("incident").add(number).name(value.kind).name(value.severity);
            line.bytes(&value.subject.0).add(value.height).add(value.at)
        }
        (Key::Institution(number), Object::Institution(value)) => {
            let line = Line::new("institution").add(number);
            line.bytes(value.name.as_bytes()).bytes(&value.key.0)
        }
        (Key::Minter(address), Object::Minter(value)) => {
            let line = Line::new("minter").bytes(&address.0).add(value.allowance);
            let line = line.add(value.per_tx).add(value.window_cap).flag(value.suspended);
            line.list(window(&value.window, now))
        }
        (Key::Pair(payer, payee), Object::Pair(value)) => {
            let line = Line::new("pair").bytes(&payer.0).bytes(&payee.0);
            line.list(window(value, now))
        }
        (Key::Pause(scope), Object::Pause(value)) => {
            Line::new("pause").name(scope).add(value.until).add(value.short_until)
        }
        (Key::Payout(id), Object::Payout(value)) => {
            let line = Line::new("payout").bytes(&id.0).bytes(&value.custodian.0);
            let line = line.bytes(value.bank_ref.as_bytes()).bytes(&value.redemption.0);
            line.add(value.net).flag(value.failed)
        }
        (Key::Policy, Object::Policy(value)) => Line::new("policy").bytes(&codec::encode(value)),
        (Key::Proposal(number), Object::Proposal(value)) => proposal(*number, value),
        (Key::Redemption(id), Object::Redemption(value)) => redemption(id, value),
        (Key::Report(number), Object::Report(value)) => report(*number, value),
        (Key::Reserve, Object::Reserve(value)) => {
            let line = Line::new("reserve").add(value.next).option(value.latest);
            line.list(&value.drafts).add(value.checkpoint)
        }
        (Key::Role(role, holder), Object::Role(value)) => {
            Line::new("role").add(role.name()).bytes(&holder.0).add(value.valid_until)
        }
        (Key::Supply, Object::Supply(value)) => supply(value),
        (Key::Terms, Object::Terms(value)) => Line::new("terms").bytes(&codec::encode(value)),
        (Key::Upgrade, Object::Upgrade(value)) => {
            let line = Line::new("upgrade").add(value.current).add(value.version);
            line.bytes(&value.code.0).add(value.height)
        }
        (Key::UsedAuth(owner, nonce), Object::UsedAuth(value)) => {
            Line::new("used-auth").bytes(&owner.0).bytes(&nonce.0).add(value.until)
        }
        (Key::UsedRemote(bridge, tx), Object::UsedRemote(value)) => {
            Line::new("used-remote").add(bridge).bytes(&tx.0).add(value.at)
        }
        (Key::UsedTravel(institution, nonce), Object::UsedTravel(value)) => {
            Line::new("used-travel")
                .add(institution)
                .bytes(&nonce.0)
                .add(value.until)
                .bytes(&value.payer.0)
        }
        (Key::Validators, Object::Validators(value)) => {
            let before = value.before.as_ref().map(|set| hex(&codec::encode(set)));
            let line = Line::new("validators").bytes(&codec::encode(&value.set));
            let standing = |s: &Standing| {
                let until = s.until.map_or("None".to_owned(), |until| until.to_string());
                format!("{}:{}:{}:{}:{until}", hex(&s.key.0), s.missed, s.times, s.from)
            };
            let standings = value.turns.standings().iter().map(standing);
            let named = value.named.all().iter().map(|n| {
                let Named { key, height, round, kind, times, block, at } = n;
                format!("{}:{height}:{round}:{kind:?}s:{times}:{block}:{at}", hex(&key.0))
            });
            line.option(before).add(value.from_height).list(standings).list(named)
        }
        (Key::Window, Object::Window(value)) => Line::new("window").list(window(value, now)),
        // The number of incidents, and what is not final yet: the model finds both by counting.
        (Key::Incidents | Key::Pending(..), _) => return None,
        _ => panic!("{key:?} holds {object:?}"),
    };
    Some(line.0)
}

fn account(address: &Address, value: &Account) -> Line {
    let nonces = (0..u64::from(u128::BITS)).rev().filter(|back| value.replay.seen >> back & 1 == 1);
    let nonces = nonces.map(|back| value.replay.high - back);
    let line = Line::new("account").bytes(&address.0).bytes(&codec::encode(&value.policy));
    let line = line.add(value.balance).add(value.hold);
    let freeze = &value.freeze;
    let line = line.flag(freeze.inbound).flag(freeze.outbound).add(freeze.until);
    let line = line.flag(freeze.confirmed).bytes(&freeze.order.0);
    let line = line.add(value.replay.high).list(nonces);
    let line = line.add(value.kyc_class).add(value.kyc_until).add(value.institution);
    line.flag(value.memo_required)
        .add(value.quota.used_milli)
        .add(value.quota.at)
        .add(value.objects)
}

/// Sums of the last 25 hours that are not zero, as `hour:sum`.
fn window(window: &Window, now: u64) -> Vec<String> {
    let hour = now / HOUR_MS;
    let first = hour.saturating_sub(24).max(window.hour.saturating_sub(24));
    let sums = (first..=hour.min(window.hour)).map(|h| (h, window.used[(h % 25) as usize]));
    sums.filter(|(_, sum)| *sum > 0).map(|(h, sum)| format!("{h}:{sum}")).collect()
}

fn bridge(number: u32, value: &Bridge, now: u64) -> Line {
    let line = Line::new("bridge").add(number).bytes(value.name.as_bytes());
    let line = line.add(value.escrow).add(value.day_cap).flag(value.open);
    line.list(window(&value.window_out, now)).list(window(&value.window_in, now))
}

fn council(value: &Council) -> Line {
    let member = |m: &Member| format!("{}:{}", hex(&m.account.0), hex(&m.key.0));
    let delay = |delay: &Delay| match delay.shorter {
        Some((ms, from)) => format!("{}:{ms}:{from}", delay.ms),
        None => format!("{}:-:-", delay.ms),
    };
    let line = Line::new("council").list(value.members.iter().map(member));
    let line = line.add(value.epoch).add(value.exec_nonce).list(value.thresholds);
    let line = line.add(value.ttl_ms).add(value.grace_ms).add(value.next_proposal);
    line.list(value.delays.iter().map(delay)).list(&value.open)
}

fn deposit(id: &Hash, value: &Deposit) -> Line {
    let line = Line::new("deposit").bytes(&id.0).bytes(&value.custodian.0);
    let line = line.bytes(value.bank_ref.as_bytes()).add(value.amount).bytes(&value.beneficiary.0);
    line.add(value.confirmed_at).add(value.final_at).add(value.minted).flag(value.reversed)
}

fn proposal(number: u64, value: &Proposal) -> Line {
    let votes = |votes: &[Address]| votes.iter().map(|a| hex(&a.0)).collect::<Vec<_>>();
    let line = Line::new("proposal").add(number).add(value.epoch).name(value.class);
    let line = line.bytes(&value.digest.0).bytes(&value.proposer.0).add(value.created);
    let line = line.option(value.eta).name(value.status);
    line.list(votes(&value.yes)).list(votes(&value.no))
}

fn redemption(id: &Hash, value: &Redemption) -> Line {
    let line = Line::new("redemption").bytes(&id.0).bytes(&value.owner.0).add(value.gross);
    let line = line.add(value.fee).add(value.net).bytes(&value.beneficiary.0).add(value.terms);
    let line = line.add(value.requested_at).add(value.due_at);
    line.option(value.payout.map(|payout| hex(&payout.0))).name(value.status).add(value.closed_at)
}

fn report(number: u64, value: &Report) -> Line {
    let mut attested: Vec<_> = value.attested_by.iter().collect();
    attested.sort_by_key(|attestation| attestation.attestor);
    let attested = attested.iter().map(|a| format!("{}:{}", hex(&a.attestor.0), a.at));
    let line = Line::new("report").add(number).bytes(&value.digest.0);
    let line = line.bytes(&value.submitted_by.0).add(value.submitted_at);
    let line = line.add(value.deposits_then).add(value.payouts_then).name(value.status);
    line.list(attested)
}

fn supply(value: &Supply) -> Line {
    let line = Line::new("supply").add(value.total).add(value.cap).add(value.genesis);
    let line = line.add(value.cum_mint).add(value.cum_burn).add(value.cum_deposit);
    line.add(value.cum_payout).add(value.redeem_escrow).add(value.bridge_escrow).add(value.pending)
}
