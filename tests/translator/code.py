"""Code of adapters for tests: four functions, of which one answers does what a test says."""

from __future__ import annotations

from proxy.core.outcome import Side
from proxy.core.translation.adapter_code import AdapterCode
from proxy.core.translation.adapter_policy import AdapterPolicy

OTHERS = """
def request_to_legacy(request):
    return request

def answer_from_legacy(answer):
    return answer
"""
EVASION = 'getattr(re.enum.sys.modules["builtins"], "__imp" + "ort__")'
"""How code gets at what is kept from it, unseen by whoever only reads it."""


def policy(answers: str, requests: str = "return request", top: str = "", timeout: float = 1.0) -> AdapterPolicy:
    """An adapter whose functions have these lines."""
    source = "\n".join(
        (
            "import re",
            "from adapters import Untranslatable",
            top,
            "def request_to_new(request):",
            *(f"    {line}" for line in requests.splitlines()),
            "def answer_from_new(answer):",
            *(f"    {line}" for line in answers.splitlines()),
            OTHERS,
        )
    )
    code = AdapterCode("adapters/a.py", source)
    return AdapterPolicy(name="a", speaks=Side.LEGACY, code=code, timeout=timeout)
