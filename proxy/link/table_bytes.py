"""A snapshot as bytes, from the control process to its workers over their private socket.

Rule 1: a value is made again from its fields, by its own constructor, so that compiled and interpreted classes alike
        arrive as they left, and with whatever they check or work out for themselves.
"""

from __future__ import annotations

import pickle
from dataclasses import fields, is_dataclass
from io import BytesIO
from typing import Any

from proxy.core.routing.snapshot import Snapshot


def dump(snapshot: Snapshot) -> bytes:
    """To be read by the same version of Banyan."""
    return dump_value(snapshot)


def dump_value(value: object) -> bytes:
    """The same of a part of one; equal values are not always equal bytes."""
    out = BytesIO()
    _Pickler(out, protocol=5).dump(value)
    return out.getvalue()


def load(data: bytes) -> Snapshot:
    """The snapshot that `dump` was given; TypeError for bytes of another class."""
    snapshot = pickle.loads(data)  # noqa: S301 -- from our own control, over a private socket
    if not isinstance(snapshot, Snapshot):
        raise TypeError(f"a table came as {type(snapshot).__name__}; control and worker differ in version")
    return snapshot


_KNOWN: dict[type[Any], tuple[str, ...]] = {}
"""Field names by class; there are a dozen."""


class _Pickler(pickle.Pickler):
    """Values by their fields; everything else as ever."""

    def reducer_override(self, obj: object) -> Any:  # noqa: ANN401 -- pickle's own contract
        """A dataclass by its constructor and fields (rule 1), everything else as pickle does."""
        if is_dataclass(obj) and not isinstance(obj, type):
            return _again, (type(obj), *[getattr(obj, name) for name in _names(type(obj))])
        return NotImplemented


def _names(of: type[Any]) -> tuple[str, ...]:
    found = _KNOWN.get(of)
    if found is None:
        found = _KNOWN[of] = tuple(field.name for field in fields(of) if field.init)
    return found


def _again(of: type[Any], *values: object) -> object:
    return of(**dict(zip(_names(of), values, strict=True)))
