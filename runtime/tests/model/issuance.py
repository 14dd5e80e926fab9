"""Operations 10, 11 and 20 to 22: deposits, minting, burning; what the council says of minters."""

import invariants
import reserve
import wire
from run import U64, require, window_add, window_total, within


def deposit_confirm(run, op):
    bank_ref, amount, beneficiary = op["bank_ref"], op["amount"], op["beneficiary"]
    require(amount > 0, "ZERO_AMOUNT")
    number = wire.deposit_id(run.sender, bank_ref)
    require(run.get("deposit", number) is None, "DUPLICATE_BANK_REF")
    final_at = within(run.now + run.policy["rail_hold_ms"], U64)
    named = {"custodian": run.sender, "beneficiary": beneficiary, "amount": amount}
    record = {**named, "bank_ref": bank_ref, "confirmed_at": run.now, "final_at": final_at}
    run.create("deposit", number, {**record, "minted": 0, "reversed": False})
    run.supply_adds(cum_deposit=amount)
    if final_at > run.now:
        run.supply_adds(pending=amount)
        run.create("pending", (final_at, number), {"amount": amount, "confirmed_at": run.now})
    run.emit("DepositConfirmed", deposit=number, final_at=final_at, **named)


def deposit_reverse(run, op):
    number = op["deposit"]
    deposit = run.get("deposit", number)
    require(deposit is not None, "UNKNOWN_DEPOSIT")
    require(deposit["custodian"] == run.sender, "UNAUTHORIZED")
    require(not deposit["reversed"], "DEPOSIT_CLOSED")
    run.change("deposit", number, reversed=True)
    run.supply_adds(cum_deposit=-deposit["amount"])
    pending = (deposit["final_at"], number)
    if run.get("pending", pending) is not None:
        run.supply_adds(pending=-deposit["amount"])
        run.remove("pending", pending)
    account = run.account(deposit["beneficiary"])
    if account is not None:
        hold = min(account["hold"] + deposit["minted"], U64)
        run.change("account", deposit["beneficiary"], hold=hold)
    told = {field: deposit[field] for field in ("beneficiary", "amount", "minted")}
    run.emit("DepositReversed", deposit=number, **told)
    run.incident("DEPOSIT_REVERSED", "HIGH", number)


def mint(run, op):
    number, amount = op["deposit"], op["amount"]
    deposit, minter = run.get("deposit", number), run.get("minter", run.sender)
    if deposit is not None:
        run.require_recipient(deposit["beneficiary"])
    require(amount > 0, "ZERO_AMOUNT")
    require(deposit is not None, "UNKNOWN_DEPOSIT")
    require(not minter["suspended"], "MINTER_SUSPENDED")
    run.require_registered(deposit["beneficiary"], "UNKNOWN_RECIPIENT")
    _check_deposit(run, deposit, amount)
    _check_limits(run, minter, amount)
    report = _check_totals(run, amount)
    run.pay(deposit["beneficiary"], amount)
    run.supply_adds(total=amount, cum_mint=amount)
    run.change("deposit", number, minted=deposit["minted"] + amount)
    window = window_add(minter["window"], run.now, amount)
    run.change("minter", run.sender, allowance=minter["allowance"] - amount, window=window)
    run.put("window", (), window_add(run.get("window"), run.now, amount))
    if not invariants.windows_hold(run, run.sender):
        run.breaks("MINT_BROKEN")
    told = {"minter": run.sender, "to": deposit["beneficiary"], "amount": amount}
    run.emit("Minted", deposit=number, report=report, **told)


def _check_deposit(run, deposit, amount):
    require(not deposit["reversed"], "DEPOSIT_CLOSED")
    require(run.now >= deposit["final_at"], "DEPOSIT_NOT_FINAL")
    require(deposit["minted"] + amount <= deposit["amount"], "DEPOSIT_EXCEEDED")


def _check_limits(run, minter, amount):
    require(amount <= min(minter["per_tx"], run.policy["mint_per_tx_max"]), "PER_TX_LIMIT")
    require(amount <= minter["allowance"], "MINTER_ALLOWANCE")
    used = window_total(minter["window"], run.now)
    require(used + amount <= minter["window_cap"], "MINTER_WINDOW")
    if window_total(run.get("window"), run.now) + amount > run.policy["global_window_cap"]:
        run.trip("MINT_BREAKER")
        require(False, "GLOBAL_WINDOW")


def _check_totals(run, amount):
    """The number of the report that allows the mint."""
    total = run.supply["total"] + amount
    require(total <= run.supply["cap"], "CAP_EXCEEDED")
    number, report = reserve.usable(run)
    require(total <= reserve.ceiling(run, report), "RESERVE_CEILING")
    return number


def burn(run, op):
    amount = op["amount"]
    run.require_payer(run.sender)
    require(amount > 0, "ZERO_AMOUNT")
    run.require_available(run.sender, amount)
    run.take(run.sender, amount)
    run.supply_adds(total=-amount, cum_burn=amount)
    run.emit("Burned", minter=run.sender, amount=amount)


# ---- Minters' settings ----


def _minter(run, address):
    minter = run.get("minter", address)
    require(minter is not None, "ROLE_NOT_HELD")
    return minter


def _configure(run, address, **settings):
    run.change("minter", address, **settings)
    minter = run.get("minter", address)
    told = {field: minter[field] for field in ("allowance", "per_tx", "window_cap")}
    run.emit("MinterConfigured", minter=address, **told)


def set_minter_allowance(run, op):
    minter = _minter(run, op["minter"])
    require(minter["allowance"] == op["expected"], "ALLOWANCE_CHANGED")
    require(op["new"] <= run.policy["minter_allowance_max"], "ALLOWANCE_ABOVE_MAX")
    _configure(run, op["minter"], allowance=op["new"])


def set_minter_limits(run, op):
    _minter(run, op["minter"])
    _configure(run, op["minter"], per_tx=op["per_tx"], window_cap=op["window_cap"])


def suspend_minter(run, op):
    require(not _minter(run, op["minter"])["suspended"], "MINTER_SUSPENDED")
    run.change("minter", op["minter"], suspended=True)
    run.emit("MinterSuspended", minter=op["minter"])


def resume_minter(run, op):
    require(_minter(run, op["minter"])["suspended"], "NOT_SUSPENDED")
    run.change("minter", op["minter"], suspended=False)
    run.emit("MinterResumed", minter=op["minter"])


ACCOUNT_RULES = {
    "DepositConfirm": deposit_confirm,
    "DepositReverse": deposit_reverse,
    "Mint": mint,
    "Burn": burn,
    "SetMinterAllowance": set_minter_allowance,
}

COUNCIL_RULES = {
    "SetMinterLimits": set_minter_limits,
    "SuspendMinter": suspend_minter,
    "ResumeMinter": resume_minter,
}
