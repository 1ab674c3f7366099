"""`databases:` and `reconcile:`: the databases behind legacy and new, and what is to be the same in both.

Rule 1: an address of a database may hold a password, so nothing of it is ever repeated, whatever is wrong with it.
Rule 2: a statement is read by PostgreSQL alone. Here it is only made sure that it begins as a SELECT does, and ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from pydantic import BeforeValidator, Field, WithJsonSchema

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional
from proxy.config.blocks.server import read_state
from proxy.config.readers import scalars, units
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT, beginning
from proxy.config.text.document import MapNode
from proxy.config.text.problem import FileProblem, Path
from proxy.core.nearest import nearest
from proxy.core.reconcile.reconcile_check import Database, Password, ReconcileCheck, SideQuery
from proxy.core.secret import Secret

_SCHEME = re.compile(r"postgres(?:ql)?://")
_SELECT = re.compile(r"\s*(?:SELECT|WITH)\s.*", re.IGNORECASE | re.DOTALL)
_WHERE = re.compile(r"\s*WHERE\s+(?P<condition>.*\S)\s*", re.IGNORECASE | re.DOTALL)
_VARIABLE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)")
_NOBODY = SideQuery(database="", select="")
_DEFAULT = ReconcileCheck(name="", legacy=_NOBODY, new=_NOBODY, key=())
_MOST_KEY, _MOST_COLUMNS, _MOST_WORDS = 8, 100, 20
_PASSWORDS = ("password", "password_file", "password_command")


def read_database_url(value: object) -> str:
    """The address of a PostgreSQL."""
    if isinstance(value, str) and _SCHEME.match(value):
        return read_state(value)
    raise fault("must be an address such as postgresql://reader@db/accounts", got="")


def read_password(value: object) -> str:
    """A text that is there: an empty one is a variable that was forgotten."""
    if isinstance(value, str) and value:
        return value
    raise fault("must be a text, best from the environment", got="")


def read_command(value: object) -> tuple[str, ...]:
    """A program and its arguments; no shell reads them."""
    is_list = isinstance(value, list) and 1 <= len(value) <= _MOST_WORDS
    if is_list and all(isinstance(word, str) and word and "\0" not in word for word in value):  # type: ignore[attr-defined]
        return tuple(value)  # type: ignore[arg-type]
    raise fault("must be a list of a program and its arguments, such as [pass, show, accounts]", got="")


def read_select(value: object) -> str:
    """One SELECT, without a semicolon at its end."""
    text = value.rstrip().removesuffix(";").rstrip() if isinstance(value, str) else ""
    if not _SELECT.fullmatch(text) or "\0" in text:
        raise fault("must be one SELECT, such as SELECT id, name FROM accounts")
    return text


def read_condition(value: object) -> str:
    """What stands behind WHERE."""
    found = _WHERE.fullmatch(value) if isinstance(value, str) else None
    if found is None or "\0" in found["condition"]:
        raise fault("must be a condition such as WHERE tenant_id IN (SELECT id FROM born_here)")
    return found["condition"]


def read_column(value: object) -> str:
    """A column's name as a SELECT gives it."""
    if isinstance(value, str) and value and "\0" not in value and len(value.encode()) <= 63:
        return str(value)
    raise fault("must be the name of a column, as the selects give it")


def read_key(value: object) -> tuple[str, ...]:
    """One column, or a list of them."""
    return _columns(value, _MOST_KEY, "one key in both databases: without it rows cannot be told apart")


def read_columns(value: object) -> tuple[str, ...]:
    """The same, of columns that do not count."""
    return _columns(value, _MOST_COLUMNS, "columns")


def _columns(value: object, most: int, what: str) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not 1 <= len(listed) <= most:
        raise fault(f"must name 1 to {most} columns, {what}", got=f"{len(listed)}")
    names = tuple(map(read_column, listed))
    if len(set(names)) < len(names):
        raise fault("names a column twice")
    return names


