"""`banyan probe` beside `curl`, in a network and with an /etc of their own: both meet the same, or probe says why not.

Rule: the machine's own files and network are never touched; without the right to make namespaces, a user namespace
      gives it.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
UNSHARE = ("unshare", "-mn") if os.geteuid() == 0 else ("unshare", "-Urmn")
LOOPBACK_UP = """\
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    fcntl.ioctl(sock, 0x8914, struct.pack("16sH14x", b"lo", 0x41))
"""
SERVER = """\
import http.server, sys
class Whose(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = self.server.server_address[0].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(said)
    do_HEAD = do_GET
    def log_message(self, *_):
        pass
http.server.HTTPServer((sys.argv[1], 3000), Whose).serve_forever()
"""
ROUTES = """\
version: 1
listen: 127.0.0.1:8080
admin: 127.0.0.1:9090
upstreams:
  legacy: { url: "http://crm.test:3000" }
routes:
  - { name: rest, match: "GET /**", stage: legacy }
"""
HOSTS = "127.0.0.1 localhost\n127.0.0.5 crm.test\n"
SCRIPT = """\
set -e
for file in hosts resolv.conf nsswitch.conf; do mount --bind {folder}/$file /etc/$file; done
{python} {folder}/up.py
{python} {folder}/server.py 127.0.0.5 & server=$!
trap 'kill $server' EXIT
until curl -s -o {folder}/ready http://127.0.0.5:3000/; do sleep 0.05; done
curl -s -m 5 http://crm.test:3000/ > {folder}/curl || true
{python} -P -m proxy probe -c {folder}/routes.yaml --json --timeout 10 > {folder}/probe || true
"""


def beside_curl(folder: Path, hosts: str, resolvers: str, nsswitch: str, url: str = "") -> tuple[str, dict[str, Any]]:
    """What curl got, and what probe found of the same name."""
    files = {"hosts": hosts, "resolv.conf": resolvers, "nsswitch.conf": nsswitch, "up.py": LOOPBACK_UP}
    files |= {"server.py": SERVER, "routes.yaml": ROUTES.replace("http://crm.test:3000", url or "http://crm.test:3000")}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    script = SCRIPT.format(folder=shlex.quote(str(folder)), python=shlex.quote(sys.executable))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "no_proxy": "*"}
    subprocess.run([*UNSHARE, "sh", "-c", script], check=True, env=environment, timeout=120)
    (target,) = json.loads((folder / "probe").read_text())["targets"]
    return (folder / "curl").read_text(), target


def rows(target: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {finding["row"]: finding for finding in target["findings"]}


def test_both_reach_the_address_of_the_hosts_file(tmp_path: Path) -> None:
    """The same one, from this host."""
    curl, target = beside_curl(tmp_path, HOSTS, "", "hosts: files\n")

    assert curl == "127.0.0.5"
    assert target["outcome"] == "fine"
    assert rows(target)["name"]["said"] == "127.0.0.5 by /etc/hosts"
    assert rows(target)["connect"]["address"] == "127.0.0.5:3000"
    assert rows(target)["may_i"]["said"] == "200 to HEAD /"


def test_neither_finds_a_name_that_nobody_knows(tmp_path: Path) -> None:
    """Without a name server at the address that resolv.conf names."""
    curl, target = beside_curl(tmp_path, "127.0.0.1 localhost\n", "nameserver 127.0.0.1\n", "hosts: files dns\n")

    assert curl == ""
    assert rows(target)["name"]["outcome"] == "failed"
    assert rows(target)["name"]["change"] == "here"
    assert "/etc/resolv.conf" in rows(target)["name"]["cure"]


def test_where_they_differ_probe_says_so(tmp_path: Path) -> None:
    """Modules that leave the hosts file out: curl finds nothing, Banyan does, and the row warns of it."""
    curl, target = beside_curl(tmp_path, HOSTS, "nameserver 127.0.0.1\n", "hosts: dns\n")

    assert curl == ""
    assert rows(target)["connect"]["outcome"] == "fine"
    assert (rows(target)["name"]["outcome"], rows(target)["name"]["change"]) == ("warning", "here")
    assert rows(target)["name"]["cure"] == "curl does not find it: see /etc/nsswitch.conf, which Banyan does not ask"


@pytest.mark.parametrize("address", ["10.1.2.3", "[fd00::1]"])
def test_an_address_without_a_route_is_unreachable(tmp_path: Path, address: str) -> None:
    """In a network with loopback alone: the kernel has no way, and this end has to change that."""
    _, target = beside_curl(tmp_path, HOSTS, "", "hosts: files\n", f"http://{address}:3000")

    found = rows(target)["source"]
    assert (found["outcome"], found["change"]) == ("failed", "here")
    assert found["said"].startswith("unreachable: ")
    assert "connect" not in rows(target)
