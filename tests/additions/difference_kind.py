"""A kind of difference: `case`, two texts that differ in capitals only. Clients seldom mind: low."""

from __future__ import annotations

from tests.additions.addition import Addition, Edit

_DIFFERENCE, _TEXTS = "proxy/core/parity/rules/difference.py", "proxy/core/parity/texts.py"
_FINDER = """    if one.casefold() == other.casefold():
        return Kind.CASE
"""

DIFFERENCE_KIND = Addition(
    name="a kind of difference",
    earlier=2,
    edits=(
        Edit(_DIFFERENCE, '    CASE = "case"\n', before='    ORDER = "order"'),
        Edit(_DIFFERENCE, "    Kind.CASE: Severity.LOW,\n", before="    Kind.ORDER: "),
        Edit(_DIFFERENCE, "VALUE_KINDS |= {Kind.CASE}\n", after="VALUE_KINDS = frozenset("),
        Edit(_TEXTS, _FINDER, before="    return Kind.STRING"),
    ),
)
