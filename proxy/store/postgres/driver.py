"""What Banyan uses of asyncpg, which ships no types, and the SQL that it is given: `sql/NAME.sql` each a statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

_FOLDER = files("proxy.store") / "sql"


class Connection(Protocol):
    """An asyncpg connection."""

    async def execute(self, query: str, *arguments: object) -> str: ...  # noqa: D102 - asyncpg's own

    async def executemany(self, query: str, arguments: Iterable[Sequence[object]]) -> None: ...  # noqa: D102

    async def fetch(self, query: str, *arguments: object) -> list[Mapping[str, Any]]: ...  # noqa: D102

    async def fetchrow(self, query: str, *arguments: object) -> Mapping[str, Any] | None: ...  # noqa: D102

    async def fetchval(self, query: str, *arguments: object) -> Any: ...  # noqa: ANN401, D102

    async def copy_records_to_table(  # noqa: D102
        self, table_name: str, *, schema_name: str, columns: Sequence[str], records: Iterable[Sequence[object]]
    ) -> str: ...

    async def add_listener(self, channel: str, callback: Callable[..., None]) -> None: ...  # noqa: D102

    def add_termination_listener(self, callback: Callable[..., None]) -> None: ...  # noqa: D102

    def is_closed(self) -> bool: ...  # noqa: D102

    def terminate(self) -> None: ...  # noqa: D102


@cache
def query(name: str) -> str:
    """The statement; FileNotFoundError for a name without a file, which a test rules out."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
