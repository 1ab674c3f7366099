"""HAProxy: one thread; a prefix map for the routes, a hash of the tenant for the split, its Prometheus exporter."""

from __future__ import annotations

from bench.load.workload import Site, services
from bench.peers.peer import Peer
from bench.processes import Launch, find_program, version_after

ADVICE = "apt-get install haproxy"
TEMPLATE = """\
global
  nbthread 1
  maxconn 9500
  log stdout format raw local0 info
defaults
  mode http
  log global
  maxconn 9000
  timeout connect 5s
  timeout client 600s
  timeout server 60s
  timeout http-keep-alive 600s
  http-reuse always
frontend web
  bind 127.0.0.1:{listen} backlog 4096
  option forwardfor
  unique-id-format %{{+X}}o%ci%cp%Ts%rt
  unique-id-header X-Request-Id
  http-request set-var(txn.route) path,map_beg({folder}/routes.map)
  http-request deny deny_status 404 unless {{ var(txn.route) -m found }}
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request capture req.hdr(user-agent) len 128
  use_backend new if {{ req.hdr(X-Tenant-Id),xxh32,mod(100) lt 50 }}
  default_backend legacy
  log-format '{{"time":"%tr","id":"%ID","client":"%ci","method":"%HM","path":"%HU","route":"%[var(txn.route)]",\
"side":"%b","status":%ST,"bytes":%B,"ms":%Ta,"upstream_ms":%Tr,"agent":"%[capture.req.hdr(0),json(utf8s)]"}}'
frontend metrics
  bind 127.0.0.1:{admin}
  no log
  http-request use-service prometheus-exporter if {{ path /metrics }}
backend legacy
  server one 127.0.0.1:{legacy}
backend new
  server one 127.0.0.1:{new}
"""


def haproxy_file(site: Site) -> str:
    """The text of haproxy.cfg."""
    return TEMPLATE.format(folder=site.folder, listen=site.listen, admin=site.admin, legacy=site.legacy, new=site.new)


def routes_map(site: Site) -> str:
    """A line per route: its prefix and its name."""
    return "".join(f"/{name}/ {name}\n" for name in services(site))


def launch(site: Site) -> Launch:
    """Writes the configuration and the map of routes, and says how to start."""
    program = find_program("haproxy", ADVICE)
    file = site.folder / "haproxy.cfg"
    file.write_text(haproxy_file(site))
    (site.folder / "routes.map").write_text(routes_map(site))
    return Launch(
        label="haproxy",
        argv=(program, "-db", "-f", str(file)),
        folder=site.folder,
        output=site.log,
        port=site.listen,
        ready=(f"http://127.0.0.1:{site.admin}/metrics", site.first),
    )


def version() -> str:
    """The installed version."""
    return version_after((find_program("haproxy", ADVICE), "-v"), "HAProxy version ").split("-")[0]


PEER = Peer(
    name="haproxy",
    launch=launch,
    version=version,
    metrics="/metrics",
    lookup="a prefix map (`map_beg`, a tree)",
    split="`xxh32` of the header, modulo 100",
)
