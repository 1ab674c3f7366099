"""What it costs to translate: lists of contacts of 1, 10 and 100 KiB from new, as they come and through adapters.

The same answers are asked for from three Banyans that differ in `adapter` alone: none, steps, code. Both rename, put in
and rewrite a member of each contact. Steps on 1 KiB are done in the worker, all else in the adapter's own process. What
the steps take by themselves, in this process, is measured beside it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from time import process_time

from bench.load import wrk
from bench.load.workload import Site
from bench.peers import banyan
from bench.peers.peer import Peer
from bench.processes import Launch
from bench.report import Report
from bench.rounds import Contender, Plan, Series, by_label, doubts, play, ratio
from bench.suites.stand import stand
from bench.table import Table
from proxy.config.load import Loaded, load_text
from proxy.core.translation.adapter_policy import AdapterPolicy, adapter_of
from proxy.core.translation.body_steps import translate_body

SIZES = (1024, 10 * 1024, 100 * 1024)
PLAIN, TRANSLATED, CODE = "plain", "translated", "code"
CONNECTIONS = 8
"""A message waits for those of all others, and at most as long as its adapter's `timeout`."""
_ALONE = 200
_ROUTES = """\
version: 1
listen: 127.0.0.1:{listen}
admin: 127.0.0.1:{admin}
workers: 1
state: memory
upstreams:
  legacy: {{ url: "http://127.0.0.1:{legacy}" }}
  new: {{ url: "http://127.0.0.1:{new}" }}
"""
_PLAIN = 'routes: [{ name: contacts, match: "/**", stage: complete }]\n'
_ADAPTED = """\
adapters:
  contacts:
    speaks: legacy
    answer:
      - { rename: "$.items[*].phone", to: tel }
      - { add: "$.items[*].fax" }
      - { number: "$.items[*].limit", to: text }
routes: [{ name: contacts, match: "/**", stage: complete, adapter: contacts }]
"""
_BY_CODE = """\
adapters: { contacts: { speaks: legacy, code: adapters/contacts.py } }
routes: [{ name: contacts, match: "/**", stage: complete, adapter: contacts }]
"""
SOURCE = """\
def answer_from_new(answer):
    for item in answer.body["items"]:
        item["tel"] = item.pop("phone")
        item.setdefault("fax", None)
        item["limit"] = str(item["limit"])
    return answer

def request_to_new(request):
    return request

def request_to_legacy(request):
    return request

def answer_from_legacy(answer):
    return answer
"""
_TAILS = {PLAIN: _PLAIN, TRANSLATED: _ADAPTED, CODE: _BY_CODE}


def measure(plan: Plan) -> Report:
    """One table."""
    with contextlib.ExitStack() as stack:
        ground = stack.enter_context(stand(plan.cores))
        folder = ground.folder / "upstream" / "contacts"
        folder.mkdir()
        bodies = {size: contacts(size) for size in SIZES}
        for size, body in bodies.items():
            (folder / str(size)).write_bytes(body)
        contenders = []
        for label in _TAILS:
            child, site = ground.put_up(_peer(label))
            for size in SIZES:
                load = wrk.Load(arguments=("get", f"/contacts/{size}"), connections=CONNECTIONS)
                contenders.append(Contender(label=f"{label} {size}", child=child, load=load, log=site.log))
        series = play(contenders, plan)
        alone = {size: _alone(body) for size, body in bodies.items()}
    return Report(suite="adapters", tables=(_table(series, alone),), measures=(), series=series)


def contacts(size: int) -> bytes:
    """A list of contacts of about so many bytes, and not fewer."""
    items: list[dict[str, object]] = []
    body = b""
    while len(body) < size:
        address = {"zip": "150-0043", "city": "Shibuya"}
        items.append({"id": len(items), "phone": "03-1234-5678", "limit": 1000.5, "address": address})
        body = json.dumps({"items": items}).encode()
    return body


def adapter() -> AdapterPolicy:
    """That of the translated route."""
    text = _ROUTES.format(listen=1, admin=2, legacy=3, new=4) + _ADAPTED
    found = load_text(text, "routes.yaml", {})
    made = adapter_of(found.snapshot.routes[0].steps) if isinstance(found, Loaded) else None
    if made is None:
        raise ValueError(f"the routes of this suite are wrong: {found}")
    return made


def _peer(label: str) -> Peer:
    def launch(site: Site) -> Launch:
        started = banyan.launch(site)
        text = _ROUTES.format(listen=site.listen, admin=site.admin, legacy=site.legacy, new=site.new)
        Path(site.folder / "adapters").mkdir(exist_ok=True)
        Path(site.folder / "adapters" / "contacts.py").write_text(SOURCE)
        Path(site.folder / "routes.yaml").write_text(text + _TAILS[label])
        return replace(started, label=label, ready=(started.ready[0],))

    return replace(banyan.PEER, launch=launch)


def _alone(body: bytes) -> float:
    """Microseconds of CPU that the steps take for one body."""
    steps = adapter().answer
    began = process_time()
    for _ in range(_ALONE):
        translate_body(body, steps)
    return (process_time() - began) * 1e6 / _ALONE


def _table(series: tuple[Series, ...], alone: Mapping[int, float]) -> Table:
    return Table(
        title="Answers through an adapter, one core for all of Banyan, medians of rounds",
        columns=("answers", "req/s", "CPU µs", "× plain", "steps alone µs"),
        rows=tuple(_rows(series, alone)),
        notes=tuple(doubts(series)),
    )


def _rows(series: tuple[Series, ...], alone: Mapping[int, float]) -> Iterator[tuple[str, ...]]:
    for each in series:
        label, _, size = each.label.partition(" ")
        plain = by_label(series, f"{PLAIN} {size}")
        yield (
            each.label,
            f"{each.median(lambda one: one.per_second):,.0f}",
            f"{each.median(lambda one: one.cpu_us):.1f}",
            f"{ratio(each, plain, lambda one: one.cpu_us):.2f}" if plain else "",
            f"{alone[int(size)]:.0f}" if label == TRANSLATED else "",
        )
