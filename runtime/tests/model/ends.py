"""What ends, and how it goes (ST-7)."""

# The most objects that one block removes.
ENDED_PER_BLOCK = 2_048


# When a record of each table ends: a number, or None while that is open.
END = {
    "allowance": lambda key, record: record["expires"],
}


def remove_ended(tables, now):
    """What ended first goes first; of what ended together, the lower slot."""
    ended = []
    for slot, place in enumerate(tables.slots):
        if place is not None and place[0] in END:
            table, key = place
            end = END[table](key, tables.get(table, key))
            if end is not None and end <= now:
                ended.append((end, slot))
    for _, slot in sorted(ended)[:ENDED_PER_BLOCK]:
        tables.remove(*tables.slots[slot])
    tables.keep()
