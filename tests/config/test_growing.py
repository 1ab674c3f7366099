"""What a change of routes.yaml touches, tried on a copy of the product: so many files, and it is right everywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
Edits = Mapping[str, list[tuple[str, str]]]
"""By file below `proxy`: texts that stand there once, and what stands in their place; a new file has nothing before."""

_QUERY = "    SourceKind.QUERY: SourceFacts(named=True),\n"
_KEY = "            case SourceKind.ANONYMOUS:\n                return None if"
_OWN_KEY = "            case SourceKind.HOST:\n                return head.host.encode() or None\n"
SOURCE: Edits = {
    "core/routing/cohort.py": [
        ('    ANONYMOUS = "anonymous"\n', '    ANONYMOUS = "anonymous"\n    HOST = "host"\n'),
        (_QUERY, _QUERY + '    SourceKind.HOST: SourceFacts(named=False, note="asked"),\n'),
        (_KEY, _OWN_KEY + _KEY),
    ]
}
BLOCK: Edits = {
    "config/blocks/contact.py": [
        (
            "",
            '''"""`contact:`: whom to call."""

from collections.abc import Iterator

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional
from proxy.config.readers import scalars
from proxy.config.text.problem import FileProblem, Path


class ContactBlock(Block):
    """Whom to call."""

    team: scalars.Name = needed("Who answers.", "team-orders")
    pager: str | None = optional("The key of their pager.", "a key")


class ContactAtTop(Block):
    """Whom to call about this file."""

    contact: ContactBlock | None = optional("Whom to call.", {"team": "team-orders"})


def somebody_answers(draft: Draft) -> Iterator[FileProblem]:
    """Nobody is no team."""
    block = draft.top(ContactAtTop).contact
    if block is not None and block.team == "nobody":
        yield draft.problem(("contact", "team"), "answers never; name a team")


def _secrets(draft: Draft) -> Iterator[Path]:
    yield ("contact", "pager")


CONTACT = Section(
    top=KeysAt(ContactAtTop, lambda keys, _: {"contact": keys.contact.team if keys.contact else ""}),
    checks=(somebody_answers,),
    secrets=_secrets,
)
''',
        )
    ],
    "config/schema.py": [
        (
            "from proxy.config.blocks.fallback import",
            "from proxy.config.blocks.contact import CONTACT\nfrom proxy.config.blocks.fallback import",
        ),
        ("    HOOKS,\n)", "    HOOKS,\n    CONTACT,\n)"),
    ],
    "core/routing/snapshot.py": [
        ('    kill_file: str = ""\n', '    kill_file: str = ""\n    contact: str = ""\n'),
    ],
}

FILE = """\
version: 1
listen: :8080
upstreams: { legacy: { url: "http://legacy" }, new: { url: "http://new" } }
"""
ASKING = """
import json, sys
from proxy.config.jsonschema import schema
from proxy.config.load import Loaded, load_text
from proxy.core.routing.cohort import cohort_of

def said(text):
    found = load_text(text, "routes.yaml", {})
    return [*found.warnings] if isinstance(found, Loaded) else [str(problem) for problem in found]

def result(text):
    found = load_text(text, "routes.yaml", {})
    assert isinstance(found, Loaded), found
    return found.snapshot
