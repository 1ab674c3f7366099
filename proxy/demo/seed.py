"""The customer database of the miniature: one SQLite file, which belongs to the legacy system and to nobody else.

Rule 1: the schema is legacy's: its names, its habits (money as text, times in its own zone, a version to lock by).
Rule 2: customer N belongs to office N (modulo the offices), so that traffic knows whose a customer is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

OFFICES = 250
CUSTOMERS_PER_OFFICE = 4

SCHEMA = """
CREATE TABLE customers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    office TEXT NOT NULL,
    name TEXT NOT NULL,
    phone TEXT,
    email TEXT,
    note TEXT,
    total_paid TEXT NOT NULL DEFAULT '0.00',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    lock_version INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX customers_by_office ON customers (office, id);
CREATE TABLE appointments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    visit_on TEXT NOT NULL,
    purpose TEXT NOT NULL,
    staff TEXT
);
CREATE INDEX appointments_by_customer ON appointments (customer_id, visit_on);
"""

_NAMES = ("佐藤 花子", "鈴木 一郎", "Anne & Söhne", "高橋 <葵>", "O'Brien", "田中 実", "Müller, Jörg")
_PURPOSES = ("kimono", "watches", "records", "jewellery")
_CREATED = "2024-04-01T09:30:00.000+09:00"


def office_name(number: int) -> str:
    """`office-007`."""
    return f"office-{number:03d}"


def customers_of(number: int) -> list[int]:
    """Ids of the customers that an office begins with."""
    return [number + round_ * OFFICES for round_ in range(CUSTOMERS_PER_OFFICE)]


def sow(path: Path) -> None:
    """Make the database and fill it."""
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(SCHEMA)
        database.executemany(
            "INSERT INTO customers (id, office, name, phone, email, note, total_paid, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _customers(),
        )
        database.executemany(
            "INSERT INTO appointments (customer_id, visit_on, purpose, staff) VALUES (?, ?, ?, ?)", _appointments()
        )
    database.close()


def _customers() -> Iterator[tuple[object, ...]]:
    for number in range(1, OFFICES + 1):
        for id_ in customers_of(number):
            name = _NAMES[id_ % len(_NAMES)]
            email = f"customer{id_}@example.com" if id_ % 3 else None
            paid = f"{id_ * 37 % 90_000}.{id_ % 100:02d}"
            yield id_, office_name(number), name, f"03-0000-{id_ % 10_000:04d}", email, None, paid, _CREATED, _CREATED


def _appointments() -> Iterator[tuple[object, ...]]:
    for id_ in range(1, OFFICES * CUSTOMERS_PER_OFFICE + 1):
        for visit in range(id_ % 4):
            day = f"2024-{1 + (id_ + visit) % 12:02d}-{1 + id_ % 28:02d}"
            yield id_, day, _PURPOSES[(id_ + visit) % len(_PURPOSES)], None if visit else "大野"
