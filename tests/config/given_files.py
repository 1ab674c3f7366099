"""A small routes.yaml, and what becomes of one, for the tests of its reading."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.config.block import Draft
from proxy.config.load import Loaded, load_text
from proxy.config.read import read
from proxy.config.text.document import Document, parse
from proxy.core.routing.snapshot import Snapshot

HEAD = """\
version: 1
listen: 127.0.0.1:8080
upstreams:
  legacy: {url: "http://127.0.0.1:3000"}
  new: {url: "http://127.0.0.1:3001"}
"""
FILE = HEAD + "routes:\n  - {name: rest, match: /**, stage: legacy}\n"
NOTHING: Mapping[str, str] = {}


def with_routes(*routes: str, head: str = HEAD) -> str:
    """A file with these routes, each in the form between braces."""
    return head + "routes:\n" + "".join(f"  - {{{route}}}\n" for route in routes)


def snapshot(text: str, env: Mapping[str, str] = NOTHING) -> Snapshot:
    found = load_text(text, "routes.yaml", env)
    assert isinstance(found, Loaded), "\n".join(map(str, found))
    return found.snapshot


def warnings(text: str, env: Mapping[str, str] = NOTHING) -> list[str]:
    found = load_text(text, "routes.yaml", env)
    assert isinstance(found, Loaded), "\n".join(map(str, found))
    return list(found.warnings)


def problems(text: str, env: Mapping[str, str] = NOTHING) -> list[str]:
    found = load_text(text, "routes.yaml", env)
    assert not isinstance(found, Loaded), "the file has no problem"
    return [str(problem) for problem in found]


def document(text: str) -> Document:
    return parse(text, "routes.yaml")


def draft(text: str, env: Mapping[str, str] = NOTHING) -> Draft:
    parsed = document(text)
    assert parsed.root is not None, parsed.problems
    return read(parsed, parsed.root, env, {})


def told(text: str, env: Mapping[str, str] = NOTHING) -> list[str]:
    """The problems of a text with a bar before the place of each; the bars are compared, the places left out."""
    bars: list[tuple[int, int]] = []
    for line, written in enumerate(text.split("\n"), start=1):
        parts = written.split("¦")
        bars += [(line, sum(map(len, parts[: at + 1])) + 1) for at in range(len(parts) - 1)]
    found = load_text(text.replace("¦", ""), "routes.yaml", env)
    assert not isinstance(found, Loaded), "the file has no problem"
    assert [(each.line, each.column) for each in found] == bars, "\n".join(map(str, found))
    return [f"{each.where}: {each.message}" for each in found]
