"""What depends on the time alone: days and hours, freezes, windows."""

HOUR = 3_600_000
DAY = 24 * HOUR


def freeze_in_force(account, now):
    """PAY-2."""
    named = account["frozen_in"] or account["frozen_out"]
    return named and (account["freeze_confirmed"] or now < account["freeze_until"])


def window_total(window, now):
    """WIN-1."""
    hour = now // HOUR
    return sum(used for h, used in window.items() if hour - 24 <= h <= hour)
