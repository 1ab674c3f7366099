"""What it costs to know who calls: small GETs without a policy, with tokens that were checked before, and new ones.

The same heads are sent with and without a policy, token and all: one head always, or as many as there are new tokens,
which costs something without a policy too. Of new tokens there are more than a worker remembers, so that each is
checked from its first byte. joserfc alone is measured beside it, in this process, on the load's core: a signature
verified, and header and claims read by the library. With new tokens the load has to wait: its core is kept awake.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from time import process_time, time

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import deserialize_compact, serialize_compact

from bench.bars import BarId, Measure
from bench.load import wrk
from bench.load.workload import Site
from bench.peers import banyan
from bench.peers.peer import Peer
from bench.processes import Launch
from bench.report import Report
from bench.rounds import Contender, Plan, Series, by_label, doubts, play, ratio
from bench.suites.stand import stand
from bench.table import Table
from proxy.edge.auth.checked_tokens import MOST_TOKENS

NONE, CACHED, NONE_NEW = "no policy", "checked before", "no policy, new"
TOKENS = 3 * MOST_TOKENS
"""More than two generations of those that are remembered."""
_ALONE = 2000
_ISSUER, _AUDIENCE = "https://id.example.com", "orders"
_ROUTES = """\
version: 1
listen: 127.0.0.1:{listen}
admin: 127.0.0.1:{admin}
workers: 1
state: memory
upstreams:
  legacy: {{ url: "http://127.0.0.1:{legacy}" }}
routes:
  - {{ name: rest, match: "/**", stage: legacy }}
"""
_POLICY = """\
auth_default: members
auth:
  members: {{ issuer: "{issuer}", audience: {audience}, algorithms: [{algorithm}], keys: {{ file: "{file}" }} }}
"""


def measure(plan: Plan) -> Report:
    """One table."""
    with contextlib.ExitStack() as stack:
        ground = stack.enter_context(stand(plan.cores, awake=True))
        keys = _keys()
        files = {name: _sign(ground.folder, name, key) for name, key in keys.items()}
        few = ground.folder / "one.txt"
        few.write_text(files["RS256"].read_text().partition("\n")[0] + "\n")
        loads: dict[str, tuple[str, Path]] = {NONE: ("", few), CACHED: ("RS256", few)}
        loads[NONE_NEW] = ("", files["RS256"])
        loads |= {f"new {name}": (name, file) for name, file in files.items()}
        contenders = []
        for label, (algorithm, file) in loads.items():
            child, site = ground.put_up(_peer(label, algorithm, keys))
            load = wrk.Load(arguments=("tokens", str(file)))
            contenders.append(Contender(label=label, child=child, load=load, log=site.log))
        before = {name: _alone(key, files[name]) for name, key in keys.items()}
        series = play(contenders, plan)
        alone = {name: (before[name] + _alone(key, files[name])) / 2 for name, key in keys.items()}
    found = tuple(_measures(series, alone))
    return Report(suite="auth", tables=(_table(series, alone),), measures=found, series=series)


def _keys() -> Mapping[str, Key]:
    return {"RS256": RSAKey.generate_key(2048), "ES256": ECKey.generate_key(), "Ed25519": OKPKey.generate_key()}


def _sign(folder: Path, algorithm: str, key: Key) -> Path:
    """A file of so many good tokens, one a line."""
    file = folder / f"{algorithm}.txt"
    claims = {"iss": _ISSUER, "aud": _AUDIENCE, "sub": "ada", "exp": int(time()) + 7200, "scope": "orders.read"}
    header = {"alg": algorithm, "kid": "one", "typ": "at+jwt"}
    made = (
        serialize_compact(header, json.dumps({**claims, "jti": f"{number:08d}"}), key, [algorithm])
        for number in range(TOKENS)
    )
    file.write_text("".join(f"{token}\n" for token in made))
    return file


def _peer(label: str, algorithm: str, keys: Mapping[str, Key]) -> Peer:
    def launch(site: Site) -> Launch:
        started = banyan.launch(site)
        text = _ROUTES.format(listen=site.listen, admin=site.admin, legacy=site.legacy)
        if algorithm:
            file = site.folder / "jwks.json"
            jwk = {**keys[algorithm].as_dict(private=False), "kid": "one"}
            file.write_text(json.dumps({"keys": [jwk]}))
            text += _POLICY.format(issuer=_ISSUER, audience=_AUDIENCE, algorithm=algorithm, file=file)
        (site.folder / "routes.yaml").write_text(text)
        return replace(started, label=label, ready=(started.ready[0],))

    return replace(banyan.PEER, launch=launch)


def _alone(key: Key, file: Path) -> float:
    """Microseconds of CPU that the library takes for one token."""
    tokens = file.read_text().split()[:_ALONE]
    algorithm = file.stem
    began = process_time()
    for token in tokens:
        json.loads(deserialize_compact(token, key, [algorithm]).payload)
    return (process_time() - began) * 1e6 / len(tokens)


def _measures(series: tuple[Series, ...], alone: Mapping[str, float]) -> Iterator[Measure]:
    none, cached, varied, fresh = (by_label(series, label) for label in (NONE, CACHED, NONE_NEW, "new RS256"))
    if none is not None and cached is not None:
        yield Measure(bar=BarId.AUTH_CACHED, value=ratio(cached, none, lambda one: one.cpu_us))
    if varied is not None and fresh is not None:
        bare = varied.median(lambda one: one.cpu_us)
        yield Measure(bar=BarId.AUTH_FRESH, value=fresh.median(lambda one: one.cpu_us) / (bare + alone["RS256"]))


def _table(series: tuple[Series, ...], alone: Mapping[str, float]) -> Table:
    none, varied = by_label(series, NONE), by_label(series, NONE_NEW)
    bare = varied.median(lambda one: one.cpu_us) if varied is not None else 0.0

    def library(each: Series) -> float:
        return alone.get(each.label.removeprefix("new "), 0.0)

    figures: tuple[Callable[[Series], str], ...] = (
        lambda each: f"{each.median(lambda one: one.per_second):,.0f}",
        lambda each: f"{each.median(lambda one: one.cpu_us):.1f}",
        lambda each: f"{ratio(each, none, lambda one: one.cpu_us):.2f}" if none else "",
        lambda each: f"{library(each):.1f}" if library(each) else "",
        lambda each: f"{each.median(lambda one: one.cpu_us) / (bare + library(each)):.2f}" if library(each) else "",
    )
    return Table(
        title="Who calls, one core for all of Banyan, medians of rounds",
        columns=("tokens", "req/s", "CPU µs", "× no policy", "joserfc alone µs", "× (no policy, new + joserfc)"),
        rows=tuple((each.label, *(figure(each) for figure in figures)) for each in series),
        notes=tuple(doubts(series)),
    )
