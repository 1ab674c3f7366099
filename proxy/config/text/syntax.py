"""What the YAML library found, in words that an operator can act on."""

from __future__ import annotations

from yaml import MarkedYAMLError, YAMLError
from yaml.reader import ReaderError

_TAB = "tabs do not indent in YAML; use spaces"
_WORDS = (
    ("tab character", _TAB),
    ("cannot start any token", "a value cannot begin with this character; put it in quotes"),
    ("mapping values are not allowed", "a colon with a blank after it begins a mapping; indent it, or quote the value"),
    ("alphabetic or numeric character", "what begins with * or & is an alias or an anchor; to mean text, quote it"),
    ("unknown escape", "in double quotes a backslash begins an escape; use single quotes, or two backslashes"),
    ("unexpected end of stream", "the quote that opens here is never closed"),
    ("did not find expected ','", "what opens in line {context} is not closed, or a comma is missing"),
    ("expected node content", "a value is missing here, or begins with a bracket, brace or comma: then quote it"),
    ("could not find expected ':'", "a key without its colon, or a value that should be in quotes"),
    ("did not find expected", "the indentation fits nothing above"),
)
_AT_CONTEXT = "unexpected end of stream"


def explain_syntax(error: YAMLError, text: str) -> tuple[int, int, str]:
    """Line and column, both from 1, and the sentence."""
    match error:
        case ReaderError():
            before = text.encode()[: error.position].decode(errors="ignore")
            line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            return line, column, f"the character U+{error.character:04X} may not stand in YAML"
        case MarkedYAMLError():
            return _explain(error, text)
        case _:
            return 1, 1, str(error)


def _explain(error: MarkedYAMLError, text: str) -> tuple[int, int, str]:
    found = error.problem or "this is not YAML"
    mark = error.context_mark if _AT_CONTEXT in found else error.problem_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    written = (text.splitlines() or [""])[line - 1 : line]
    start = "".join(written)[column - 1 :]
    if start.startswith("\t"):
        return line, column, _TAB
    if start.startswith("{") and "".join(written)[: column - 1].endswith("$"):
        return line, column, 'between { } or [ ] a variable must stand in quotes: "${NAME}"'
    opened = line if error.context_mark is None else error.context_mark.line + 1
    words = next((words for needle, words in _WORDS if needle in found), found)
    return line, column, words.replace("{context}", str(opened))
