"""The test vectors of docs/spec/vectors."""

import dataclasses
import enum
import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(os.environ.get("BALLAST_ROOT", Path(__file__).resolve().parents[3]))


def spec_page(name: str) -> str:
    return (ROOT / "docs" / "spec" / name).read_text(encoding="utf-8")


def vectors(name: str) -> Any:
    return json.loads(spec_page(f"vectors/{name}.json"))


def plain(value: Any) -> Any:
    """A value as the vectors write it, but for integers, which it writes as they are."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if not dataclasses.is_dataclass(value):
        return value
    fields = {field.name.rstrip("_"): plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    name = getattr(value, "variant_name", None)
    return fields if name is None else {**fields, "type": name}


def alike(ours: Any, theirs: Any) -> bool:
    """Whether a plain value is a vector's: there, integers of 64 bits and more are strings."""
    if isinstance(ours, dict):
        same = isinstance(theirs, dict) and ours.keys() == theirs.keys()
        return same and all(alike(ours[name], theirs[name]) for name in ours)
    if isinstance(ours, list):
        same = isinstance(theirs, list) and len(ours) == len(theirs)
        return same and all(alike(a, b) for a, b in zip(ours, theirs))
    return bool(ours == theirs or (type(ours) is int and str(ours) == theirs))
