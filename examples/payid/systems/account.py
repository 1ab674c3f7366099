"""An account, as both sides know it, and the statements by which either stores it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from examples.payid.systems.kept_secrets import digest, password_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Of the password and of the link in the mail there are hashes."""

    id: str
    mail: str
    password_hash: str
    name: str
    kana: str | None
    phone: str | None
    birthday: str | None
    zip: str
    prefecture: str
    line: str
    building: str | None
    verified: bool
    verification_hash: str

    @property
    def values(self) -> tuple[object, ...]:
        """In the order of `COLUMNS`."""
        return tuple(asdict(self).values())

    @property
    def said(self) -> dict[str, Any]:
        """What legacy says of it to everybody; new leaves out what is null."""
        address = {"zip": self.zip, "prefecture": self.prefecture, "line": self.line, "building": self.building}
        known = {"id": self.id, "mail": self.mail, "name": self.name, "kana": self.kana, "phone": self.phone}
        return {**known, "birthday": self.birthday, "verified": self.verified, "address": address}


COLUMNS = tuple(field.name for field in fields(Account))
_LIST, _PLACES = ", ".join(COLUMNS), ", ".join(f"${at}" for at in range(1, len(COLUMNS) + 1))
_AGAIN = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)


def insert_into(table: str) -> str:
    """A new account."""
    return f"INSERT INTO {table} ({_LIST}) VALUES ({_PLACES})"  # noqa: S608 -- our own names


def copy_into(table: str) -> str:
    """One that the other side has: twice is as once."""
    return f"{insert_into(table)} ON CONFLICT (id) DO UPDATE SET {_AGAIN}, updated_at = now()"


def account_of(row: Mapping[str, Any]) -> Account:
    """Of a table's row, or of a copy that the other side sends."""
    return Account(**{name: row[name] for name in COLUMNS})


def registered(sent: Mapping[str, Any], token: str) -> Account:
    """As a client asks for it; `token` will stand in the mail."""
    told = {name: sent.get(name) for name in ("kana", "phone", "birthday", "building")}
    return Account(
        id=uuid.uuid4().hex,
        mail=sent["mail"],
        password_hash=password_hash(sent["password"]),
        name=sent["name"],
        zip=sent["zip"],
        prefecture=sent["prefecture"],
        line=sent["line"],
        verified=False,
        verification_hash=digest(token),
        **told,
    )