"""


def grown(folder: Path, edits: Edits) -> Path:
    """A copy of the product with these edits; each text that they replace stands there once."""
    shutil.copytree(ROOT / "proxy", folder / "proxy", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name, changes in edits.items():
        path = folder / "proxy" / name
        for before, after in changes:
            text = path.read_text(encoding="utf-8") if before else ""
            assert text.count(before) == 1, (name, before)
            path.write_text(text.replace(before, after), encoding="utf-8")
    return folder


def asked(folder: Path, script: str, *words: str) -> Any:  # noqa: ANN401 - JSON
    """What a script prints, as JSON, with the copy as the product."""
    command = [sys.executable, "-P", "-c", ASKING + script, *words]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, env=environment, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def explained(copy: Path, routes: str) -> str:
    """What `explain` of the grown copy says of a request with a Host, as JSON."""
    (copy / "routes.yaml").write_text(routes.replace(":8080", "127.0.0.1:8080"), encoding="utf-8")
    shown = subprocess.run(
        [sys.executable, "-P", "-m", "proxy", "explain", "GET", "/", "-H", "Host: shop.example", "--json"],
        env={**os.environ, "PYTHONPATH": str(copy)},
        cwd=copy,
        check=True,
        capture_output=True,
        text=True,
    )
    return shown.stdout


def test_a_new_source_of_a_cohort_is_one_file_and_right_everywhere(tmp_path: Path) -> None:
    """Reader, draw, messages, JSON Schema, the key's sentence, the rules of flows and of order, and explain know it."""
    copy = grown(tmp_path, SOURCE)
    routes = FILE + "routes: [{ name: a, match: /**, stage: canary, split: 50%, cohort: [host, client_ip] }]\n"
    script = """
from proxy.core.http.request import RequestHead
head = RequestHead(b"GET", b"/", b"/", b"", 1)
head.host = "shop.example"
source, key = cohort_of(result(sys.argv[1]).routes[0].cohort, head, b"10.0.0.1")
other = cohort_of(result(sys.argv[1]).routes[0].cohort, RequestHead(b"GET", b"/", b"/", b"", 1), b"10.0.0.1")
cohort = schema()["definitions"]["RouteBlock"]["properties"]["cohort"]
print(json.dumps({
    "loads": said(sys.argv[1]),
    "source": source.kind, "key": key.decode(), "without": other[0].kind,
    "pattern": cohort["anyOf"][0]["pattern"], "sentence": cohort["description"],
    "misspelt": said(sys.argv[1].replace("[host,", "[hots,")),
    "named": said(sys.argv[1].replace("[host,", "['host:x',")),
    "last": said(sys.argv[1].replace("[host, client_ip]", "[client_ip, host]")),
    "flow": said(sys.argv[1].replace("cohort:", "stay: [host], cohort:")),
}))
"""
    found = asked(copy, script, routes)

    assert len(SOURCE) <= 2
    assert (found["loads"], found["source"], found["key"], found["without"]) == (
        [],
        "host",
        "shop.example",
        "client_ip",
    )
    assert found["pattern"] == "^(?:header:.+|cookie:.+|query:.+|host|path:.+|jwt:.+|client_ip|anonymous)$"
    assert (
        "query:NAME, host (asked), path:NAME, jwt:NAME (a claim of a verified token), client_ip (default) or anonymous"
        in found["sentence"]
    )
    forms = "header:NAME, cookie:NAME, query:NAME, host, path:NAME, jwt:NAME, client_ip or anonymous"
    misspelt = f'routes[0].cohort[0]: must be {forms}; got "hots" (did you mean host?)'
    assert found["misspelt"] == [f"routes.yaml:4:69: {misspelt}"]
    assert "host takes no name" in found["named"][0]
    assert "is never asked: client_ip before it is always present" in found["last"][0]
    assert "is no flow's own; write query:, cookie:, header: or path: and a name" in found["flow"][0]
    assert '"source":"host"' in explained(copy, routes).replace(" ", "")


def test_a_new_block_is_one_file_and_one_line_beside_the_value_of_the_core(tmp_path: Path) -> None:
    """It is read, checked, built, described and named in messages; its secret is warned of."""
    routes = FILE + "routes: [{ name: a, match: /**, stage: legacy, new: legacy }]\n"
    script = """
contact = schema()["properties"]["contact"]
print(json.dumps({
    "built": result(sys.argv[1] + "contact: { team: orders }\\n").contact,
    "without": result(sys.argv[1]).contact,
    "wrong": said(sys.argv[1] + "contact: { team: nobody }\\n"),
    "misspelt": said(sys.argv[1] + "contract: { team: orders }\\n"),
    "secret": said(sys.argv[1] + "contact: { team: orders, pager: abc }\\n"),
    "described": contact["description"],
    "keys": sorted(schema()["definitions"]["ContactBlock"]["properties"]),
}))
"""
    found = asked(grown(tmp_path, BLOCK), script, routes)

    assert len(BLOCK) <= 3
    assert (found["built"], found["without"]) == ("orders", "")
    assert found["wrong"] == ["routes.yaml:5:18: contact.team: answers never; name a team"]
    assert found["misspelt"] == ["routes.yaml:5:1: contract: is not known here; did you mean contact?"]
    assert any(":5:33: contact.pager: stands in the file" in each for each in found["secret"])
    assert (found["described"], found["keys"]) == ("Whom to call.", ["pager", "team"])
