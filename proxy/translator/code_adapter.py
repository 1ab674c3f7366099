"""Runs the code of an adapter, in the process of that adapter alone.

Rule 1: each message finds the module as if it had just been imported: what a function keeps in it is gone afterwards.
        So is what it has set in modules that it imports (`kept_modules.py`), and in decimal's context.
Rule 2: names and modules that lead out of a function are not there (`pure_code.py`). Who gets at them all the same is
        in a process that can harm nobody (`confinement.py`).
Rule 3: what goes wrong is told by file, line and kind; an error's own words may hold values of the message, and are
        not told. Those of `Untranslatable` are the author's, and are.
"""

from __future__ import annotations

import ast
import builtins
import codecs
import contextlib
import importlib
import re
import sys
from contextvars import Context
from types import CodeType, ModuleType
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from proxy.core.one_line import one_line
from proxy.core.translation.adapter_code import AdapterCode, answer_function, fields_changed, request_function
from proxy.core.translation.adapter_policy import AdapterPolicy
from proxy.core.translation.code.adapter_message import (
    AdapterAnswer,
    AdapterFields,
    AdapterRequest,
    ExactNumber,
    RepeatedKeys,
    read_body,
    write_body,
)
from proxy.core.translation.code.pure_code import IMPURE, MODULES
from proxy.core.translation.json_document import NotJson
from proxy.core.translation.translate_message import check_size
from proxy.core.translation.untranslatable import Untranslatable
from proxy.link.translations import Message, Translated
from proxy.translator.kept_modules import KeptModules

FAULT: Final = 502
_NAME: Final = "adapter"
LONGEST_SAID: Final = 300
_CODEC = re.compile(r"[A-Za-z][A-Za-z0-9_-]{2,20}")
_CLASSES: Final = (AdapterAnswer, AdapterFields, AdapterRequest, ExactNumber, RepeatedKeys, Untranslatable)
"""What code is given instances of."""


