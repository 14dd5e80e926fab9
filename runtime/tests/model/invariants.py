"""What must hold (ST-30 to ST-36): judged where a transaction writes, and over what it wrote.

A run calls `may_take` when money leaves an account and `is_closed` before each write; `check` adds up
the rest when the last operation is done; `report` is what follows when something is broken.
"""

import run as rules
import wire
from clock import DAY, freeze_in_force, window_total

# ST-36: what is paused. ESCROW, POWER, DEBIT and RECORD pause nothing.
PAUSES = {"SUPPLY_BROKEN": "MINT", "MINT_BROKEN": "MINT", "BRIDGE_BROKEN": "BRIDGE"}
ALARMS = 64

CLOSED = {
    "proposal": lambda record: record["status"] not in ("OPEN", "APPROVED"),
    "redemption": lambda record: record["status"] not in ("REQUESTED", "PROCESSING"),
    "payout": lambda record: record["failed"],
    "report": lambda record: record["status"] == "REVOKED",
    **dict.fromkeys(("used auth", "used travel", "used remote", "incident"), lambda record: True),
}


def is_closed(table, record):
    """ST-35."""
    return table in CLOSED and CLOSED[table](record)


def may_take(account, amount, seized, now):
    """ST-34."""
    frozen = account["frozen_out"] and freeze_in_force(account, now)
    if seized:
        return (frozen and account["freeze_confirmed"]) or amount <= account["hold"]
    return not frozen and amount <= account["balance"] - account["hold"]


def windows_hold(run, minter):
    """ST-32, right after a mint."""
    own, policy = run.get("minter", minter), run.policy
    pairs = [(own["window"], own["window_cap"]), (run.get("window"), policy["global_window_cap"])]
    return all(window_total(window, run.now) <= cap for window, cap in pairs)


# ---- Sums (ST-30, ST-32) ----


def _in_escrow(record):
    return 0 if is_closed("redemption", record) else record["gross"]


# Of each sum: the invariant, the table, what a record adds, and what the supply records.
SUMS = [
    ("ESCROW_BROKEN", "redemption", _in_escrow, "redeem_escrow"),
    ("ESCROW_BROKEN", "payout", lambda r: 0 if r["failed"] else r["net"], "cum_payout"),
    ("BRIDGE_BROKEN", "bridge", lambda r: r["escrow"], "bridge_escrow"),
    ("MINT_BROKEN", "deposit", lambda r: r["minted"], "cum_mint"),
    ("MINT_BROKEN", "deposit", lambda r: 0 if r["reversed"] else r["amount"], "cum_deposit"),
    ("MINT_BROKEN", "pending", lambda r: r["amount"], "pending"),
]


def _moved(written, table, adds):
    """By how much the sum over a table moved."""
    some = [(old, new) for name, _, old, new in written if name == table]
    counted = lambda record: 0 if record is None else adds(record)
    return sum(counted(new) - counted(old) for old, new in some)


def _broken_sum(run, written):
    olds = [old for table, _, old, _ in written if table == "supply"]
    now = run.supply
    before = olds[0] if olds else now
    for kind, table, adds, recorded in SUMS:
        if _moved(written, table, adds) != now[recorded] - before[recorded]:
            return kind
    balances = _moved(written, "account", lambda account: account["balance"])
    escrows = sum(now[name] - before[name] for name in ("redeem_escrow", "bridge_escrow"))
    made = now["genesis"] + now["cum_mint"] - now["cum_burn"]
    sound = balances + escrows == now["total"] - before["total"]
    in_order = not olds or now["total"] == made <= now["cap"]
    return None if sound and in_order else "SUPPLY_BROKEN"


def _miscounted(written):
    """ST-37: numbers of objects moved as the objects did."""
    counted = lambda *place: place[2] is not None and rules.counts_for(*place) is not None
    found = sum(counted(name, key, new) - counted(name, key, old) for name, key, old, new in written)
    return _moved(written, "account", lambda account: account["objects"]) != found


# ---- Single records (ST-31, ST-32) ----


def _roles_of(run, who):
    return sum(run.holds(role, who) for role in wire.ENUMERATIONS["Role"].values())


def _role_is_sound(run, key, _):
    held = _roles_of(run, key[1])
    return held <= 1 and not (held and run.is_member(key[1]))


def _council_is_sound(run, _, council):
    members, (a, b, c, d) = council["members"], council["thresholds"]
    accounts = [member["account"] for member in members]
    listed = [run.get("proposal", number) for number in council["open"]]
    return (
        1 <= len(members) <= 21
        and accounts == sorted(set(accounts))
        and len({member["key"] for member in members}) == len(members)
        and 1 <= a <= b <= c <= d <= len(members) < 2 * c
        and not any(_roles_of(run, account) for account in accounts)
        and all(p["epoch"] == council["epoch"] and not is_closed("proposal", p) for p in listed)
    )


def _deposit_is_sound(run, key, deposit):
    own = wire.deposit_id(deposit["custodian"], deposit["bank_ref"])
    return deposit["minted"] <= deposit["amount"] and key == own


def _payout_is_sound(run, key, payout):
    return key == wire.payout_id(payout["custodian"], payout["bank_ref"])


RECORDS = {
    "role": ("POWER_BROKEN", _role_is_sound),
    "council": ("POWER_BROKEN", _council_is_sound),
    "deposit": ("MINT_BROKEN", _deposit_is_sound),
    "payout": ("ESCROW_BROKEN", _payout_is_sound),
}


def check(run):
    """After the last operation: the kind of what is broken, or None."""
    written = run.tables.written()
    for table, key, old, new in written:
        if table == "account" and old is not None:
            if old["balance"] - new["balance"] > run.taken.get(key, 0):
                return "DEBIT_BROKEN"
    broken = _broken_sum(run, written)
    if broken:
        return broken
    if _miscounted(written):
        return "COUNT_BROKEN"
    for table, key, _, new in written:
        if table in RECORDS and new is not None and not RECORDS[table][1](run, key, new):
            return RECORDS[table][0]
    return None


def report(run, kind):
    """ST-36, after what the transaction did was taken back."""
    if kind in PAUSES and (_roles_of(run, run.sender) or run.is_member(run.sender)):
        run.stop(PAUSES[kind])
    alarms = [alarm for alarm in run.get("incidents")["alarms"] if run.now < alarm["at"] + DAY]
    same = any((alarm["kind"], alarm["account"]) == (kind, run.sender) for alarm in alarms)
    first = not same and len(alarms) < ALARMS
    if first:
        alarms.append({"kind": kind, "account": run.sender, "at": run.now})
    run.change("incidents", alarms=alarms)
    if first:
        run.incident(kind, "CRITICAL", run.sender)
