"""Banyan: `python -m proxy serve`, one worker, state in memory, its canonical lines on stdout."""

from __future__ import annotations

import sys
from dataclasses import replace

import proxy
from bench.compiled import installed, is_compiled
from bench.peers.peer import Peer
from bench.processes import Launch
from bench.workload import TENANT_HEADER, Site, services

HEAD = """\
version: 1
listen: 127.0.0.1:{listen}
admin: 127.0.0.1:{admin}
workers: 1
state: memory
shadow: {{sample: 0%}}
{switches}upstreams:
  legacy: {{url: "http://127.0.0.1:{legacy}"{upstream_switches}}}
  new: {{url: "http://127.0.0.1:{new}"{upstream_switches}}}
routes:
"""
SWITCHES = """\
request_id: keep
resolve: {least: 2s, most: 10s}
leniency: [
  bare_lf, obs_fold, equal_content_lengths, unknown_methods, ambiguous_path, raw_utf8_target, percent_nul,
  fragment_in_target,
]
"""
UPSTREAM_SWITCHES = (
    ", expect: forward, timeout: streaming, leniency: [bare_lf, obs_fold, space_before_colon, ctl_in_values]"
)
CANARY = (
    '  - {{name: {name}, match: "GET /{name}/items/{{id}}", stage: canary, split: 50%, cohort: "header:{header}"}}\n'
)
REST = '  - {name: rest, match: "/**", stage: legacy}\n'


def routes_file(site: Site, *, switches: str = "", upstream_switches: str = "") -> str:
    """The text of routes.yaml; with no numbered routes, one that takes everything to legacy (for bodies)."""
    ports = {"listen": site.listen, "admin": site.admin, "legacy": site.legacy, "new": site.new}
    head = HEAD.format(**ports, switches=switches, upstream_switches=upstream_switches)
    numbered = "".join(CANARY.format(name=name, header=TENANT_HEADER) for name in services(site))
    return head + (numbered or REST)


def launch(site: Site) -> Launch:
    """Writes the routes and says how to start."""
    file = site.folder / "routes.yaml"
    file.write_text(routes_file(site))
    return Launch(
        label="banyan",
        argv=(sys.executable, "-P", "-m", "proxy", "serve", "--config", str(file)),
        folder=site.folder,
        output=site.log,
        port=site.listen,
        ready=(f"http://127.0.0.1:{site.admin}/-/ready", site.first),
        env={"PYTHONPATH": str(installed())},
    )


def launch_switched(site: Site) -> Launch:
    """With every switch on that may cost this workload something and refuses none of it."""
    started = launch(site)
    text = routes_file(site, switches=SWITCHES, upstream_switches=UPSTREAM_SWITCHES)
    (site.folder / "routes.yaml").write_text(text)
    return replace(started, label="banyan-switches")


PEER = Peer(
    name="banyan",
    launch=launch,
    version=lambda: f"{proxy.__version__}, {'compiled' if is_compiled() else 'interpreted'}",
    metrics="/metrics",
    lookup="a tree of path segments",
    split="a stage `canary` with `cohort: header:X-Tenant-Id` on every route",
)
SWITCHED = replace(PEER, name="banyan-switches", launch=launch_switched)
