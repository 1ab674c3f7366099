from __future__ import annotations

import pytest

from proxy.config.load import Loaded, load_text

HEAD = """\
version: 1
listen: :8080
upstreams: { legacy: { url: "http://127.0.0.1:1" }, new: { url: "http://127.0.0.1:2" } }
"""
ROUTES = "routes:\n  - { name: a, match: /a, stage: shadow%s }\n"
ENV = {"KEY": "k" * 40, "HALF": "h" * 20}
TOLD = "stands in the file and in the kept copy of it; write ${NAME} and put it into the environment"


def warned(top: str, route: str = "") -> list[str]:
    loaded = load_text(HEAD + top + ROUTES % route, "routes.yaml", ENV)
    assert isinstance(loaded, Loaded), loaded
    return [warning.removeprefix("routes.yaml:") for warning in map(str, loaded.warnings) if TOLD in warning]


@pytest.mark.parametrize(
    ("top", "route", "place"),
    [
        (f"cookies: {{ key: {'k' * 40} }}\n", "", "4:17: cookies.key: "),
        ("cookies: { key: '${KEY:-kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk}' }\n", "", "4:17: cookies.key: "),
        ("cookies: { key: 'salt-${KEY}' }\n", "", "4:17: cookies.key: "),
        ("hooks: [{ url: https://a.example/, secret: 0123456789abcdef-x }]\n", "", "4:44: hooks[0].secret: "),
        (
            "",
            ", shadow: { credentials: { replace: { Authorization: Bearer abc } } }",
            "5:93: routes[0].shadow.credentials.replace.Authorization: ",
        ),
        ("state: postgresql://banyan:hunter2@db/banyan\n", "", "4:8: state: its password "),
    ],
)
def test_a_secret_that_is_written_out_is_a_warning(top: str, route: str, place: str) -> None:
    """With its place and the cure, and without the secret."""
    assert warned(top, route) == [place + TOLD]


@pytest.mark.parametrize(
    ("top", "route"),
    [
        ("", ""),
        ("cookies: { key: '${KEY}' }\n", ""),
        ("cookies: { key: '${HALF}${HALF}' }\n", ""),
        ("cookies: { side: banyan_side }\n", ""),
        ("hooks: [{ url: https://a.example/ }, { url: https://b.example/, secret: '${KEY}' }]\n", ""),
        ("", ", shadow: { credentials: { replace: { Authorization: '${KEY}' } } }"),
        ("", ", shadow: { credentials: forward }"),
        ("state: postgresql://banyan@db/banyan\n", ""),
        ("state: postgresql://banyan:${KEY}@db/banyan\n", ""),
        ("state: memory\n", ""),
    ],
)
def test_a_secret_out_of_the_environment_is_none(top: str, route: str) -> None:
    """Also one that is put together of several variables, and where there is no secret at all."""
    assert warned(top, route) == []
