"""Operations 1 to 6, 90 and 91: payments, allowances, authorisations, bridges."""

from run import DAY, require, window_add, window_total


def satisfies(policy, witnesses):
    """AUTH-3."""
    keys = [policy["key"]] if policy["type"] == "Single" else policy["keys"]
    least = 1 if policy["type"] == "Single" else policy["k"]
    return len(witnesses) >= least and all(witness["key"] in keys for witness in witnesses)


# ---- Travel rule (PAY-5) ----


def _pair(run, payer, payee):
    """Both institutions' numbers when the payment is between institutions, else None."""
    a, b = run.account(payer)["institution"], run.account(payee)["institution"]
    return (a, b) if a and b and a != b else None


def _check_travel(run, payer, payee, amount, data):
    pair = _pair(run, payer, payee)
    if pair and data is None:
        threshold = run.policy["travel_threshold"]
        total = window_total(run.get("pair", (payer, payee)) or {}, run.now)
        require(amount < threshold and total + amount < threshold, "TRAVEL_DATA_REQUIRED")
    if data is not None:
        good = pair and data["witness"]["key"] == run.get("institution", pair[1])["key"]
        in_time = run.now < data["expires"] <= run.now + 30 * DAY
        require(good and in_time, "TRAVEL_DATA_INVALID")
        require(run.get("used travel", (pair[1], data["nonce"])) is None, "TRAVEL_REPLAY")


def _note_travel(run, payer, payee, amount, data):
    pair = _pair(run, payer, payee)
    if pair:
        window = run.get("pair", (payer, payee)) or {}
        run.create("pair", (payer, payee), window_add(window, run.now, amount))
    if data is not None:
        used = {"until": data["expires"], "payer": payer}
        run.create("used travel", (pair[1], data["nonce"]), used)


# ---- Payments ----


def _common(run, payer, payee):
    run.require_recipient(payee)
    run.require_payer(payer)


def _check_payment(run, payer, payee, amount, memo, travel, payer_unknown=None):
    """Transfer's own rules, without what is available."""
    require(amount > 0, "ZERO_AMOUNT")
    require(payer != payee, "SELF_TRANSFER")
    if payer_unknown:
        run.require_registered(payer, payer_unknown)
    run.require_registered(payee, "UNKNOWN_RECIPIENT")
    require(memo is not None or not run.account(payee)["memo_required"], "MEMO_REQUIRED")
    _check_travel(run, payer, payee, amount, travel)


def _move(run, payer, payee, amount, memo, travel):
    """PAY-6, after the window of PAY-5."""
    run.require_available(payer, amount)
    _note_travel(run, payer, payee, amount, travel)
    run.take(payer, amount)
    run.pay(payee, amount)
    run.emit("Transferred", **{"from": payer, "to": payee, "amount": amount, "memo": memo})


def transfer(run, op):
    payer, payee, amount, memo = run.sender, op["to"], op["amount"], run.body["memo"]
    _common(run, payer, payee)
    _check_payment(run, payer, payee, amount, memo, op["travel"])
    _move(run, payer, payee, amount, memo, op["travel"])


def _current(run, owner, spender):
    """The stored allowance and what it is worth now."""
    stored = run.get("allowance", (owner, spender)) or {"amount": 0, "expires": 0}
    return stored, stored["amount"] if run.now < stored["expires"] else 0


def transfer_from(run, op):
    owner, spender, payee = op["owner"], run.sender, op["to"]
    amount, memo, travel = op["amount"], run.body["memo"], op["travel"]
    _common(run, owner, payee)
    run.require_payer(spender)
    _check_payment(run, owner, payee, amount, memo, travel, payer_unknown="UNKNOWN_TARGET")
    stored, current = _current(run, owner, spender)
    require(amount <= current, "ALLOWANCE_EXCEEDED")
    _move(run, owner, payee, amount, memo, travel)
    _set_allowance(run, owner, spender, current - amount, stored["expires"])


def _set_allowance(run, owner, spender, amount, expires):
    record = {"amount": amount, "expires": expires}
    if amount > 0:
        run.create("allowance", (owner, spender), record)
    elif run.get("allowance", (owner, spender)) is not None:
        run.remove("allowance", (owner, spender))
    run.emit("Approved", owner=owner, spender=spender, **record)


def _approve(run, owner, spender, expected, amount, expires):
    require(owner != spender, "SELF_TRANSFER")
    require(expected == _current(run, owner, spender)[1], "ALLOWANCE_CHANGED")
    require(amount == 0 or run.now < expires, "ALLOWANCE_EXPIRED")
    _set_allowance(run, owner, spender, amount, expires)