_NAMES = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
DatabaseUrl = Annotated[str, BeforeValidator(read_database_url), beginning(_SCHEME)]
PasswordText = Annotated[str, BeforeValidator(read_password), TEXT]
Command = Annotated[
    tuple[str, ...],
    BeforeValidator(read_command),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": _MOST_WORDS}),
]
Select = Annotated[str, BeforeValidator(read_select), TEXT]
Condition = Annotated[str, BeforeValidator(read_condition), TEXT]
Column = Annotated[str, BeforeValidator(read_column), TEXT]
KeyColumns = Annotated[tuple[str, ...], BeforeValidator(read_key), WithJsonSchema(_NAMES)]
Columns = Annotated[tuple[str, ...], BeforeValidator(read_columns), WithJsonSchema(_NAMES)]


class DatabaseBlock(Block):
    """A PostgreSQL that is only ever read."""

    url: DatabaseUrl = needed("Its address, best of a role that may only read.", "postgresql://reader@db/accounts")
    password: PasswordText | None = optional("The role's password, from the environment.", "only-for-trying-out")
    password_file: scalars.FilePath | None = optional("A file that holds it.", "/run/secrets/accounts")
    password_command: Command | None = optional(
        "A program and its arguments that print it; no shell reads them.", ["pass", "show", "accounts"]
    )


class SideQueryBlock(Block):
    """What one side has."""

    database: scalars.Name = needed("One of `databases`.", "accounts")
    select: Select = needed("One SELECT; both sides give columns of the same names.", "SELECT id, name FROM accounts")


class ReconcileBlock(Block):
    """What is to be the same in both databases."""

    legacy: SideQueryBlock = needed("What legacy has.", {"database": "cards", "select": "SELECT id FROM accounts"})
    new: SideQueryBlock = needed("What new has.", {"database": "accounts", "select": "SELECT id FROM accounts"})
    key: KeyColumns = needed("The column, or columns, by which a row is known in both.", "id", ["tenant_id", "id"])
    only_legacy: Condition | None = optional(
        "Rows that legacy has alone, by right. Without it there are none.", "WHERE archived"
    )
    only_new: Condition | None = optional(
        "Rows that new has alone, by right. Without it there are none.", "WHERE id IN (SELECT id FROM born_here)"
    )
    ignore: Columns | None = optional("Columns that are selected and not compared.", ["loaded_at"])
    watermark: Column | None = optional(
        "The column that says when a row was written: what is younger than `recheck` at the second look is no "
        "difference. It is not compared.",
        "updated_at",
    )
    recheck: units.LengthAboveZero | None = optional(
        f"How long both sides have to agree on a row, before it is looked at again. Default {_DEFAULT.recheck:g}s.",
        "5s",
    )
    chunk: Annotated[int, units.Whole(100, 100_000)] | None = optional(
        f"Rows that are read at once. Default {_DEFAULT.chunk}.", 10_000
    )
    rate: Annotated[int, units.Whole(1, 10_000_000)] | None = optional(
        "Rows a second, at most. Without it as fast as it goes.", 20_000
    )
    counts_for: units.Span | None = optional("For how long a result counts. Default 24h.", "24h")


class DatabasesAtTop(Block):
    """The databases behind both sides."""

    databases: dict[scalars.Name, DatabaseBlock] | None = optional(
        "The databases behind legacy and new, by name: they are read, never written.",
        {"accounts": {"url": "postgresql://reader@db/accounts"}},
    )
    reconcile: Annotated[dict[scalars.Name, ReconcileBlock], Field(max_length=100)] | None = optional(
        "What `banyan reconcile` compares, by name.",
        {
            "accounts": {
                "legacy": {"database": "cards", "select": "SELECT id FROM accounts"},
                "new": {"database": "accounts", "select": "SELECT id FROM accounts"},
                "key": "id",
            }
        },
    )


def declared(draft: Draft, key: str) -> frozenset[str]:
    """The names below a key at the top, those of wrong blocks too."""
    entry = draft.root.entries.get(key)
    return frozenset(entry.value.entries) if entry is not None and isinstance(entry.value, MapNode) else frozenset()


def one_password(draft: Draft) -> Iterator[FileProblem]:
    """A password comes from one place."""
    for name, block in (draft.top(DatabasesAtTop).databases or {}).items():
        said = [key for key in _PASSWORDS if getattr(block, key) is not None]
        in_url = urlsplit(str(block.url)).netloc.rpartition("@")[0].partition(":")[2]
        others = ["the password in url", *said] if in_url else said
        if len(others) > 1:
            path: Path = ("databases", name, others[-1])
            yield draft.problem(path, f"{others[0]} and {others[-1]} exclude each other; take one out", at_key=True)


