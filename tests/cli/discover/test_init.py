"""`banyan init`: the first routes.yaml."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from proxy.api.discovery import discovery_view
from proxy.core.discovery.inventory import Inventory
from tests.cli.conftest import Banyan
from tests.cli.discover.test_discover import CALLS, LINE, flat
from tests.cli.listening import listening

PATHS = ("/rest", "/a" * 40, "/null", "/light/on", "/on", "/off/7", "/true", "/n", "/y/4")
SIDES = "--legacy http://127.0.0.1:3000 --new http://127.0.0.1:3001"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "access.log"
    file.write_text("".join(LINE.format(request, status) for request, status in CALLS), encoding="utf-8")
    return file


def test_the_first_file_is_one_that_check_accepts(banyan: Banyan, log: Path, tmp_path: Path) -> None:
    """A route for each endpoint, all at legacy, and one for the rest; a file that is there stays as it is."""
    file = tmp_path / "first.yaml"
    written = banyan(f"init --log {log} {SIDES} --config {file}")
    text = file.read_text(encoding="utf-8")
    again = banyan(f"init --log {log} {SIDES} --config {file}")

    assert written.stdout == f"{file}: 4 routes, all at legacy; next: banyan check {file}\n"
    assert banyan(f"check {file}").exit_code == 0
    assert 'match: "GET,PUT /customers/{id}"' in text
    assert "1 endpoint that was seen once, from nobody verified, without a route" in text
    assert "stage: shadow" not in text
    assert (again.exit_code, file.read_text(encoding="utf-8")) == (2, text)
    assert "is not overwritten" in flat(again)


def test_it_learns_from_a_running_banyan_as_well(banyan: Banyan, tmp_path: Path) -> None:
    """Without a new system, too, and where nothing was seen yet."""
    file = tmp_path / "first.yaml"
    with listening({"/api/discovery": msgspec.json.encode(discovery_view(Inventory(), 0.0))}) as admin:
        result = banyan(f"init --admin {admin.url} --legacy http://127.0.0.1:3000 --config {file}")

    assert result.exit_code == 0
    assert banyan(f"check {file}").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--legacy http://127.0.0.1:3000", "nothing to learn from"),
        ("--log {log} --legacy nonsense://x", "upstreams.legacy.url"),
        ("--log {log} --legacy http://127.0.0.1:3000 --config none/first.yaml", "cannot be written"),
        ("--log {log}", "--legacy"),
    ],
)
def test_what_cannot_be_written_is_told(banyan: Banyan, log: Path, arguments: str, said: str) -> None:
    """And nothing is."""
    where = "" if "--config" in arguments else f" --config {log.parent / 'x.yaml'}"
    result = banyan(f"init {arguments.format(log=log)}{where}")

    assert result.exit_code == 2
    assert said in flat(result)
    assert not (log.parent / "x.yaml").exists()


def test_an_endpoint_has_no_name_that_the_rest_has(banyan: Banyan, tmp_path: Path) -> None:
    """Whatever it is called in its path, what YAML takes for no text too; one that is very deep is a route as well."""
    log, file = tmp_path / "access.log", tmp_path / "first.yaml"
    log.write_text("".join(LINE.format(f"GET {path}", 200) * 2 for path in PATHS), encoding="utf-8")
    written = banyan(f"init --log {log} {SIDES} --config {file}")

    assert written.exit_code == 0, written.stderr
    assert banyan(f"check {file}").exit_code == 0
    assert 'match: "GET ' + "/a" * 15 + '/**"' in file.read_text(encoding="utf-8")