def approve(run, op):
    _approve(run, run.sender, op["spender"], op["expected"], op["amount"], op["expires"])


# ---- Authorisations ----


def _check_auth(run, body, witnesses):
    owner = body["owner"]
    run.require_registered(owner)
    require(body["not_before"] <= run.now, "AUTH_NOT_YET")
    require(run.now < body["deadline"] <= run.now + 30 * DAY, "AUTH_EXPIRED")
    require(run.get("used auth", (owner, body["nonce"])) is None, "AUTH_USED")
    require(body["executor"] in (None, run.sender), "WRONG_EXECUTOR")
    require(satisfies(run.account(owner)["policy"], witnesses), "BAD_AUTH")


def _use(run, owner, auth):
    run.create("used auth", (owner, auth["nonce"]), {"until": auth["deadline"]})


def permit(run, op):
    body = op["body"]
    _check_auth(run, body, op["witnesses"])
    fields = ("owner", "spender", "expected", "amount", "expires")
    _approve(run, *(body[field] for field in fields))
    _use(run, body["owner"], body)


def pay_auth(run, op):
    body, travel = op["body"], op["travel"]
    payer, payee, amount, memo = body["owner"], body["to"], body["amount"], body["memo"]
    _common(run, payer, payee)
    _check_auth(run, body, op["witnesses"])
    _check_payment(run, payer, payee, amount, memo, travel)
    _move(run, payer, payee, amount, memo, travel)
    _use(run, payer, body)


def cancel_auth(run, op):
    require(run.now < op["deadline"], "AUTH_EXPIRED")
    require(run.get("used auth", (run.sender, op["nonce"])) is None, "AUTH_USED")
    _use(run, run.sender, op)
    run.emit("AuthCancelled", owner=run.sender, nonce=op["nonce"])


# ---- Bridges ----


def _open_bridge(run, number):
    bridge = run.get("bridge", number)
    require(bridge is not None, "UNKNOWN_BRIDGE")
    require(bridge["open"], "BRIDGE_CLOSED")
    return bridge


def _check_day_cap(run, bridge, window, amount):
    require(window_total(bridge[window], run.now) + amount <= bridge["day_cap"], "BRIDGE_DAY_CAP")


def _move_escrow(run, number, bridge, window, amount):
    """`amount` goes into the escrow, or out of it when it is negative."""
    used = window_add(bridge[window], run.now, abs(amount))
    run.change("bridge", number, **{"escrow": bridge["escrow"] + amount, window: used})
    run.supply_adds(bridge_escrow=amount)


def bridge_out(run, op):
    amount, number = op["amount"], op["bridge"]
    run.require_payer(run.sender)
    require(amount > 0, "ZERO_AMOUNT")
    bridge = _open_bridge(run, number)
    _check_day_cap(run, bridge, "window_out", amount)
    run.require_available(run.sender, amount)
    run.take(run.sender, amount)
    _move_escrow(run, number, bridge, "window_out", amount)
    fields = {"bridge": number, "amount": amount, "recipient": op["recipient"]}
    run.emit("BridgedOut", **{"from": run.sender}, **fields)


def bridge_in(run, op):
    amount, number, payee = op["amount"], op["bridge"], op["to"]
    run.require_recipient(payee)
    require(amount > 0, "ZERO_AMOUNT")
    bridge = _open_bridge(run, number)
    run.require_registered(payee, "UNKNOWN_RECIPIENT")
    memo = run.body["memo"]
    require(memo is not None or not run.account(payee)["memo_required"], "MEMO_REQUIRED")
    require(run.get("used remote", (number, op["remote_tx"])) is None, "REMOTE_TX_USED")
    _check_day_cap(run, bridge, "window_in", amount)
    require(amount <= bridge["escrow"], "ESCROW_EXCEEDED")
    run.create("used remote", (number, op["remote_tx"]), {"at": run.now})
    _move_escrow(run, number, bridge, "window_in", -amount)
    run.pay(payee, amount)
    run.emit("BridgedIn", bridge=number, to=payee, amount=amount, remote_tx=op["remote_tx"])


ACCOUNT_RULES = {
    "Transfer": transfer,
    "Approve": approve,
    "TransferFrom": transfer_from,
    "Permit": permit,
    "PayAuth": pay_auth,
    "CancelAuth": cancel_auth,
    "BridgeOut": bridge_out,
    "BridgeIn": bridge_in,
}
