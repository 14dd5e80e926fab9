//! Deposits, minting, burning, redemptions and payouts.

use ballast_primitives::{Address, Hash};
use ballast_runtime::object::{Deposit, Redemption, RedemptionStatus, Role};
use ballast_runtime::ops::*;
use ballast_runtime::{Key, Object, Op};

use crate::generator::draft;
use crate::world::{Draft, World};

/// How many objects are looked at to find one that suits.
const LOOK_AT: usize = 24;

impl World {
    // ---- deposits and minting ----

    pub fn deposit_confirm(&mut self) -> Draft {
        let custodian = self.officer(Role::Custodian);
        let bank_ref = format!("wire {}", self.rng.below(500));
        let beneficiary = self.anyone();
        let allowance = self.state.policy().mint_per_tx_max;
        let amount = match self.rng.below(10) {
            0 => self.amount(&[allowance]),
            1 => u64::MAX,
            2 => self.rng.below(2),
            _ => 1 + self.rng.below(allowance.clamp(1, u64::MAX / 2) * 2),
        };
        let op = deposit_confirm::DepositConfirm { bank_ref, amount, beneficiary };
        draft(custodian, Op::DepositConfirm(op))
    }

    /// A deposit that `suits`, or any, or one that does not exist.
    fn deposit(&mut self, suits: impl Fn(&Deposit) -> bool) -> (Hash, Option<Deposit>) {
        let from = self.hash();
        let last = Key::Deposit(Hash([255; 32]));
        let mut found = self.some(Key::Deposit(from), last.clone(), LOOK_AT);
        if found.len() < 4 {
            found = self.some(Key::Deposit(Hash([0; 32])), last, LOOK_AT);
        }
        let deposits: Vec<_> = found
            .into_iter()
            .filter_map(|(key, object)| match (key, object) {
                (Key::Deposit(id), Object::Deposit(deposit)) => Some((id, *deposit)),
                _ => None,
            })
            .collect();
        if deposits.is_empty() || self.rng.chance(2) {
            return (self.hash(), None);
        }
        let suitable = deposits.iter().find(|(_, deposit)| suits(deposit)).cloned();
        let any = self.rng.pick(&deposits);
        let (id, deposit) = if self.rng.chance(8) { any } else { suitable.unwrap_or(any) };
        (id, Some(deposit))
    }

    pub fn deposit_reverse(&mut self) -> Draft {
        let (id, deposit) = self.deposit(|deposit| !deposit.reversed);
        let sender = match deposit {
            Some(deposit) if !self.rng.chance(15) => deposit.custodian,
            _ => self.officer(Role::Custodian),
        };
        let document = self.hash();
        draft(sender, Op::DepositReverse(deposit_reverse::DepositReverse { deposit: id, document }))
    }

    pub fn mint(&mut self) -> Draft {
        let (mut sender, now) = (self.officer(Role::Minter), self.now);
        for _ in 0..3 {
            if !self.is_suspended(&sender) {
                break;
            }
            sender = self.officer(Role::Minter);
        }
        let (deposit, found) = self.deposit(|deposit| {
            !deposit.reversed && deposit.final_at <= now && deposit.minted < deposit.amount
        });
        let edges = self.mint_edges(&sender, found.as_ref());
        let least = edges.iter().copied().min().unwrap_or(0);
        let amount = match self.rng.below(10) {
            0..5 => 1 + self.rng.below(least.max(1)),
            5 => least,
            6 => least.saturating_add(1),
            _ => self.amount(&edges),
        };
        draft(sender, Op::Mint(mint::Mint { deposit, amount }))
    }

    /// Every limit of a mint, as far as an amount can be at it.
    fn mint_edges(&self, sender: &Address, deposit: Option<&Deposit>) -> Vec<u64> {
        let (policy, supply, now) = (self.state.policy(), self.state.supply(), self.now);
        let left =
            |cap: u128, used: u128| u64::try_from(cap.saturating_sub(used)).unwrap_or(u64::MAX);
        let global = self.state.window().total(now);
        let mut edges = vec![
            policy.mint_per_tx_max,
            left(u128::from(policy.global_window_cap), global),
            left(supply.cap, supply.total),
        ];
        if let Some(minter) = self.state.minter(sender) {
            let used = minter.window.total(now);
            edges.push(left(u128::from(minter.window_cap), used));
            edges.extend([minter.allowance, minter.per_tx]);
        }
        if let Some(deposit) = deposit {
            edges.push(deposit.amount - deposit.minted);
            if let Some(account) = self.state.account(&deposit.beneficiary) {
                edges.push(u64::MAX - account.balance);
            }
        }
        if let Some((_, report)) = self.state.latest_report() {
            let lines = report.body.lines.iter().filter(|line| line.segregated);
            let worth: u128 = lines.map(|line| u128::from(line.market)).sum();
            edges.push(left(worth, supply.total));
        }
        edges
    }

    pub fn burn(&mut self) -> Draft {
        let sender = self.officer(Role::Minter);
        let available = self.available(&sender);
        let amount = self.amount(&[available, available / 5]);
        draft(sender, Op::Burn(burn::Burn { amount }))
    }

    /// Mostly an account with settings of a minter.
    pub fn a_minter(&mut self) -> Address {
        let minters = self.holders(Role::Minter, false);
        if self.rng.chance(10) { self.person() } else { self.rng.pick(&minters) }
    }

