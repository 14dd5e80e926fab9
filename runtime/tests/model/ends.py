"""What ends, and how it goes (ST-7)."""

from run import DAY, HOUR

# The most objects that one block removes.
ENDED_PER_BLOCK = 2_048


def _proposal(key, record):
    open_still = record["status"] in ("OPEN", "APPROVED")
    return None if open_still else record["created"] + 400 * DAY


# When a record of each table ends: a number, or None while that is open.
END = {
    "allowance": lambda key, record: record["expires"],
    "used auth": lambda key, record: record["until"],
    "used travel": lambda key, record: record["until"],
    # WIN-1: the hour of the last payment, and the 24 after it.
    "pair": lambda key, record: (max(record, default=0) + 25) * HOUR,
    "redemption": lambda key, record: record["closed_at"] + 30 * DAY if record["closed_at"] else None,
    "proposal": _proposal,
    "report": lambda key, record: (
        record["submitted_at"] + 400 * DAY if record["status"] == "SUPERSEDED" else None
    ),
    "pending": lambda key, record: key[0],
}


def remove_ended(tables, now):
    """What ended first goes first; of what ended together, the lower slot."""
    ended = []
    for slot, place in enumerate(tables.slots):
        if place is not None and place[0] in END:
            table, key = place
            end = END[table](key, tables.get(table, key))
            if end is not None and min(end, 2**64 - 1) <= now:
                ended.append((end, slot))
    for _, slot in sorted(ended)[:ENDED_PER_BLOCK]:
        table, key = tables.slots[slot]
        if table == "pending":
            left = tables.get("supply")["pending"] - tables.get(table, key)["amount"]
            tables.change("supply", (), pending=left)
        tables.remove(table, key)
    tables.keep()