class CodeAdapter:
    """One file. To be made, and `load`ed, before its first message."""

    def __init__(self, code: AdapterCode) -> None:
        """Raises SyntaxError."""
        self._code = code
        self._compiled: CodeType = compile(code.source, code.file, "exec", dont_inherit=True)
        self._kept = KeptModules((), ())

    def prepare(self) -> None:
        """Import what it imports, while files can still be opened, and codecs that it names."""
        for node in ast.walk(ast.parse(self._code.source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                _load_codec(node.value)
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name in MODULES:
                    importlib.import_module(name)
        importlib.import_module("_strptime")  # which datetime imports when it is asked to read
        _load_codec("unicode_escape")  # as `one_line` writes
        reached = [module for name, module in sys.modules.items() if _is_reached(name)]
        self._kept = KeptModules(reached, _CLASSES)

    def load(self) -> dict[str, Any]:
        """Rule 1; whatever it raises is `Untranslatable`."""
        module: dict[str, Any] = {"__name__": _NAME, "__builtins__": dict(_BUILTINS)}
        try:
            exec(self._compiled, module)  # noqa: S102 -- what an adapter is
        except Exception as error:  # noqa: BLE001 -- whatever it is
            raise self._told(error) from None
        return module

    def translate(self, policy: AdapterPolicy, message: Message) -> Translated:
        """Raises `Untranslatable`."""
        self._kept.restore()
        return Context().run(self._translate, policy, message)

    def _translate(self, policy: AdapterPolicy, message: Message) -> Translated:
        body, is_read = _body_of(message)
        if message.status:
            given: AdapterRequest | AdapterAnswer = AdapterAnswer(
                status=message.status,
                method=message.method,
                path=message.path,
                headers=AdapterFields(message.fields),
                body=body,
            )
            name = answer_function(policy.other)
        else:
            query = parse_qsl(message.query, keep_blank_values=True)
            given = AdapterRequest(
                method=message.method, path=message.path, query=query, headers=AdapterFields(message.fields), body=body
            )
            name = request_function(policy.other)
        found = self._called(name, given)
        return self._made(policy, message, found, name, is_read=is_read)

    def _called(self, name: str, given: AdapterRequest | AdapterAnswer) -> AdapterRequest | AdapterAnswer:
        kind = type(given)
        function = self.load().get(name)
        if not callable(function):
            raise Untranslatable(name, "there is no such function", self._code.file, FAULT)
        try:
            found = function(given)
        except Exception as error:  # noqa: BLE001 -- whatever it is
            raise self._told(error, name) from None
        if not isinstance(found, kind):
            why = f"it returned {type(found).__name__}, and no {kind.__name__.removeprefix('Adapter')}"
            raise Untranslatable(name, why, self._code.file, FAULT)
        return found

    def _made(
        self,
        policy: AdapterPolicy,
        message: Message,
        found: AdapterRequest | AdapterAnswer,
        name: str,
        *,
        is_read: bool,
    ) -> Translated:
        try:
            is_made = is_read or (found.body is not None and isinstance(found, AdapterAnswer))
            body = write_body(found.body) if is_made else None
            if body is not None:
                check_size(policy, len(body))
            fields = fields_changed(message.fields, list(found.headers))
            if isinstance(found, AdapterAnswer):
                return Translated(message.id, body, int(found.status), None, fields)
            return Translated(message.id, body, 0, _query(found, message.query), fields)
        except Untranslatable as error:
            raise Untranslatable(error.where, error.why, f"{self._code.file} in {name}", FAULT) from None
        except Exception as error:  # noqa: BLE001 -- whatever it is
            raise self._told(error, name) from None

    def _told(self, error: BaseException, name: str = "") -> Untranslatable:
        """Rule 3."""
        place = f"{self._code.file}:{_line_in(error, self._code.file)}"
        step = f"{place} in {name}" if name else place
        if isinstance(error, Untranslatable):
            return Untranslatable(_short(error.where), _short(error.why), step, _status(error))
        if isinstance(error, MemoryError):
            return Untranslatable("$", "it takes more memory than an adapter may have", step, FAULT)
        return Untranslatable("$", type(error).__name__, step, 400)


def _short(said: object) -> str:
    """What an author says stands in a log, an answer and on a terminal."""
    return one_line(str(said)[:LONGEST_SAID])


def _status(error: Untranslatable) -> int:
    """Of those that say that a client's request is wrong; of any other, the first."""
    return error.status if error.status in range(400, 500) else 400


def _line_in(error: BaseException, file: str) -> int:
    """The last line of the file that the error has passed."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _body_of(message: Message) -> tuple[Any, bool]:
    """The value, and whether there is one."""
    if message.body is None:
        return None, False
    try:
        return read_body(message.body), True
    except NotJson:
        if message.may_keep:
            return None, False
        raise


def _query(found: AdapterRequest, before: str) -> bytes | None:
    """None: it stays byte for byte."""
    if found.query == parse_qsl(before, keep_blank_values=True):
        return None
    return urlencode(found.query).encode("ascii")


_OF_DATETIME: Final = frozenset({"_strptime", "time"})
"""What `strptime` and `strftime` of datetime, which are no Python, import in the name of whoever calls them. They take
it from `sys.modules` then, whatever the import has given, so that code gets an empty module of that name."""


def _load_codec(name: str) -> None:
    """That of this name, if there is any: `"cp932"` in the code may be one."""
    if _CODEC.fullmatch(name):
        with contextlib.suppress(LookupError):
            codecs.lookup(name)


def _is_reached(module: str) -> bool:
    """Whether code can import it, or what it is below."""
    return any(module == name or module.startswith(f"{name}.") for name in MODULES)


def _import(name: str, *rest: Any, **named: Any) -> ModuleType:  # noqa: ANN401 -- as Python's own
    """Rule 2."""
    if name in _OF_DATETIME:
        return ModuleType(name)
    if name not in MODULES:
        message = f"an adapter may not import {name}"
        raise ImportError(message)
    return builtins.__import__(name, *rest, **named)


_BUILTINS: Final = {
    **{name: value for name, value in vars(builtins).items() if name not in IMPURE},
    "__import__": _import,
}
