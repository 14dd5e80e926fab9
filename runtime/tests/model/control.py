"""Freezes, holds, seizure, pauses, roles and accounts: operations 30 to 61 of officers and council,
and 110, 111."""

import wire
from ed25519 import is_key
from run import DAY, HOUR, U32, freeze_in_force, require, within

# ---- Freezes (CTL-1 to CTL-3) ----


def _require_not_system(run, address):
    run.require_registered(address)
    require(address != run.policy["fee_account"], "SYSTEM_ACCOUNT")


def _freeze_fields(account):
    return {name: account[name] for name in account if name.startswith(("frozen_", "freeze_"))}


def _tell_frozen(run, address, order):
    account = run.account(address)
    told = {"inbound": account["frozen_in"], "outbound": account["frozen_out"], "order": order}
    until = None if account["freeze_confirmed"] else account["freeze_until"]
    run.emit("Frozen", account=address, until=until, **told)


def freeze(run, op):
    address, order = op["account"], op["order"]
    _require_not_system(run, address)
    before = run.account(address)
    named = {"frozen_in": op["inbound"], "frozen_out": op["outbound"], "freeze_order": order}
    if run.council:
        run.change("account", address, freeze_until=0, freeze_confirmed=True, **named)
    else:
        _freeze_by_officer(run, address, named)
    _tell_frozen(run, address, order)
    if _freeze_fields(run.account(address)) != _freeze_fields(before):
        run.incident("FREEZE", "MEDIUM", order)


def _freeze_by_officer(run, address, named):
    account = run.account(address)
    active = freeze_in_force(account, run.now)
    if active and account["freeze_confirmed"]:
        more = any(named[way] and not account[way] for way in ("frozen_in", "frozen_out"))
        require(not more, "FREEZE_CONFIRMED")
        return
    until = account["freeze_until"]
    cooling = until > 0 and not account["freeze_confirmed"] and not active and run.now < until + 7 * DAY
    require(not cooling, "FREEZE_COOLDOWN")
    if active:
        for way in ("frozen_in", "frozen_out"):
            named[way] = named[way] or account[way]
    else:
        until = run.now + 72 * HOUR
    run.change("account", address, freeze_until=until, freeze_confirmed=False, **named)


def unfreeze(run, op):
    address = op["account"]
    run.require_registered(address)
    require(freeze_in_force(run.account(address), run.now), "NOT_FROZEN")
    clear = {"frozen_in": False, "frozen_out": False, "freeze_until": 0, "freeze_confirmed": False}
    run.change("account", address, **clear)
    run.emit("Unfrozen", account=address)


def confirm_freeze(run, op):
    address, order = op["account"], op["order"]
    run.require_registered(address)
    require(freeze_in_force(run.account(address), run.now), "NOT_FROZEN")
    run.change("account", address, freeze_until=0, freeze_confirmed=True, freeze_order=order)
    _tell_frozen(run, address, order)


# ---- Holds and seizure ----


def set_hold(run, op):
    address, hold = op["account"], op["hold"]
    _require_not_system(run, address)
    require(run.account(address)["hold"] == op["expected"], "HOLD_CHANGED")
    require(run.council or hold >= op["expected"], "HOLD_ONLY_RAISED")
    run.change("account", address, hold=hold)
    run.emit("HoldSet", account=address, hold=hold, order=op["order"])


def seize(run, op):
    source, amount, to = op["from"], op["amount"], op["to"]
    if to is not None:
        run.require_recipient(to)
    run.require_registered(source)
    require(amount > 0, "ZERO_AMOUNT")
    require(to != source, "SELF_TRANSFER")
    if to is not None:
        run.require_registered(to, "UNKNOWN_RECIPIENT")
    account = run.account(source)
    confirmed = account["freeze_confirmed"] and run.frozen(source, "frozen_out")
    require(confirmed or account["hold"] >= amount, "NOT_SEIZABLE")
    require(amount <= account["balance"], "INSUFFICIENT_AVAILABLE")
    run.take(source, amount, seized=True)
    if to is None:
        run.supply_adds(total=-amount, cum_burn=amount)
    else:
        run.pay(to, amount)
    run.emit("Seized", **{"from": source}, to=to, amount=amount, order=op["order"])
    run.incident("SEIZURE", "HIGH", op["order"])


# ---- Pauses ----


def pause(run, op):
    until, short = op["until"], op["short"]
    longest = 72 * HOUR if short else 30 * DAY
    require(run.now < until <= run.now + longest, "PAUSE_TOO_LONG")
    for scope in op["scopes"]:
        last = run.get("pause", scope)["short_until"]
        require(not short or last == 0 or run.now >= last + 7 * DAY, "PAUSE_COOLDOWN")
    for scope in op["scopes"]:
        later = max(run.get("pause", scope)["until"], until)
        run.change("pause", scope, until=later, **({"short_until": until} if short else {}))
        run.emit("Paused", scope=scope, until=later)