def databases_are_there(draft: Draft) -> Iterator[FileProblem]:
    """A check names two databases of the file."""
    known = declared(draft, "databases")
    for name, block in (draft.top(DatabasesAtTop).reconcile or {}).items():
        for side, query in (("legacy", block.legacy), ("new", block.new)):
            if query.database not in known:
                path: Path = ("reconcile", name, side, "database")
                meant = nearest(query.database, known)
                cure = f"did you mean {meant}?" if meant else "name one of databases"
                yield draft.problem(path, f'there is no database "{query.database}"; {cure}')


def databases_are_two(draft: Draft) -> Iterator[FileProblem]:
    """What is compared with itself agrees, whatever it holds."""
    top = draft.top(DatabasesAtTop)
    known = {name: _address(str(block.url)) for name, block in (top.databases or {}).items()}
    for name, block in (top.reconcile or {}).items():
        places = {query.database: known.get(query.database) for query in (block.legacy, block.new)}
        if None not in places.values() and len(set(places.values())) == 1:
            path: Path = ("reconcile", name, "new", "database")
            message = f"is one and the same database as that of legacy ({block.legacy.database}): name another one"
            yield draft.problem(path, message)


def _address(url: str) -> tuple[object, ...]:
    """Hosts and database: the user and other options do not change which one it is."""
    found = urlsplit(url)
    options = dict(parse_qsl(found.query))
    user, _, hosts = found.netloc.rpartition("@")
    endpoints = [_with_port(host) for host in hosts.lower().split(",") if host]
    endpoints = endpoints or [_with_port(options.get("host", "") + f":{options.get('port', 5432)}")]
    database = found.path.removeprefix("/") or options.get("dbname") or user.partition(":")[0]
    return (tuple(sorted(endpoints)), database)


def _with_port(host: str) -> str:
    return host if re.search(r":[0-9]+$", host) else f"{host}:5432"


def checks_of(draft: Draft) -> Mapping[str, ReconcileCheck]:
    """Every check of the file, by name: defaults filled in."""
    blocks = draft.top(DatabasesAtTop).reconcile or {}
    return {str(name): _check(str(name), block) for name, block in blocks.items()}


def _check(name: str, block: ReconcileBlock) -> ReconcileCheck:
    return ReconcileCheck(
        name=name,
        legacy=_side(block.legacy, block.only_legacy),
        new=_side(block.new, block.only_new),
        key=tuple(map(str, block.key)),
        ignore=tuple(map(str, block.ignore or ())),
        watermark=str(block.watermark or ""),
        recheck=block.recheck or _DEFAULT.recheck,
        chunk=block.chunk or _DEFAULT.chunk,
        rate=block.rate or _DEFAULT.rate,
        counts_for=block.counts_for or _DEFAULT.counts_for,
    )


def _side(block: SideQueryBlock, alone: str | None) -> SideQuery:
    return SideQuery(database=str(block.database), select=str(block.select), alone=str(alone or ""))


def _database(name: str, block: DatabaseBlock, written: str) -> Database:
    """`written`: the text of its password before variables are replaced."""
    text, file, command = block.password or "", block.password_file or "", block.password_command or ()
    password = Password(
        text=Secret(str(text)),
        file=str(file),
        command=tuple(map(str, command)),
        variables=tuple(_VARIABLE.findall(written)),
    )
    return Database(name=name, url=Secret(str(block.url)), password=password)


def _at_top(keys: DatabasesAtTop, draft: Draft) -> Mapping[str, object]:
    databases = tuple(
        _database(str(name), block, draft.written(("databases", name, "password")))
        for name, block in (keys.databases or {}).items()
    )
    return {"databases": databases, "reconcile": tuple(checks_of(draft).values())}


def _secrets(draft: Draft) -> Iterator[Path]:
    for name, block in (draft.top(DatabasesAtTop).databases or {}).items():
        if block.password is not None:
            yield ("databases", name, "password")


def _addresses(draft: Draft) -> Iterator[Path]:
    yield from (("databases", name, "url") for name in draft.top(DatabasesAtTop).databases or ())


DATABASES = Section(
    top=KeysAt(DatabasesAtTop, _at_top),
    checks=(one_password, databases_are_there, databases_are_two),
    secrets=_secrets,
    addresses=_addresses,
)
