"""nginx: one worker; a prefix location per route, `split_clients` over the tenant, stub_status, a JSON log.

The log is buffered (32 KiB, at most a second), because Banyan and Envoy gather lines too. Bodies are streamed and no
temporary files are written, because that is what Banyan does; both settings are in nginx' favour.
"""

from __future__ import annotations

import os

from bench.load.workload import Site, services
from bench.peers.peer import Peer
from bench.processes import Launch, find_program, version_after

TEMPLATE = """\
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 19000; }}
http {{
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  server_tokens off;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  split_clients $http_x_tenant_id $side {{ 50% new; * legacy; }}
  upstream legacy {{ server 127.0.0.1:{legacy}; keepalive 128; keepalive_requests 1000000000; }}
  upstream new {{ server 127.0.0.1:{new}; keepalive 128; keepalive_requests 1000000000; }}
  log_format lines escape=json '{{"time":"$time_iso8601","id":"$request_id","client":"$remote_addr",'
    '"method":"$request_method","path":"$request_uri","route":"$route","side":"$side","status":$status,'
    '"bytes":$body_bytes_sent,"seconds":$request_time,"upstream_seconds":"$upstream_response_time",'
    '"agent":"$http_user_agent"}}';
  access_log {log} lines buffer=32k flush=1s;
  proxy_http_version 1.1;
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  proxy_set_header Connection "";
  proxy_set_header Host $host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $host;
  proxy_set_header X-Request-Id $request_id;
  server {{
    listen 127.0.0.1:{listen} backlog=4096;
    set $route "";
{locations}  }}
  server {{
    listen 127.0.0.1:{admin};
    access_log off;
    location = /metrics {{ stub_status; }}
  }}
}}
"""
NUMBERED = "    location /{name}/ {{ set $route {name}; proxy_pass http://$side; }}\n"
UNKNOWN = "    location / { return 404; }\n"
REST = "    location / { proxy_pass http://legacy; }\n"


def user_directive() -> str:
    """As root, workers keep root's right to write into the temporary folder."""
    return "user root;" if os.geteuid() == 0 else ""


def nginx_file(site: Site) -> str:
    """The text of nginx.conf; with no numbered routes, everything goes to legacy."""
    numbered = "".join(NUMBERED.format(name=name) for name in services(site))
    return TEMPLATE.format(
        user=user_directive(),
        folder=site.folder,
        log=site.log,
        listen=site.listen,
        admin=site.admin,
        legacy=site.legacy,
        new=site.new,
        locations=numbered + UNKNOWN if numbered else REST,
    )


def launch(site: Site) -> Launch:
    """Writes the configuration and says how to start."""
    program = find_program("nginx", "apt-get install nginx-light")
    file = site.folder / "nginx.conf"
    file.write_text(nginx_file(site))
    return Launch(
        label="nginx",
        argv=(program, "-p", str(site.folder), "-e", "stderr", "-c", str(file)),
        folder=site.folder,
        output=site.folder / "stdout.txt",
        port=site.listen,
        ready=(f"http://127.0.0.1:{site.admin}/metrics", site.first),
    )


def version() -> str:
    """The installed version."""
    return version_after((find_program("nginx", "apt-get install nginx-light"), "-v"), "nginx/")


PEER = Peer(
    name="nginx",
    launch=launch,
    version=version,
    metrics="/metrics",
    lookup="a tree of prefix locations",
    split="`split_clients` over the header",
)