def unpause(run, op):
    for scope in op["scopes"]:
        require(run.now < run.get("pause", scope)["until"], "NOT_PAUSED")
    for scope in op["scopes"]:
        short_until = min(run.get("pause", scope)["short_until"], run.now)
        run.change("pause", scope, until=0, short_until=short_until)
        run.emit("Unpaused", scope=scope)


# ---- Roles ----


def grant_role(run, op):
    role, holder, until = op["role"], op["holder"], op["valid_until"]
    run.require_registered(holder)
    others = [name for name in wire.ENUMERATIONS["Role"].values() if name != role]
    conflict = run.is_member(holder) or any(run.holds(name, holder) for name in others)
    require(not conflict, "ROLE_CONFLICT")
    require(run.now < until <= run.now + 366 * DAY, "ROLE_TERM_TOO_LONG")
    run.put("role", (role, holder), until)
    if role == "MINTER" and run.get("minter", holder) is None:
        limits = {"allowance": 0, "per_tx": run.policy["mint_per_tx_max"], "window_cap": 0}
        run.put("minter", holder, {**limits, "window": {}, "suspended": False})
    run.emit("RoleGranted", role=role, holder=holder, valid_until=until)


def revoke_role(run, op):
    role, holder = op["role"], op["holder"]
    require(run.holds(role, holder), "ROLE_NOT_HELD")
    run.put("role", (role, holder), 0)
    run.emit("RoleRevoked", role=role, holder=holder)


# ---- Accounts ----


def policy_is_good(policy):
    """TX-14."""
    if policy["type"] == "Single":
        return is_key(policy["key"])
    k, keys = policy["k"], policy["keys"]
    ordered = all(a < b for a, b in zip(keys, keys[1:]))
    return 1 <= k <= len(keys) <= 16 and ordered and all(is_key(key) for key in keys)


def new_account(policy, balance, kyc):
    """`kyc` is a dict of the four fields of a registration."""
    freeze = {"frozen_in": False, "frozen_out": False, "freeze_until": 0, "freeze_confirmed": False}
    nonces = {"high": 0, "used": frozenset()}
    quota = {"quota_used": 0, "quota_at": 0, "objects": 0}
    money = {"policy": policy, "balance": balance, "hold": 0, "freeze_order": bytes(32)}
    return {**money, **freeze, **nonces, **quota, **kyc}


KYC = ("kyc_class", "kyc_until", "institution", "memo_required")


def _check_kyc(run, op):
    known = op["institution"] == 0 or run.get("institution", op["institution"]) is not None
    require(op["kyc_class"] < len(run.policy["quotas"]) and known, "INVALID_ARGUMENT")


def register_account(run, op):
    policy = op["policy"]
    address = wire.address_of(policy)
    require(run.account(address) is None, "ALREADY_REGISTERED")
    require(policy_is_good(policy), "BAD_POLICY")
    _check_kyc(run, op)
    require(run.now < op["kyc_until"], "INVALID_ARGUMENT")
    run.create("account", address, new_account(policy, 0, {field: op[field] for field in KYC}))
    told = {"kyc_class": op["kyc_class"], "institution": op["institution"]}
    run.emit("AccountRegistered", account=address, **told)


def set_kyc(run, op):
    run.require_registered(op["account"])
    _check_kyc(run, op)
    fields = {field: op[field] for field in KYC}
    run.change("account", op["account"], **fields)
    run.emit("KycSet", account=op["account"], **fields)


def set_institution(run, op):
    require(is_key(op["key"]), "BAD_POLICY")
    fields = {"name": op["name"], "key": op["key"]}
    run.create("institution", op["institution"], fields)
    run.emit("InstitutionSet", institution=op["institution"], **fields)


def _rotate(run, address, policy, document):
    require(policy_is_good(policy), "BAD_POLICY")
    run.change("account", address, policy=policy)
    run.emit("KeyRotated", account=address, document=document)


def rotate_key(run, op):
    _rotate(run, run.sender, op["policy"], None)


def recover_key(run, op):
    run.require_registered(op["account"])
    _rotate(run, op["account"], op["policy"], op["document"])


# ---- What is published ----


def post_incident(run, op):
    run.incident(op["kind"], op["severity"], op["document"])


def set_document(run, op):
    before = run.get("document", op["kind"])
    version = within(before["version"] + 1 if before else 1, U32)
    fields = {"version": version, "digest": op["digest"], "uri": op["uri"]}
    run.put("document", op["kind"], {**fields, "at": run.now})
    run.emit("DocumentSet", kind=op["kind"], **fields)


ACCOUNT_RULES = {
    "Freeze": freeze,
    "SetHold": set_hold,
    "RegisterAccount": register_account,
    "SetKyc": set_kyc,
    "SetInstitution": set_institution,
    "RotateKey": rotate_key,
}

COUNCIL_RULES = {
    "Freeze": freeze,
    "Unfreeze": unfreeze,
    "SetHold": set_hold,
    "ConfirmFreeze": confirm_freeze,
    "Seize": seize,
    "Pause": pause,
    "Unpause": unpause,
    "RecoverKey": recover_key,
    "GrantRole": grant_role,
    "RevokeRole": revoke_role,
    "PostIncident": post_incident,
    "SetDocument": set_document,
}
