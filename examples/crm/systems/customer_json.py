"""How the CRM back end writes what it finds: times in UTC, numbers as short as they are, nothing for null."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

STATUSES = {"lead": 0, "booked": 1, "visited": 2, "bought": 3, "declined": 5}
SOURCES = {"tv": 0, "web": 1, "flyer": 2, "referral": 3}
KINDS = {"visit": 0, "shop": 1, "parcel": 3, "online": 4}
CATEGORIES = {"kimono": 0, "gold": 1, "stamps": 2, "watch": 3, "liquor": 4}
"""The numbers of the customer service's enums."""
_TOKYO = timezone(timedelta(hours=9))


def customer(row: Any, release: int) -> dict[str, object]:  # noqa: ANN401 -- asyncpg has no types
    """A customer. Release 1 takes the column of next calls for Tokyo's time."""
    return without_nulls(
        {
            **{name: row[name] for name in ("id", "name", "kana", "phone", "note", "lock_version")},
            "status": name_of(STATUSES, row["status"]),
            "source": name_of(SOURCES, row["source"]),
            "next_call_at": in_zulu(row["next_call_at"], _TOKYO if release == 1 else UTC),
            "total_paid": short(row["total_paid"]),
            "created_at": in_zulu(row["created_at"]),
            "updated_at": in_zulu(row["updated_at"]),
        }
    )


def listed(row: Any) -> dict[str, object]:  # noqa: ANN401 -- asyncpg has no types
    """A customer in a list."""
    return {name: row[name] for name in ("id", "name", "kana", "phone")} | {"created_at": in_zulu(row["created_at"])}


def appointment(row: Any) -> dict[str, object]:  # noqa: ANN401 -- asyncpg has no types
    """An appointment."""
    return without_nulls(
        {
            "id": row["id"],
            "kind": name_of(KINDS, row["kind"]),
            "starts_at": in_zulu(row["starts_at"]),
            "place": row["place"],
            "created_at": in_zulu(row["created_at"]),
        }
    )


def item(row: Any) -> dict[str, object]:  # noqa: ANN401 -- asyncpg has no types
    """What a customer has to sell."""
    return without_nulls(
        {
            "id": row["id"],
            "category": name_of(CATEGORIES, row["category"]),
            "title": row["title"],
            "estimate": short(row["estimate"]),
            "created_at": in_zulu(row["created_at"]),
        }
    )


def without_nulls(said: Mapping[str, object]) -> dict[str, object]:
    """`omitempty`."""
    return {name: value for name, value in said.items() if value is not None}


def name_of(names: Mapping[str, int], number: int) -> str | None:
    """Of a number of an enum."""
    return next((name for name, each in names.items() if each == number), None)


def in_zulu(moment: datetime | None, zone: timezone = UTC) -> str | None:
    """`2026-12-01T01:30:00Z`, as Go writes it; `zone` is that of the column."""
    if moment is None:
        return None
    return moment.replace(tzinfo=zone).astimezone(UTC).isoformat().replace("+00:00", "Z")


def short(number: Decimal | None) -> int | float | None:
    """Without decimals where there are none."""
    if number is None:
        return None
    return int(number) if number == int(number) else float(number)
