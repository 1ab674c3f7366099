"""SQL that stands in files: `sql/NAME.sql` holds the statement called NAME, and nothing else."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_FOLDER = files("proxy.store") / "sql"


@cache
def query(name: str) -> str:
    """The statement; FileNotFoundError for a name without a file, which a test rules out."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
