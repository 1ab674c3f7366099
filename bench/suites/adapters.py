"""What it costs to translate: lists of contacts of 1 and 8 KiB from new, as they come and through an adapter.

The same answers are asked for from two Banyans that differ in `adapter` alone. Its steps rename, put in and rewrite
a member of each contact. What the steps take by themselves, in this process, is measured beside it.
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

SIZES = (1024, 8 * 1024)
PLAIN, TRANSLATED = "plain", "translated"
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
    max_body: 16KiB
    answer:
      - { rename: "$.items[*].phone", to: tel }
      - { add: "$.items[*].fax" }
      - { number: "$.items[*].limit", to: text }
routes: [{ name: contacts, match: "/**", stage: complete, adapter: contacts }]
"""
_TAILS = {PLAIN: _PLAIN, TRANSLATED: _ADAPTED}


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
        for label in (PLAIN, TRANSLATED):
            child, site = ground.put_up(_peer(label))
            for size in SIZES:
                load = wrk.Load(arguments=("get", f"/contacts/{size}"))
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
