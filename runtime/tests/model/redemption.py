"""Operations 12, 13 and 70 to 75: redemptions and their payouts; the redemption clock."""

from datetime import date, datetime, timedelta, timezone

import wire
from run import require

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


# ---- Clock (RED-3) ----


def _business_day_from(day, holidays):
    while day.weekday() >= 5 or day in holidays:
        day += timedelta(days=1)
    return day


def due_at(now, terms):
    moment = EPOCH + timedelta(milliseconds=now)
    holidays = {date(1970, 1, 1) + timedelta(days=count) for count in terms["holidays"]}
    day = moment.date()
    if moment.hour * 60 + moment.minute >= terms["cutoff_minute"]:
        day += timedelta(days=1)
    day = _business_day_from(day, holidays)
    for _ in range(2):
        day = _business_day_from(day + timedelta(days=1), holidays)
    midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc) + timedelta(days=1)
    return (midnight - EPOCH) // timedelta(milliseconds=1)


# ---- Requests ----


def request(run, op):
    terms, owner, gross = run.get("terms"), run.account(run.sender), op["amount"]
    require(run.now < owner["kyc_until"], "KYC_EXPIRED")
    require(owner["kyc_class"] >= terms["class_min"], "NOT_ELIGIBLE")
    run.require_payer(run.sender)
    require(gross >= terms["min"], "BELOW_MIN")
    require(gross <= terms["max"], "ABOVE_MAX")
    fee = max(gross * terms["fee_bps"] // 10_000, terms["fee_flat"])
    require(fee <= op["fee_max"] and fee < gross, "FEE_TOO_HIGH")
    run.require_available(run.sender, gross)
    number = wire.redemption_id(run.sender, run.nonce, run.number)
    told = {"owner": run.sender, "gross": gross, "fee": fee, "net": gross - fee}
    told["due_at"] = due_at(run.now, terms)
    record = {**told, "beneficiary": op["beneficiary"], "terms": terms["version"]}
    record.update(requested_at=run.now, payout=None, status="REQUESTED", closed_at=0)
    run.take(run.sender, gross)
    run.supply_adds(redeem_escrow=gross)
    run.create("redemption", number, record)
    run.emit("RedemptionRequested", redemption=number, **told)


OPEN = ("REQUESTED", "PROCESSING")


def _open(run, number, status, otherwise):
    """The redemption, which must be open and in `status`."""
    redemption = run.get("redemption", number)
    require(redemption is not None, "UNKNOWN_REDEMPTION")
    require(redemption["status"] in OPEN, "REDEMPTION_CLOSED")
    require(redemption["status"] == status, otherwise)
    return redemption


def _requested(run, number):
    return _open(run, number, "REQUESTED", "IN_PROCESSING")


def _processing(run, number):
    return _open(run, number, "PROCESSING", "NOT_PROCESSING")


def _refund(run, number, status):
    """RED-4."""
    redemption = run.get("redemption", number)
    owner, gross = redemption["owner"], redemption["gross"]
    run.supply_adds(redeem_escrow=-gross)
    run.pay(owner, gross)
    run.change("redemption", number, status=status, closed_at=run.now)
    run.emit("RedemptionClosed", redemption=number, owner=owner, status=status, refund=gross)


def accept(run, op):
    number = op["redemption"]
    existing = run.get("redemption", number)
    if existing is not None:
        run.require_payer(existing["owner"])
    owner = _requested(run, number)["owner"]
    run.change("redemption", number, status="PROCESSING")
    run.emit("RedemptionAccepted", redemption=number, owner=owner)


def settle(run, op):
    number = op["redemption"]
    redemption = _processing(run, number)
    require(redemption["payout"] is not None, "PAYOUT_MISSING")
    told = {field: redemption[field] for field in ("owner", "net", "fee")}
    net = redemption["net"]
    run.supply_adds(redeem_escrow=-redemption["gross"], total=-net, cum_burn=net)
    run.pay(run.policy["fee_account"], redemption["fee"])
    run.change("redemption", number, status="SETTLED", closed_at=run.now)
    run.emit("RedemptionSettled", redemption=number, **told)


def reject(run, op):
    _requested(run, op["redemption"])
    _refund(run, op["redemption"], "REJECTED")


def cancel(run, op):
    redemption = run.get("redemption", op["redemption"])
    require(redemption is not None, "UNKNOWN_REDEMPTION")
    require(redemption["owner"] == run.sender, "UNAUTHORIZED")
    _requested(run, op["redemption"])
    _refund(run, op["redemption"], "CANCELLED")


def expire(run, op):
    redemption = _requested(run, op["redemption"])
    require(run.now >= redemption["due_at"], "NOT_DUE")
    _refund(run, op["redemption"], "EXPIRED")
    run.incident("REDEMPTION_EXPIRED", "HIGH", op["redemption"])


# ---- Payouts ----


def payout_confirm(run, op):
    number, bank_ref, net = op["redemption"], op["bank_ref"], op["net"]
    redemption = _processing(run, number)
    require(redemption["payout"] is None, "PAYOUT_RECORDED")
    payout = wire.payout_id(run.sender, bank_ref)
    require(run.get("payout", payout) is None, "DUPLICATE_BANK_REF")
    require(net == redemption["net"], "PAYOUT_MISMATCH")
    told = {"redemption": number, "custodian": run.sender, "net": net}
    run.create("payout", payout, {**told, "bank_ref": bank_ref, "failed": False})
    run.change("redemption", number, payout=payout)
    run.supply_adds(cum_payout=net)
    run.emit("PayoutConfirmed", payout=payout, **told)


def payout_failed(run, op):
    number = op["redemption"]
    payout = _processing(run, number)["payout"]
    if payout is not None:
        recorded = run.get("payout", payout)
        require(recorded["custodian"] == run.sender, "UNAUTHORIZED")
        run.change("payout", payout, failed=True)
        run.supply_adds(cum_payout=-recorded["net"])
    _refund(run, number, "FAILED")


ACCOUNT_RULES = {
    "PayoutConfirm": payout_confirm,
    "PayoutFailed": payout_failed,
    "RedeemRequest": request,
    "RedeemAccept": accept,
    "RedeemSettle": settle,
    "RedeemReject": reject,
    "RedeemCancel": cancel,
    "RedeemExpire": expire,
}
