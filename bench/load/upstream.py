"""The upstream of every comparison: nginx with nothing to think about, legacy and new on two ports.

`/…` answers a small JSON with the headers that an application sends; `/file` is 1 MiB from the page cache, `/contacts/`
what a suite has put there; `/upload` reads a whole body into memory and answers. With `X-Bench-Echo` it tells which
forwarding headers arrived.
"""

from __future__ import annotations

from pathlib import Path

from bench.load.workload import BODY_BYTES
from bench.peers.nginx import user_directive
from bench.processes import Launch, find_program

ANSWER = (
    '{"id":"ord-20817","state":"open","customer":{"id":4711,"name":"Greta Holm","tier":"gold"},'
    '"lines":[{"sku":"A-100","quantity":2,"price":"19.90"},{"sku":"B-205","quantity":1,"price":"4.50"}],'
    '"total":"44.30"}'
)
TEMPLATE = """\
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/upstream.pid;
error_log stderr warn;
events {{ worker_connections 19000; }}
http {{
  access_log off;
  server_tokens off;
  sendfile on;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  client_max_body_size 0;
  client_body_buffer_size 2m;
  default_type application/json;
  map $http_x_bench_echo $seen {{ default ""; 1 "$http_x_forwarded_for $http_x_forwarded_proto"; }}
{servers}  server {{
    listen unix:{folder}/empty.sock;
    location / {{ return 200 "{{}}"; }}
  }}
}}
"""
SERVER = """\
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    add_header X-Served-By {side};
    add_header X-Seen $seen;
    add_header Cache-Control "private, max-age=0";
    add_header Vary Accept-Encoding;
    add_header ETag '"5f3a-61b9"';
    location / {{ return 200 '{answer}'; }}
    location = /file {{ root {folder}; }}
    location /contacts/ {{ root {folder}; }}
    location = /upload {{
      proxy_pass http://unix:{folder}/empty.sock:/;
      proxy_pass_request_body off;
      proxy_set_header Content-Length 0;
    }}
    location = /-/status {{ stub_status; }}
  }}
"""


def upstream_file(folder: Path, legacy: int, new: int) -> str:
    """The text of the upstream's nginx.conf."""
    servers = "".join(
        SERVER.format(folder=folder, port=port, side=side, answer=ANSWER)
        for side, port in (("legacy", legacy), ("new", new))
    )
    return TEMPLATE.format(folder=folder, user=user_directive(), servers=servers)


def launch_upstream(folder: Path, legacy: int, new: int) -> Launch:
    """Writes the configuration and the 1 MiB file, and says how to start."""
    program = find_program("nginx", "the upstream is nginx: apt-get install nginx-light")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file").write_bytes(bytes(range(256)) * (BODY_BYTES // 256))
    (folder / "nginx.conf").write_text(upstream_file(folder, legacy, new))
    return Launch(
        label="upstream",
        argv=(program, "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")),
        folder=folder,
        output=folder / "stdout.txt",
        port=legacy,
        ready=(f"http://127.0.0.1:{legacy}/-/status",),
    )
