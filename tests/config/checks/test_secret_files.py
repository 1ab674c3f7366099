"""Files with secrets that callers' and upstreams' blocks name."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.checks.secret_files import complaint_of
from proxy.config.load import Loaded, load_text
from tests.config.given_files import FILE, HEAD

SIGNED = "sigv4: {region: a, service: b, max_body: 1KiB, credentials: "
OPAQUE = 'auth: {a: {introspection: {url: "https://id.test/i", client: b, secret: "file:secret"}}}\nauth_default: a\n'


@pytest.mark.parametrize(
    ("mode", "complaint"),
    [
        (0o600, ""),
        (0o640, ""),
        (0o644, "everybody on this machine can read the file (644); chmod o= it"),
        (0o602, "everybody on this machine can change the file (602); chmod o= it"),
        (0o666, "everybody on this machine can read and change the file (666); chmod o= it"),
    ],
)
def test_a_secret_is_for_who_runs_banyan(mode: int, complaint: str, tmp_path: Path) -> None:
    """A group may be let at it on purpose, everybody may not."""
    (tmp_path / "secret").write_text("hush")
    (tmp_path / "secret").chmod(mode)
    assert complaint_of(tmp_path / "secret") == complaint


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """And one that cannot be looked at."""
    (tmp_path / "file").write_text("")
    assert "until it is, what needs it is answered with 503" in complaint_of(tmp_path / "secret")
    assert complaint_of(tmp_path / "file" / "secret") == "the file cannot be looked at: Not a directory"


def warned(text: str, directory: Path, **env: str) -> list[str]:
    found = load_text(text, str(directory / "routes.yaml"), env)
    assert isinstance(found, Loaded), found
    return [each.partition("routes.yaml:")[2].partition(": ")[2] for each in found.warnings]


def with_auth(auth: str) -> str:
    return FILE.replace('"http://127.0.0.1:3000"', f'"http://127.0.0.1:3000", auth: {{{auth}}}')


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (with_auth("bearer: {file: secret}"), "upstreams.legacy.auth.bearer.file"),
        (with_auth(f"{SIGNED}file, file: secret}}"), "upstreams.legacy.auth.sigv4.file"),
        (
            with_auth('client_credentials: {url: "https://id.test/t", client_id: b, client_secret: "file:secret"}'),
            "upstreams.legacy.auth.client_credentials.client_secret",
        ),
        (FILE + OPAQUE, "auth.a.introspection.secret"),
    ],
)
def test_each_is_told_at_its_place(text: str, place: str, tmp_path: Path) -> None:
    """From the folder of the file; once it is there and closed, nothing is."""
    assert [each.partition(": ")[0] for each in warned(text, tmp_path)] == [place]
    (tmp_path / "secret").write_text("hush")
    (tmp_path / "secret").chmod(0o600)
    assert warned(text, tmp_path) == []


@pytest.mark.parametrize("half", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_half_of_the_environment_signs_nothing(half: str, tmp_path: Path) -> None:
    """Without both, `check` may run on another machine; credentials from elsewhere do not care."""
    text, both = with_auth(f"{SIGNED}environment}}"), {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    (found,) = warned(text, tmp_path, **{half: "a"})
    (missing,) = both.keys() - {half}
    assert found == (
        f"upstreams.legacy.auth.sigv4.credentials: {missing} is not in the environment, though its other half is; "
        "set both"
    )
    assert warned(text, tmp_path, **both) == warned(text, tmp_path) == []
    assert warned(with_auth(f"{SIGNED}chain}}"), tmp_path, **{half: "a"}) == []


@pytest.mark.parametrize(
    ("url", "warns"),
    [("http://id.test/jwks", True), ("http://127.0.0.1:1/jwks", False), ("https://id.test/jwks", False)],
)
def test_keys_that_come_in_the_clear_are_told(url: str, warns: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """Whoever is on the way could be any caller."""
    policy = f'{{issuer: i, audience: a, algorithms: [ES256], keys: {{url: "{url}"}}}}'
    found = warned(f"{FILE}auth: {{a: {policy}}}\nauth_default: a\n", tmp_path)
    told = "auth.a.keys.url: whoever is on the way can give keys of his own and be any caller; write https"
    assert found == ([told] if warns else [])


@pytest.mark.parametrize("enforce", ["true", "false"])
def test_where_nobody_is_refused_it_is_remarked(enforce: str) -> None:
    """It is how one begins, so that `--strict` passes it."""
    policy = '{issuer: i, audience: a, algorithms: [ES256], keys: {url: "https://id.test/jwks"}}'
    top = f"auth: {{a: {policy}}}\nauth_default: {{by: a, enforce: {enforce}}}\n"
    found = load_text(FILE.replace(HEAD, HEAD + top), "routes.yaml", {})
    assert isinstance(found, Loaded)
    assert found.warnings == ()
    assert [
        each for each in found.remarks if "nobody is refused on routes that do not say auth themselves" in each
    ] == (list(found.remarks) if enforce == "false" else [])
