//! Payments, allowances, authorisations, bridges.

use ballast_primitives::Address;
use ballast_runtime::authorisation::{PayAuthBody, PermitBody, TravelData};
use ballast_runtime::limits::{AUTH_MS_MAX, HOUR_MS};
use ballast_runtime::object::Role;
use ballast_runtime::ops::*;
use ballast_runtime::{Key, Object, Op, Witness};

use crate::generator::draft;
use crate::world::{Draft, World, witness, witnesses};

const ZERO: Address = Address([0; 32]);
const LAST: Address = Address([255; 32]);

impl World {
    fn memo(&mut self, to: &Address) -> Option<Vec<u8>> {
        let asked = self.state.account(to).is_some_and(|account| account.memo_required);
        let length = self.rng.below(33) as usize;
        self.rng.chance(if asked { 80 } else { 20 }).then(|| vec![7; length])
    }

    /// What `payer` might pay `payee`, at the edges of both.
    fn payment(&mut self, payer: &Address, payee: &Address) -> u64 {
        let available = self.available(payer);
        let room = u64::MAX - self.state.account(payee).map_or(0, |account| account.balance);
        let threshold = self.state.policy().travel_threshold;
        match self.rng.below(20) {
            // The largest step that still fits, and one more.
            0 => room,
            1 => room.saturating_add(1),
            2 => available,
            3 => available.saturating_add(1),
            4 => self.near(threshold),
            5..9 => 1 + self.rng.below(available.max(1)),
            _ => self.amount(&[available / 8, threshold / 3, threshold]),
        }
    }

    fn travel(&mut self, payer: &Address, payee: &Address) -> Option<Box<TravelData>> {
        let of = |world: &Self, who| world.state.account(who).map_or(0, |a| a.institution);
        let (a, b) = (of(self, payer), of(self, payee));
        let between = a != 0 && b != 0 && a != b;
        if !self.rng.chance(if between { 60 } else { 4 }) {
            return None;
        }
        let key = match self.state.get(&Key::Institution(b)) {
            Some(Object::Institution(institution)) if !self.rng.chance(8) => institution.key,
            _ => self.spare[1],
        };
        let expires = match self.rng.below(10) {
            0 | 1 => self.near(self.now),
            2 => self.near(self.now + AUTH_MS_MAX),
            _ => self.now + HOUR_MS,
        };
        let nonce = if self.rng.chance(60) { self.hash() } else { self.small_hash(6) };
        let data = self.hash();
        Some(Box::new(TravelData { data, nonce, expires, witness: witness(key) }))
    }

    pub fn transfer(&mut self) -> Draft {
        let (payer, mut to) = (self.payer(), self.anyone());
        if self.rng.chance(2) {
            to = payer;
        }
        let amount = self.payment(&payer, &to);
        let travel = self.travel(&payer, &to);
        let memo = self.memo(&to);
        draft(payer, Op::Transfer(transfer::Transfer { to, amount, travel })).with_memo(memo)
    }

    fn allowance(&self, owner: &Address, spender: &Address) -> u64 {
        match self.state.get(&Key::Allowance(*owner, *spender)) {
            Some(Object::Allowance(allowance)) => allowance.current(self.now),
            _ => 0,
        }
    }

    /// Expected, new amount, and its end.
    fn approval(&mut self, owner: &Address, spender: &Address) -> (u64, u64, u64) {
        let current = self.allowance(owner, spender);
        let expected = if self.rng.chance(8) { current.wrapping_add(1) } else { current };
        let amount = self.amount(&[self.available(owner), 1_000_000]);
        let end = self.now + self.rng.pick(&[60_000, HOUR_MS, 900 * HOUR_MS, 900 * HOUR_MS]);
        (expected, amount, if self.rng.chance(12) { self.near(self.now) } else { end })
    }

    pub fn approve(&mut self) -> Draft {
        let owner = self.payer();
        let spender = if self.rng.chance(4) { owner } else { self.anyone() };
        let (expected, amount, expires) = self.approval(&owner, &spender);
        draft(owner, Op::Approve(approve::Approve { spender, expected, amount, expires }))
    }

    pub fn transfer_from(&mut self) -> Draft {
        let from = Address(self.rng.bytes());
        let found = self.some(Key::Allowance(from, ZERO), Key::Allowance(LAST, LAST), 24);
        let lively = self.rng.chance(90);
        let keys: Vec<_> = found
            .iter()
            .filter_map(|(key, _)| match key {
                Key::Allowance(owner, spender)
                    if self.state.account(spender).is_some()
                        && (!lively || self.allowance(owner, spender) > 0) =>
                {
                    Some((*owner, *spender))
                }
                _ => None,
            })
            .collect();
        let (mut owner, spender) =
            if keys.is_empty() { (self.payer(), self.person()) } else { self.rng.pick(&keys) };
        if self.rng.chance(4) {
            owner = if self.rng.chance(50) { self.stranger() } else { self.person() };
        }
        let to = if self.rng.chance(3) { owner } else { self.anyone() };
        let allowance = self.allowance(&owner, &spender);
        let amount = match self.rng.below(4) {
            0 => self.near(allowance),
            1 => allowance.clamp(1, self.payment(&owner, &to).max(1)),
            2 => self.payment(&owner, &to),
            _ => 1 + self.rng.below(allowance.clamp(1, 1_000_000)),
        };
        let travel = self.travel(&owner, &to);
        let memo = self.memo(&to);
        let op = transfer_from::TransferFrom { owner, to, amount, travel };
        draft(spender, Op::TransferFrom(op)).with_memo(memo)
    }

