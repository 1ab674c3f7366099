from __future__ import annotations

import pytest

from proxy.core.routing.snapshot import Hook
from proxy.core.secret import Secret
from tests.config.given_files import FILE, problems, snapshot

URL = "https://hooks.example.com/in?key=hidden"


def test_without_hooks_nobody_is_told() -> None:
    """The block may be left out."""
    assert snapshot(FILE).hooks == ()


def test_everything_that_is_said_of_a_hook_arrives() -> None:
    """Url, secret and timeout, each with its default."""
    found = snapshot(FILE + f'hooks: [{{url: "{URL}"}}, {{url: "{URL}", secret: 0123456789abcdef, timeout: 1s}}]\n')

    assert found.hooks == (Hook(url=Secret(URL)), Hook(url=Secret(URL), secret=Secret("0123456789abcdef"), timeout=1.0))


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("{url: hooks.example.com/hidden}", "hooks[0].url: must be a url such as https://hooks.example.com/banyan"),
        ('{url: "ftp://a/hidden"}', "hooks[0].url: must be a url such as"),
        ('{url: "http://a:99999/hidden"}', "hooks[0].url: must be a url such as"),
        ('{url: "http://a/hidden b"}', "hooks[0].url: must be a url such as"),
        ('{url: "http://user:hidden@a/"}', "hooks[0].url: must not hold a user or password"),
        (f'{{url: "{URL}", secret: hidden}}', "hooks[0].secret: must be a text of at least 16 characters"),
        ("{}", "hooks[0].url: is missing"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_not_repeated(said: str, complaint: str) -> None:
    """The problem stands at the key and repeats nothing of a url or secret."""
    found = problems(FILE + f"hooks: [{said}]\n")

    assert len(found) == 1
    assert complaint in found[0]
    assert "hidden" not in found[0]


def test_a_hook_shows_no_secret() -> None:
    """Neither its path nor its secret stands in any text about it."""
    hook = Hook(url=Secret(URL), secret=Secret("0123456789abcdef"))

    assert hook.shown == "https://hooks.example.com"
    assert "hidden" not in repr(hook)
    assert "0123" not in repr(hook)
