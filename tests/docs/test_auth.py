"""docs/auth.md: its files load, `explain --token` says what it says, and its bounds are those of the code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import time

import pytest

from proxy.config.load import Loaded, load_text
from proxy.control.key_sets import key_set_file
from proxy.core.auth.key_set_state import KEEP, KeySetSource, KeySetState
from proxy.core.auth.signed_token import DEEPEST, LONGEST
from proxy.edge.auth.checked_tokens import MOST_BYTES, MOST_TOKENS
from tests.docs.walkthrough import ROOT
from tests.edge.auth.issuer import Issuer, ec

TEXT = (ROOT / "docs" / "auth.md").read_text(encoding="utf-8")
FIRST, BY_CLAIMS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
MIB = 1024 * 1024


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    """Its key set stands where the page has it, beside routes.yaml."""
    issuer = Issuer(ec("one"))
    issuer.written(tmp_path)
    (tmp_path / "routes.yaml").write_text(FIRST)
    return issuer


def explained(place: Path, target: str, token: bytes) -> tuple[int, str]:
    """`banyan explain` with a token on its standard input."""
    command = [sys.executable, "-m", "proxy", "explain", "GET", target, "--token", "-", "--file-only"]
    ran = subprocess.run(
        command, cwd=place, input=token, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    return ran.returncode, ran.stdout.decode()


def test_explain_says_what_a_token_comes_to(issuer: Issuer, tmp_path: Path) -> None:
    """Who calls, or what is wrong: by the file alone, nothing of the token is shown."""
    good, bad = issuer.token(), issuer.token(exp=1)
    code, said = explained(tmp_path, "/orders/7", good)
    assert (code, "ada calls, by members" in said) == (0, True), said
    code, said = explained(tmp_path, "/orders/7", bad)
    assert (code, "token_expired" in said, "401" in said) == (1, True, True), said
    assert bad.decode() not in said


def test_explain_goes_by_the_key_sets_that_were_fetched(issuer: Issuer, tmp_path: Path) -> None:
    """As the Banyan of this file keeps them; where none was kept it says that it cannot know."""
    url = "https://id.example.com/jwks"
    (tmp_path / "routes.yaml").write_text(FIRST.replace("file: jwks.json", f'url: "{url}"'))
    code, said = explained(tmp_path, "/orders/7", issuer.token())
    assert (code, "what a Banyan that has one would answer cannot be said" in " ".join(said.split())) == (1, True), said
    state = KeySetState(source=KeySetSource(url), jwks=json.dumps(issuer.jwks).encode(), fetched=time())
    key_set_file.save(tmp_path / ".banyan", [state])
    code, said = explained(tmp_path, "/orders/7", issuer.token())
    assert (code, "ada calls, by members" in said) == (0, True), said
    key_set_file.save(tmp_path / ".banyan", [replace(state, fetched=time() - KEEP)])
    assert "no_key_set" in explained(tmp_path, "/orders/7", issuer.token())[1]


def test_explain_goes_by_the_claims_of_a_token(issuer: Issuer, tmp_path: Path) -> None:
    """As a worker does."""
    head = FIRST[: FIRST.index("routes:")]
    (tmp_path / "routes.yaml").write_text(
        head.replace("legacy:", "new: { url: 'http://127.0.0.1:1' }\n  legacy:") + BY_CLAIMS
    )
    for tenant, route in (("acme", "orders.acme"), ("globex", "orders ")):
        code, said = explained(tmp_path, "/orders/7", issuer.token(tenant=tenant))
        assert (code, f"route     {route}" in said or f"{route} " in said) == (0, True), said


def test_the_first_file_loads(issuer: Issuer, tmp_path: Path) -> None:
    """Without a warning."""
    found = load_text(FIRST, str(tmp_path / "routes.yaml"), {})
    assert isinstance(found, Loaded), found
    assert found.warnings == ()
    assert json.loads(found.snapshot.key_sets["file:jwks.json"])["keys"][0]["kid"] == "one"


def test_the_bounds_of_the_page_are_those_of_the_code() -> None:
    """Of a token, and of what is remembered."""
    assert f"{LONGEST // 1024} KiB, more than {DEEPEST} levels" in TEXT
    assert f"{2 * MOST_TOKENS} tokens and {2 * MOST_BYTES // MIB} MiB" in TEXT