    /// Not before, and until when an authorisation may be used.
    fn validity(&mut self) -> (u64, u64) {
        let from = if self.rng.chance(12) { self.near(self.now) } else { 0 };
        let until = match self.rng.below(12) {
            0 => self.near(self.now),
            1 => self.near(self.now + AUTH_MS_MAX),
            _ => self.now + HOUR_MS,
        };
        (from, until)
    }

    fn executor(&mut self, sender: &Address) -> Option<Address> {
        match self.rng.below(10) {
            0 | 1 => Some(*sender),
            2 => Some(self.person()),
            _ => None,
        }
    }

    /// Mostly those of the owner.
    fn auth_witnesses(&mut self, owner: &Address) -> Vec<Witness> {
        let mut keys = self.keys_of(owner);
        match self.rng.below(20) {
            0 => keys = vec![self.spare[2]],
            1 => keys.push(self.spare[3]),
            2 => keys.truncate(1),
            _ => {}
        }
        witnesses(keys)
    }

    pub fn permit(&mut self) -> Draft {
        let (owner, sender) = (self.anyone(), self.person());
        let spender = if self.rng.chance(4) { owner } else { self.person() };
        let (expected, amount, expires) = self.approval(&owner, &spender);
        let (not_before, deadline) = self.validity();
        let (executor, nonce) = (self.executor(&sender), self.small_hash(40));
        let body = PermitBody {
            owner,
            spender,
            expected,
            amount,
            expires,
            nonce,
            not_before,
            deadline,
            executor,
        };
        let witnesses = self.auth_witnesses(&owner);
        draft(sender, Op::Permit(permit::Permit { body: Box::new(body), witnesses }))
    }

    pub fn pay_auth(&mut self) -> Draft {
        let owner = if self.rng.chance(4) { self.stranger() } else { self.payer() };
        let to = if self.rng.chance(3) { owner } else { self.anyone() };
        let sender = self.person();
        let (not_before, deadline) = self.validity();
        let (executor, nonce) = (self.executor(&sender), self.small_hash(40));
        let (amount, memo) = (self.payment(&owner, &to), self.memo(&to));
        let travel = self.travel(&owner, &to);
        let body = PayAuthBody { owner, to, amount, memo, nonce, not_before, deadline, executor };
        let witnesses = self.auth_witnesses(&owner);
        let op = pay_auth::PayAuth { body: Box::new(body), witnesses, travel };
        draft(sender, Op::PayAuth(op))
    }

    pub fn cancel_auth(&mut self) -> Draft {
        let (nonce, (_, deadline)) = (self.small_hash(40), self.validity());
        draft(self.person(), Op::CancelAuth(cancel_auth::CancelAuth { nonce, deadline }))
    }

    /// Mostly a bridge that exists.
    fn bridge(&mut self) -> u32 {
        let found = self.some(Key::Bridge(0), Key::Bridge(u32::MAX), 8);
        let numbers: Vec<_> = found
            .iter()
            .filter_map(|(key, _)| match key {
                Key::Bridge(number) => Some(*number),
                _ => None,
            })
            .collect();
        if numbers.is_empty() || self.rng.chance(3) { 77 } else { self.rng.pick(&numbers) }
    }

    fn bridge_edges(&self, number: u32) -> [u64; 3] {
        self.state.bridge(number).map_or([0; 3], |bridge| {
            let left = |window: &ballast_runtime::object::Window| {
                let used = window.total(self.now);
                u64::try_from(u128::from(bridge.day_cap).saturating_sub(used)).unwrap()
            };
            let escrow = u64::try_from(bridge.escrow).unwrap_or(u64::MAX);
            [left(&bridge.window_out), left(&bridge.window_in), escrow]
        })
    }

    pub fn bridge_out(&mut self) -> Draft {
        let (from, bridge) = (self.payer(), self.bridge());
        let [out, ..] = self.bridge_edges(bridge);
        let amount = self.amount(&[out, self.available(&from), self.available(&from) / 9]);
        let recipient = vec![1; 1 + self.rng.index(64)];
        draft(from, Op::BridgeOut(bridge_out::BridgeOut { bridge, amount, recipient }))
    }

    pub fn bridge_in(&mut self) -> Draft {
        let (sender, to, bridge) = (self.officer(Role::Bridge), self.anyone(), self.bridge());
        let [_, back, escrow] = self.bridge_edges(bridge);
        let room = u64::MAX - self.state.account(&to).map_or(0, |account| account.balance);
        let amount = self.amount(&[back, escrow, escrow / 9, room]);
        let (remote_tx, memo) = (self.small_hash(120), self.memo(&to));
        let op = bridge_in::BridgeIn { bridge, remote_tx, to, amount };
        draft(sender, Op::BridgeIn(op)).with_memo(memo)
    }
}