    pub fn set_minter_allowance(&mut self) -> Draft {
        let (sender, minter) = (self.officer(Role::MintController), self.a_minter());
        let current = self.state.minter(&minter).map_or(0, |minter| minter.allowance);
        let expected = if self.rng.chance(10) { current.wrapping_add(1) } else { current };
        let most = self.state.policy().minter_allowance_max;
        let new = match self.rng.below(4) {
            0 => self.near(most),
            1 => self.amount(&[most]),
            _ => most / 2,
        };
        let op = set_minter_allowance::SetMinterAllowance { minter, expected, new };
        draft(sender, Op::SetMinterAllowance(op))
    }

    // ---- redemptions ----

    pub fn redeem_request(&mut self) -> Draft {
        let (owner, terms) = (self.payer(), self.state.terms().clone());
        let available = self.available(&owner);
        let amount = match self.rng.below(8) {
            0 => self.near(terms.min),
            1 => self.near(terms.max),
            2 => self.near(available),
            3 => self.amount(&[terms.fee_flat, terms.min]),
            _ => {
                let more = 1 + self.rng.below((available / 8).clamp(1, 100_000_000));
                terms.min.saturating_add(more)
            }
        };
        let share = u128::from(amount) * u128::from(terms.fee_bps) / 10_000;
        let fee = u64::try_from(share).unwrap().max(terms.fee_flat);
        let fee_max = if self.rng.chance(25) { self.near(fee) } else { fee };
        let beneficiary = self.hash();
        let op = redeem_request::RedeemRequest { amount, fee_max, beneficiary };
        draft(owner, Op::RedeemRequest(op))
    }

    /// A redemption that `suits`, or any, or one that does not exist.
    fn redemption(&mut self, suits: impl Fn(&Redemption) -> bool) -> (Hash, Option<Redemption>) {
        let from = self.hash();
        let last = Key::Redemption(Hash([255; 32]));
        let mut found = self.some(Key::Redemption(from), last.clone(), LOOK_AT);
        if found.len() < 4 {
            found = self.some(Key::Redemption(Hash([0; 32])), last, LOOK_AT);
        }
        let all: Vec<_> = found
            .into_iter()
            .filter_map(|(key, object)| match (key, object) {
                (Key::Redemption(id), Object::Redemption(redemption)) => Some((id, *redemption)),
                _ => None,
            })
            .collect();
        if all.is_empty() || self.rng.chance(3) {
            return (self.hash(), None);
        }
        let suitable = all.iter().find(|(_, redemption)| suits(redemption)).cloned();
        let any = self.rng.pick(&all);
        let (id, redemption) = if self.rng.chance(12) { any } else { suitable.unwrap_or(any) };
        (id, Some(redemption))
    }

    fn requested(&mut self) -> (Hash, Option<Redemption>) {
        self.redemption(|redemption| redemption.status == RedemptionStatus::Requested)
    }

    fn processing(&mut self, paid: bool) -> (Hash, Option<Redemption>) {
        self.redemption(|redemption| {
            redemption.status == RedemptionStatus::Processing && redemption.payout.is_some() == paid
        })
    }

    pub fn redeem_accept(&mut self) -> Draft {
        let (redemption, _) = self.requested();
        let sender = self.officer(Role::Redeemer);
        draft(sender, Op::RedeemAccept(redeem_accept::RedeemAccept { redemption }))
    }

    pub fn redeem_settle(&mut self) -> Draft {
        let paid = self.rng.chance(85);
        let (redemption, _) = self.processing(paid);
        let sender = self.officer(Role::Redeemer);
        draft(sender, Op::RedeemSettle(redeem_settle::RedeemSettle { redemption }))
    }

    pub fn redeem_reject(&mut self) -> Draft {
        let (redemption, _) = self.requested();
        let (sender, document) = (self.officer(Role::Redeemer), self.hash());
        draft(sender, Op::RedeemReject(redeem_reject::RedeemReject { redemption, document }))
    }

    pub fn redeem_cancel(&mut self) -> Draft {
        let (redemption, found) = self.requested();
        let owner = found.map(|found| found.owner).filter(|_| !self.rng.chance(8));
        let sender = owner.unwrap_or_else(|| self.person());
        draft(sender, Op::RedeemCancel(redeem_cancel::RedeemCancel { redemption }))
    }

    pub fn redeem_expire(&mut self) -> Draft {
        let now = self.now;
        let (redemption, _) = self.redemption(|redemption| {
            redemption.status == RedemptionStatus::Requested && redemption.due_at <= now
        });
        draft(self.person(), Op::RedeemExpire(redeem_expire::RedeemExpire { redemption }))
    }

    // ---- payouts ----

    pub fn payout_confirm(&mut self) -> Draft {
        let paid = self.rng.chance(10);
        let (redemption, found) = self.processing(paid);
        let net = found.map_or(1, |found| found.net);
        let net = if self.rng.chance(10) { net ^ 1 } else { net };
        let bank_ref = format!("payout {}", self.rng.below(60));
        let sender = self.officer(Role::Custodian);
        let op = payout_confirm::PayoutConfirm { redemption, bank_ref, net };
        draft(sender, Op::PayoutConfirm(op))
    }

    pub fn payout_failed(&mut self) -> Draft {
        let paid = self.rng.chance(60);
        let (redemption, found) = self.processing(paid);
        let payout = found.and_then(|found| found.payout);
        let payout = payout.and_then(|payout| self.state.payout(&payout));
        let custodian = payout.map(|payout| payout.custodian).filter(|_| !self.rng.chance(15));
        let sender = custodian.unwrap_or_else(|| self.officer(Role::Custodian));
        let document = self.hash();
        let op = payout_failed::PayoutFailed { redemption, document };
        draft(sender, Op::PayoutFailed(op))
    }
}
