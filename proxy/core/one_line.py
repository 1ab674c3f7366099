r"""Texts that people write, shown in one line: what would end the line, or steer a terminal, is shown as such.

Rule 1: a line break is `\n`, an escape `\x1b`, as Python and JSON write them. What is kept stays as it was written.
"""

from __future__ import annotations

from unicodedata import category

_SHOWN_AS_SUCH = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of signs that control, order, or separate lines."""


def one_line(text: str) -> str:
    """The text without anything that a terminal, or a reader of lines, would act on."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(sign) if category(sign) in _SHOWN_AS_SUCH else sign for sign in text)


def _shown(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
