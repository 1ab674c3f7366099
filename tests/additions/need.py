"""A need of the ramp: `needs: { asked: 500 }`, so many answers of both sides at this step."""

from __future__ import annotations

from tests.additions.addition import Addition, Edit

_POLICY, _RAMP = "proxy/core/judge/policy.py", "proxy/core/judge/ramp.py"
_BLOCK = "proxy/config/blocks/judge/judgement.py"
_CHECK = """
def _asked(needs: Needs, measures: Measures) -> Check:
    sentence = f"both sides answered {measures.asked} of {needs.asked} requests at this step"
    found = _Found(NeedName.ASKED, f"{measures.asked}", f"{needs.asked}")
    return found.met(when=measures.asked >= needs.asked, sentence=sentence)


"""
_KEY = """    asked: Count | None = optional("Answers of both sides at this step. Default 0.", 500)
"""

NEED = Addition(
    name="a need of the ramp",
    earlier=4,
    edits=(
        Edit(_POLICY, "    asked: int = 0\n", before="    capacity: bool = True"),
        Edit(_POLICY, '    ASKED = "asked"\n', before="    REQUESTS ="),
        Edit(_RAMP, "        _asked(ramp.needs, measures),\n", before="        *_served("),
        Edit(_RAMP, _CHECK, before="def _served("),
        Edit(_BLOCK, _KEY, before="    capacity: bool | None"),
    ),
)
