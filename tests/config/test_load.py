from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.load import Loaded, load_bytes, load_file, load_text, unreadable
from tests.config.given_files import FILE, NOTHING, problems, with_routes


def test_a_right_text_is_loaded_with_its_revision() -> None:
    """The revision names the text as written, the same on every machine; the text travels with it."""
    found = load_text(FILE, "routes.yaml", NOTHING)

    assert isinstance(found, Loaded)
    assert found.snapshot.revision == sha256(FILE.encode()).hexdigest()[:12]
    assert (found.text, found.warnings) == (FILE, ())


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    """Problems of text, of single values and of several values together are one list, sorted by place."""
    text = with_routes(
        "name: a, match: /a, stage: canary",
        "name: a, match: /b, stage: legac",
        "name: c, match: /c, match: /c, stage: live",
        "name: d, match: /d, stage: live, new: nwe",
    )
    found = problems(text.replace("version: 1", "version: ${V}") + "workers: no\n")

    places = [tuple(map(int, each.split(":")[1:3])) for each in found]
    assert places == sorted(places)
    assert [each.split(": ")[1] for each in found] == [
        "version",
        "routes[0].split",
        "routes[1].stage",
        "routes[2].match",
        "routes[3].new",
        "workers",
    ]


def test_a_file_is_loaded_from_disk(tmp_path: Path) -> None:
    """A file's problems name it as it was given."""
    path = tmp_path / "routes.yaml"
    path.write_text(FILE)
    assert isinstance(load_file(path, NOTHING), Loaded)

    path.write_text("")
    found = load_file(path, NOTHING)
    assert not isinstance(found, Loaded)
    assert str(found[0]).startswith(f"{path}:1:1: the file is empty")


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    """What cannot be read is told like everything else, and where there is no file yet, where to get one."""
    path = tmp_path / "routes.yaml"
    then = "the README begins with one to copy, and `banyan demo` shows a running one"

    assert load_file(path, NOTHING) == [unreadable(path, f"is not there; {then}")]
    assert load_file(tmp_path, NOTHING) == [unreadable(tmp_path, "is a directory; routes.yaml must be a file")]
    assert str(unreadable(path, "is not there")) == f"{path}:1:1: the file is not there"


def test_bytes_that_are_no_text_are_a_problem() -> None:
    """A file in another encoding is told with the place of the first wrong byte."""
    found = load_bytes("é: ü".encode("latin-1"), "routes.yaml", NOTHING)

    assert not isinstance(found, Loaded)
    assert [str(each) for each in found] == ["routes.yaml:1:1: the byte 0xE9 is not UTF-8; save the file as UTF-8"]


LINES = FILE.splitlines(keepends=True)
KEYS = st.sampled_from(["version", "routes", "upstreams", "name", "match", "stage", "x", "split", "<<", "limits"])
VALUES = st.recursive(
    st.sampled_from(["1", "on", "canary", "/**", "GET /a", "${X}", "5s", "10%", "", "~", "'", "*a", "&a x", "legacy"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(KEYS, inner, max_size=3).map(
            lambda items: f"{{{', '.join(f'{key}: {value}' for key, value in items.items())}}}"
        )
    ),
    max_leaves=6,
)


@pytest.mark.thorough
@given(st.lists(st.tuples(KEYS, VALUES), max_size=4), st.lists(st.tuples(KEYS, VALUES), max_size=4))
def test_whatever_stands_in_a_file_it_is_loaded_or_explained(
    top: list[tuple[str, str]], route: list[tuple[str, str]]
) -> None:
    """No file raises: it is loaded, or answered with problems that have a place in it."""
    lines = [f"{key}: {value}\n" for key, value in top]
    inner = "".join(f"    {key}: {value}\n" for key, value in route)
    text = FILE + f"  - effects: safe\n{inner}" + "".join(lines)

    found = load_text(text, "routes.yaml", {"X": "legacy"})

    if not isinstance(found, Loaded):
        assert found
        assert all(1 <= each.line <= text.count("\n") + 1 for each in found)


@pytest.mark.parametrize("cut", range(0, len(FILE), 7))
def test_a_file_cut_anywhere_is_loaded_or_explained(cut: int) -> None:
    """Half a file never raises."""
    found = load_text(FILE[:cut], "routes.yaml", NOTHING)

    assert isinstance(found, Loaded) or found
