"""What the rules work on: tables of records, and one running operation.

A table is a dict of records by key, a record a dict that is never changed in place. So undoing a
transaction is putting the old records back.
"""

import invariants
from clock import DAY, HOUR, freeze_in_force, window_total
from codes import Fail, require

U32, U64 = 2**32 - 1, 2**64 - 1
# The key of a table with one record.
ONE = ()


class Tables:
    def __init__(self):
        self.tables = {}
        self.undo = []
        # As they were at the last `keep`, once they have changed since.
        self.slots_before = None
        # (table, key) of the record in each slot, or None for a vacant one (ST-2, ST-3).
        self.slots = []

    def all(self, table):
        return self.tables.setdefault(table, {})

    def get(self, table, key=ONE):
        return self.all(table).get(key)

    def put(self, table, key, record):
        rows = self.all(table)
        if key not in rows:
            self._occupy(table, key)
            self._count(counts_for(table, key, record), 1)
        self.undo.append((table, key, rows.get(key)))
        rows[key] = record

    def _occupy(self, table, key):
        """ST-2: the lowest vacant slot, or the next one."""
        self._keep_slots()
        if None in self.slots:
            self.slots[self.slots.index(None)] = (table, key)
        else:
            self.slots.append((table, key))

    def remove(self, table, key):
        """ST-3."""
        rows = self.all(table)
        self._keep_slots()
        self.slots[self.slots.index((table, key))] = None
        record = rows.pop(key)
        self.undo.append((table, key, record))
        self._count(counts_for(table, key, record), -1)

    def _count(self, owner, change):
        """OBJ-1."""
        if owner is not None:
            objects = self.get("account", owner)["objects"] + change
            self.change("account", owner, objects=objects)

    def _keep_slots(self):
        if self.slots_before is None:
            self.slots_before = list(self.slots)

    def end_block(self):
        """ST-2: the tree ends with the last object."""
        while self.slots[-1] is None:
            self.slots.pop()

    def change(self, table, key, /, **fields):
        self.put(table, key, {**self.get(table, key), **fields})

    def keep(self):
        self.undo.clear()
        self.slots_before = None

    def written(self):
        """What was written since the last `keep`: (table, key, record before or None, record)."""
        first = {}
        for table, key, old in self.undo:
            first.setdefault((table, key), old)
        return [(table, key, old, self.get(table, key)) for (table, key), old in first.items()]

    def take_back(self):
        """Undoes everything since the last `keep`."""
        for table, key, old in reversed(self.undo):
            rows = self.all(table)
            if old is None:
                del rows[key]
            else:
                rows[key] = old
        if self.slots_before is not None:
            self.slots = self.slots_before
        self.keep()


# OBJ-1: for which account a record counts.
COUNTS_FOR = {
    "allowance": lambda key, record: key[0],
    "used auth": lambda key, record: key[0],
    "used travel": lambda key, record: record["payer"],
    "pair": lambda key, record: key[0],
    "redemption": lambda key, record: record["owner"],
}


def counts_for(table, key, record):
    return COUNTS_FOR[table](key, record) if table in COUNTS_FOR else None


def within(value, most):
    """OVERFLOW for what leaves its range (OP-1)."""
    require(0 <= value <= most, "OVERFLOW")
    return value


# ---- Windows (WIN-1): sums by hour ----


def window_add(window, now, amount):
    hour = now // HOUR
    kept = {h: used for h, used in window.items() if h >= hour - 24}
    kept[hour] = within(kept.get(hour, 0) + amount, U64)
    return kept


def spend_quota(run, payer, cost, code):
    """TX-33: the account's record of quota after what costs as much as that many operations."""
    account = run.account(payer)
    quota = run.policy["quotas"][account["kyc_class"]]
    gained = max(0, run.now - account["quota_at"]) * quota["per_1000_s"] // 1_000
    used = max(0, account["quota_used"] - gained) + 1_000 * cost
    require(used <= 1_000 * quota["burst"], code)
    return {"quota_used": used, "quota_at": run.now}


