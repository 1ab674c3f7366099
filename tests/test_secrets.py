"""What routes.yaml says and nobody may read: every such field of a table is a `Secret`, and no command prints one."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proxy.cli.main import application
from proxy.config.load import Loaded, load_text
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.core.secret import Secret

SOUNDS_SECRET = re.compile(
    r"key|secret|token|passw|credential|replacement|cookie|auth|bearer|signature|private|state|url|dsn", re.IGNORECASE
)
NO_SECRETS = {
    ("Rule", "key"): "the member that names an element of a list",
    ("Rules", "secrets"): "names of members whose values are hashed",
    ("CertificateFiles", "key"): "a path",
    ("UpstreamTls", "key"): "a path",
    ("ReconcileCheck", "key"): "names of columns",
    ("MemberLookup", "url"): "an address; one with a password is refused",
    ("Introspection", "url"): "an address; one with a password is refused",
    ("ClientCredentials", "url"): "an address; one with a password is refused",
    ("ClientCredentials", "secret_file"): "a path",
    ("Snapshot", "auth"): "policies by name",
    ("Snapshot", "key_sets"): "public keys, by their source",
    ("Snapshot", "state_password_file"): "a path",
}
TOP = """\
version: 1
listen: :8080
state: postgresql://banyan:SECRET-state@db/banyan
upstreams:
  legacy: {{ url: "http://127.0.0.1:1" }}
  new:
    url: "http://127.0.0.1:2"
    auth:
      client_credentials: {{ url: "https://id.example.com/token", client_id: b, client_secret: "SECRET-client{end}" }}
auth:
  partners:
    introspection: {{ url: "https://id.example.com/introspect", client: b, secret: "SECRET-introspection{end}" }}
cookies: {{ side: banyan_side, key: "SECRET-cookie-0123456789abcdef0123456789{end}" }}
hooks: [{{ url: "https://hooks.example.com/SECRET-url{end}", secret: "SECRET-hook-0123456789{end}" }}]
databases:
  a: {{ url: "postgresql://reader:SECRET-url{end}@db/a" }}
  b: {{ url: "postgresql://reader@db/b", password: "SECRET-password{end}" }}
routes:
  - name: a
    match: GET /a
    auth: partners
    stage: shadow
    shadow: {{ credentials: {{ replace: {{ Authorization: "Bearer SECRET-line{end}" }} }} }}
"""


def types_of(kind: object) -> Iterator[type]:
    """The dataclasses that a field's type names, however deep."""
    if isinstance(kind, type) and is_dataclass(kind):
        yield kind
    for inner in typing.get_args(kind):
        yield from types_of(inner)


def reachable() -> dict[type, dict[str, object]]:
    """Every dataclass that a table can hold, with its fields' types; its routes stand in a tree that is none."""
    found: dict[type, dict[str, object]] = {}
    waiting: list[type] = [Snapshot, Route]
    while waiting:
        kind = waiting.pop()
        if kind not in found:
            hints = typing.get_type_hints(kind, include_extras=False)
            found[kind] = {field.name: hints[field.name] for field in fields(kind)}
            waiting += [inner for hint in found[kind].values() for inner in types_of(hint)]
    return found


def is_text(kind: object) -> bool:
    """Whether a field of this type holds text or bytes in clear."""
    if kind in {str, bytes}:
        return True
    return typing.get_origin(kind) is not Secret and any(is_text(inner) for inner in typing.get_args(kind))


def test_every_field_of_a_table_that_sounds_secret_is_one() -> None:
    """A field named like a key, a token or an address with one is a `Secret`, or listed with what it is instead."""
    open_fields = [
        (kind.__name__, name)
        for kind, hints in reachable().items()
        for name, hint in hints.items()
        if SOUNDS_SECRET.search(name) and is_text(hint)
    ]

    assert [field for field in open_fields if field not in NO_SECRETS] == []


def test_the_fields_that_hold_secrets_are_found() -> None:
    """The walk over the table's types reaches each of them."""
    secret = {
        f"{kind.__name__}.{name}"
        for kind, hints in reachable().items()
        for name, hint in hints.items()
        if typing.get_origin(hint) is Secret
    }

    of_databases = {"Database.url", "Password.text"}
    assert secret - of_databases == {
        "ClientCredentials.client_secret",
        "Cookies.key",
        "Hook.secret",
        "Hook.url",
        "KeyPlace.text",
        "PrincipalKey.pem",
        "SecretPlace.text",
        "ShadowPolicy.replacements",
        "Snapshot.state",
    }
    assert of_databases < secret


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_plan_prints_no_secret(tmp_path: Path, options: list[str]) -> None:
    """Of two files that differ in every secret it says that they differ, and shows none."""
    before, after = tmp_path / "a.yaml", tmp_path / "b.yaml"
    before.write_text(TOP.format(end=""))
    after.write_text(TOP.format(end="-other").replace("SECRET-state", "SECRET-elsewhere"))
    said = CliRunner().invoke(application(["plan"]), ["plan", "--file", str(after), "--against", str(before), *options])

    assert "SECRET" not in said.output
    assert all(field in said.output for field in ("cookies.key", "databases", "hooks", "state", "replace"))


def test_no_text_of_a_table_holds_a_secret() -> None:
    """Whatever prints the snapshot, or any of its parts, prints none."""
    loaded = load_text(TOP.format(end=""), "routes.yaml", {})

    assert isinstance(loaded, Loaded)
    assert "SECRET" not in repr(loaded.snapshot)
    assert "SECRET" not in "".join(loaded.warnings)
