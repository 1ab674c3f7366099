"""Secrets that stand in routes.yaml itself: whoever reads the file, its history or the kept copy of it has them.

Rule 1: a value that is nothing but `${NAME}` is in the environment; a default (`${NAME:-…}`) stands in the file.
Rule 2: of an address only the password counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from proxy.config.read import Draft
from proxy.config.text.problem import Path, Problem

_VARIABLES = re.compile(r"(\$\{[A-Za-z_][A-Za-z0-9_]*\})+")
_PASSWORD = re.compile(r"[a-z]+://[^/@:]*:(?P<password>[^@/]+)@")
_MESSAGE = "stands in the file and in the kept copy of it; write ${NAME} and put it into the environment"


def secrets_in_the_file(draft: Draft) -> Iterator[Problem]:
    """Each secret that is written out; a warning."""
    for path in _secrets(draft):
        text = draft.written(path)
        if text and not _VARIABLES.fullmatch(text):
            yield draft.problem(path, _MESSAGE)
    found = _PASSWORD.match(draft.written(("state",)))
    if found is not None and not _VARIABLES.fullmatch(found["password"]):
        yield draft.problem(("state",), f"its password {_MESSAGE}")


def _secrets(draft: Draft) -> Iterator[Path]:
    yield ("cookies", "key")
    for index, hook in enumerate(draft.settings.hooks or ()):
        if hook.secret:
            yield ("hooks", index, "secret")
    for index, block in draft.routes:
        credentials = block.shadow.credentials if block.shadow is not None else None
        for name in (credentials.replace or ()) if credentials is not None else ():
            yield ("routes", index, "shadow", "credentials", "replace", name)
