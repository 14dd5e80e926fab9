"""What people see: addresses in bech32m, amounts in decimal dollars (BY-30, BY-31)."""

import re

from .borsh import encode
from .digest import digest
from .kinds import Network
from .operations import KeyPolicy, Single

PREFIXES = {Network.MAIN: "bal", Network.TEST: "tbal", Network.DEV: "dbal"}
_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32M = 0x2BC830A3


def address_of(policy: KeyPolicy | str) -> str:
    """The address of an account that starts out under `policy`; of one key when that is all that is given."""
    whole = Single(policy) if isinstance(policy, str) else policy
    return digest("address", encode(KeyPolicy, whole))


def _checksum(prefix: str, values: list[int]) -> int:
    """BIP 350."""
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = 1
    for value in expanded + values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, factor in enumerate(_GENERATOR):
            check ^= factor if top >> bit & 1 else 0
    return check


def show_address(address: str, network: Network) -> str:
    prefix, number = PREFIXES[network], int(address, 16) << 4
    values = [number >> 5 * at & 31 for at in reversed(range(52))]
    check = _checksum(prefix, values + [0] * 6) ^ _BECH32M
    values += [check >> 5 * at & 31 for at in reversed(range(6))]
    return f"{prefix}1{''.join(_ALPHABET[value] for value in values)}"


def parse_address(text: str, network: Network) -> str:
    """Reads an address of `network`; one of another network is refused."""
    if text not in (text.lower(), text.upper()):
        raise ValueError("an address is all lower or all upper case")
    prefix, separator, data = text.lower().rpartition("1")
    if not separator or set(data) - set(_ALPHABET):
        raise ValueError(f'"{text}" is not an address')
    if prefix != PREFIXES[network]:
        raise ValueError(f'the prefix is "{prefix}", this network\'s is "{PREFIXES[network]}"')
    values = [_ALPHABET.index(character) for character in data]
    if len(values) != 58 or _checksum(prefix, values) != _BECH32M:
        raise ValueError(f'"{text}" is not an address: the checksum is wrong')
    number = 0
    for value in values[:52]:
        number = number << 5 | value
    if number & 15:
        raise ValueError("the bits that fill up the last character are not zero")
    return f"{number >> 4:064x}"


def amount_of(dollars: str | None = None, *, amount_micros: int | None = None) -> int:
    """An amount in micro-dollars: of decimal dollars as text, or of micro-dollars by name. A bare number is refused:
    nothing says which of the two it is."""
    if (dollars is None) == (amount_micros is None):
        raise TypeError('an amount is dollars as text, "12.50", or amount_micros=12_500_000')
    if dollars is not None:
        return parse_dollars(dollars)
    if not isinstance(amount_micros, int) or isinstance(amount_micros, bool):
        raise TypeError("amount_micros is an int")
    if not 0 <= amount_micros < 2**64:
        raise ValueError(f"{amount_micros} micro-dollars is no amount")
    return amount_micros


def parse_dollars(text: str) -> int:
    """Reads decimal dollars, such as `12.50`, as micro-dollars."""
    if not isinstance(text, str):
        raise TypeError('dollars are given as text, such as "12.50"')
    parts = re.fullmatch(r"([0-9_]+)(?:\.([0-9_]+))?", text)
    whole, fraction = ((part or "0").replace("_", "") for part in (parts.groups() if parts else ("_", "_")))
    if not whole or not fraction or len(fraction) > 6:
        raise ValueError(f'"{text}" is not an amount in dollars with at most six decimal places')
    micros = int(whole) * 1_000_000 + int(fraction.ljust(6, "0"))
    if micros >= 2**64:
        raise ValueError(f'"{text}" is larger than the largest amount')
    return micros


def format_dollars(micros: int) -> str:
    """Writes micro-dollars as decimal dollars with two to six places; a difference may be negative."""
    if not isinstance(micros, int) or isinstance(micros, bool):
        raise TypeError("micro-dollars are an int")
    if micros < 0:
        return f"-{format_dollars(-micros)}"
    fraction = f"{micros % 1_000_000:06}".rstrip("0")
    return f"{micros // 1_000_000}.{fraction:0<2}"
