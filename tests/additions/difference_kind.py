"""A kind of difference: `case`, two texts that differ in capitals only. Clients seldom mind: low."""

from __future__ import annotations

from proxy.core.parity.rules.difference import SEVERITY
from tests.additions.addition import Addition, Edit

_ENUM = type(next(iter(SEVERITY))).__name__
_DIFFERENCE, _TEXTS = "proxy/core/parity/rules/difference.py", "proxy/core/parity/texts.py"
_FINDER = f"""    if one.casefold() == other.casefold():
        return {_ENUM}.CASE
"""

DIFFERENCE_KIND = Addition(
    name="a kind of difference",
    earlier=2,
    edits=(
        Edit(_DIFFERENCE, '    CASE = "case"\n', before='    ORDER = "order"'),
        Edit(_DIFFERENCE, f"    {_ENUM}.CASE: Severity.LOW,\n", before=f"    {_ENUM}.ORDER: "),
        Edit(_DIFFERENCE, f"VALUE_KINDS |= {{{_ENUM}.CASE}}\n", after='"""The same thing is there on both sides'),
        Edit(_TEXTS, _FINDER, before=f"    return {_ENUM}.STRING"),
    ),
)