class Run:
    """One transaction at work: who sent it, when, and what it did so far."""

    def __init__(self, tables, block, body):
        self.tables = tables
        self.now, self.height = block["time"], block["height"]
        self.body = body
        self.sender, self.nonce = body["sender"], body["nonce"]
        # The operation's number in the transaction.
        self.number = 0
        # Whose quota pays (TX-33), or None in lane 0.
        self.payer = None
        # Set while the council's operations run (OP-3).
        self.council = False
        self.events = []
        # Kinds of the incidents of breakers that tripped (OP-4).
        self.trips = []
        # (operation, outcome) of everything that was carried out.
        self.done = []
        # What was taken from accounts, and the first invariant that was broken on the way (ST-34).
        self.taken = {}
        self.broken = None

    # ---- tables ----

    def get(self, table, key=ONE):
        return self.tables.get(table, key)

    def put(self, table, key, record):
        old = self.get(table, key)
        if old is not None and invariants.is_closed(table, old):
            self.breaks("RECORD_BROKEN")
        self.tables.put(table, key, record)

    def change(self, table, key=ONE, /, **fields):
        self.put(table, key, {**self.get(table, key), **fields})

    def breaks(self, kind):
        self.broken = self.broken or kind

    def remove(self, table, key):
        self.tables.remove(table, key)

    def create(self, table, key, record):
        """As `put`; OBJ-2 and OBJ-3 for what is not there yet."""
        if self.get(table, key) is None:
            owner = counts_for(table, key, record)
            if owner is not None:
                account = self.account(owner)
                burst = self.policy["quotas"][account["kyc_class"]]["burst"]
                require(account["objects"] < 16 * burst, "TOO_MANY_OBJECTS")
            if not self.council:
                # Nobody's quota pays in lane 0 (OBJ-3).
                require(self.payer is not None, "OBJECT_QUOTA")
                spent = spend_quota(self, self.payer, 4, "OBJECT_QUOTA")
                self.change("account", self.payer, **spent)
        self.put(table, key, record)

    def account(self, address):
        return self.get("account", address)

    @property
    def supply(self):
        return self.get("supply")

    @property
    def policy(self):
        return self.get("policy")

    def emit(self, kind, /, **fields):
        self.events.append({"type": kind, **fields})

    # ---- who ----

    def holds(self, role, holder):
        """ST-5."""
        return self.now < (self.get("role", (role, holder)) or 0)

    def is_member(self, address):
        return any(member["account"] == address for member in self.get("council")["members"])

    def require_registered(self, address, code="UNKNOWN_TARGET"):
        require(self.account(address) is not None, code)

    # ---- freezes and registrations ----

    def frozen(self, address, direction):
        account = self.account(address)
        return account is not None and freeze_in_force(account, self.now) and account[direction]

    def require_recipient(self, address):
        """PAY-1, PAY-2."""
        account = self.account(address)
        require(account is None or self.now < account["kyc_until"], "KYC_EXPIRED")
        require(not self.frozen(address, "frozen_in"), "ACCOUNT_FROZEN")

    def require_payer(self, address):
        """PAY-3."""
        require(not self.frozen(address, "frozen_out"), "ACCOUNT_FROZEN")

    # ---- money ----

    def require_available(self, address, amount):
        account = self.account(address)
        require(amount <= max(0, account["balance"] - account["hold"]), "INSUFFICIENT_AVAILABLE")

    def pay(self, address, amount):
        balance = within(self.account(address)["balance"] + amount, U64)
        self.change("account", address, balance=balance)

    def take(self, address, amount, seized=False):
        """Lowers a balance, judged by what is in force now (ST-34)."""
        account = self.account(address)
        if not invariants.may_take(account, amount, seized, self.now):
            self.breaks("DEBIT_BROKEN")
        hold = max(0, account["hold"] - amount) if seized else account["hold"]
        self.change("account", address, balance=account["balance"] - amount, hold=hold)
        self.taken[address] = self.taken.get(address, 0) + amount

    def supply_adds(self, **amounts):
        supply = self.supply
        self.change("supply", **{name: supply[name] + amount for name, amount in amounts.items()})

    # ---- incidents and the breaker ----

    def incident(self, kind, severity, subject):
        """CTL-10."""
        number = self.get("incidents")["next"]
        self.change("incidents", next=number + 1)
        record = {"kind": kind, "severity": severity, "subject": subject}
        self.put("incident", number, {**record, "height": self.height, "at": self.now})
        if self.get("incident", number - 10_000) is not None:
            self.remove("incident", number - 10_000)
        self.emit("IncidentPosted", incident=number, **record)

    def trip(self, kind):
        """CTL-9."""
        self.trips.append(kind)
        self.stop("MINT")
        self.incident(kind, "CRITICAL", bytes(32))

    def stop(self, scope):
        until = max(self.get("pause", scope)["until"], self.now + 30 * DAY)
        self.change("pause", scope, until=until)
        self.emit("Paused", scope=scope, until=until)


__all__ = ["DAY", "HOUR", "ONE", "U32", "U64", "Fail", "Run", "Tables", "freeze_in_force"]
__all__ += ["require", "spend_quota", "window_add", "window_total", "within"]
