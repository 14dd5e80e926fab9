"""What the rules work on: tables of records, and one running operation.

A table is a dict of records by key, a record a dict that is never changed in place. So undoing a
transaction is putting the old records back.
"""

from codes import Fail, require

HOUR = 3_600_000
DAY = 24 * HOUR
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
        self.undo.append((rows, key, rows.get(key)))
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
        self.undo.append((rows, key, rows.pop(key)))

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

    def take_back(self):
        """Undoes everything since the last `keep`."""
        for rows, key, old in reversed(self.undo):
            if old is None:
                del rows[key]
            else:
                rows[key] = old
        if self.slots_before is not None:
            self.slots = self.slots_before
        self.keep()


def within(value, most):
    """OVERFLOW for what leaves its range (OP-1)."""
    require(0 <= value <= most, "OVERFLOW")
    return value


# ---- Windows (WIN-1): sums by hour ----


def window_total(window, now):
    hour = now // HOUR
    return sum(used for h, used in window.items() if hour - 24 <= h <= hour)


def window_add(window, now, amount):
    hour = now // HOUR
    kept = {h: used for h, used in window.items() if h >= hour - 24}
    kept[hour] = within(kept.get(hour, 0) + amount, U64)
    return kept


class Run:
    """One transaction at work: who sent it, when, and what it did so far."""

    def __init__(self, tables, block, body):
        self.tables = tables
        self.now, self.height = block["time"], block["height"]
        self.body = body
        self.sender, self.nonce = body["sender"], body["nonce"]
        # The operation's number in the transaction.
        self.number = 0
        # Set while the council's operations run (OP-3).
        self.council = False
        self.events = []
        # Kinds of the incidents of breakers that tripped (OP-4).
        self.trips = []
        # (operation, outcome) of everything that was carried out.
        self.done = []

    # ---- tables ----

    def get(self, table, key=ONE):
        return self.tables.get(table, key)

    def put(self, table, key, record):
        self.tables.put(table, key, record)

    def change(self, table, key=ONE, /, **fields):
        self.tables.change(table, key, **fields)

    def remove(self, table, key):
        self.tables.remove(table, key)

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
        """Changes a balance by an amount that may be negative."""
        balance = within(self.account(address)["balance"] + amount, U64)
        self.change("account", address, balance=balance)

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
        self.emit("IncidentPosted", incident=number, **record)

    def trip(self, kind):
        """CTL-9."""
        self.trips.append(kind)
        until = max(self.get("pause", "MINT")["until"], self.now + 30 * DAY)
        self.change("pause", "MINT", until=until)
        self.emit("Paused", scope="MINT", until=until)
        self.incident(kind, "CRITICAL", bytes(32))


def freeze_in_force(account, now):
    """PAY-2."""
    named = account["frozen_in"] or account["frozen_out"]
    return named and (account["freeze_confirmed"] or now < account["freeze_until"])


__all__ = ["DAY", "HOUR", "ONE", "U32", "U64", "Fail", "Run", "Tables", "freeze_in_force"]
__all__ += ["require", "window_add", "window_total", "within"]
