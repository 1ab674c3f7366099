"""Servers that end idle connections by themselves, each as its own documentation starts it, with what it says of it.

gunicorn, uvicorn and waitress are installed once, into .cache; node, nginx and Apache are the system's.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.processes import find_program
from holds.launching import ROOT, Launch

VENV = ROOT / ".cache" / "holds" / "keepalive"
WORKERS = 64
APP = """\
def wsgi(environ, start_response):
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Length", "2"), ("Content-Type", "text/plain")])
    return [b"ok"]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
"""
NODE = """\
const server = require("http").createServer((request, response) => {
  request.resume().on("end", () => response.end("ok"));
});
server.keepAliveTimeout = Number(process.argv[3]) * 1000;
server.listen(Number(process.argv[2]), "127.0.0.1");
"""
NGINX = """\
daemon off;
pid @FOLDER@/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path @FOLDER@/body;
  proxy_temp_path @FOLDER@/proxy;
  fastcgi_temp_path @FOLDER@/fastcgi;
  uwsgi_temp_path @FOLDER@/uwsgi;
  scgi_temp_path @FOLDER@/scgi;
  keepalive_timeout @KEEPS@;
  server { listen 127.0.0.1:@PORT@; location / { return 200 ok; } }
}
"""
APACHE = """\
ServerRoot @FOLDER@
ServerName 127.0.0.1
Listen 127.0.0.1:@PORT@
PidFile @FOLDER@/apache.pid
Mutex file:@FOLDER@
ErrorLog /dev/stderr
LoadModule mpm_event_module @MODULES@/mod_mpm_event.so
LoadModule authz_core_module @MODULES@/mod_authz_core.so
DocumentRoot @FOLDER@
ServerLimit 1
StartServers 1
ThreadLimit 256
ThreadsPerChild 256
MaxRequestWorkers 256
MinSpareThreads 1
MaxSpareThreads 256
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout @KEEPS@
"""
"""One process with threads for both ways at once, as the others have them. By default it has 25 each in three, and one
whose threads are nearly all busy ends its idle connections at once, whatever their time.
"""
MODULES = (Path("/usr/lib/apache2/modules"), Path("/usr/lib64/httpd/modules"), Path("/usr/libexec/apache2"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """One server. `keeps`: for how many seconds it keeps an idle connection; `tells`: whether its answers say so."""

    name: str
    keeps: float
    tells: bool
    launch: Callable[[Path, int], Launch]

    @property
    def is_safe(self) -> bool:
        """Whether no request has to be lost: it says when it ends, or keeps 2 s and more."""
        return self.tells or self.keeps >= 2.0


def servers() -> Iterator[Keeping]:
    """Every one that can be started here."""
    yield Keeping(name="gunicorn-sync", keeps=0, tells=True, launch=_gunicorn("sync"))
    for keeps in (2, 1):
        own = ("--threads", str(WORKERS), "--keep-alive", str(keeps))
        yield Keeping(name=f"gunicorn-gthread-{keeps}s", keeps=keeps, tells=False, launch=_gunicorn("gthread", *own))
    for keeps in (5, 2):
        yield Keeping(name=f"uvicorn-{keeps}s", keeps=keeps, tells=False, launch=_uvicorn(keeps))
    yield Keeping(name="waitress", keeps=120, tells=False, launch=_waitress)
    for keeps in (5, 1):
        yield Keeping(name=f"node-{keeps}s", keeps=keeps, tells=True, launch=_node(keeps))
    yield Keeping(name="nginx-2s", keeps=2, tells=False, launch=_nginx("2s"))
    yield Keeping(name="nginx-1s", keeps=1, tells=True, launch=_nginx("1s 1s"))
    if _apache_program() is not None:
        for keeps in (5, 1):
            # it tells those alone whose request says `Connection: keep-alive`, which neither of the two ways does
            yield Keeping(name=f"apache-{keeps}s", keeps=keeps, tells=False, launch=_apache(keeps))


def missing() -> tuple[str, ...]:
    """What cannot be started here."""
    return () if _apache_program() is not None else ("Apache (apt-get install apache2)",)


def install() -> None:
    """The three of PyPI, once."""
    if (VENV / "bin" / "waitress-serve").exists():
        return
    VENV.parent.mkdir(parents=True, exist_ok=True)
    pip = (str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "gunicorn", "uvicorn", "waitress")
    for argv in ((sys.executable, "-m", "venv", str(VENV)), pip):
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"{' '.join(argv)} failed:\n{done.stderr[-800:]}")


def _launch(folder: Path, port: int, *argv: str) -> Launch:
    _write(folder / "app.py", APP)
    return Launch(label="server", argv=argv, folder=folder, ports=(port,), env={"PYTHONPATH": str(folder)})


def _gunicorn(worker: str, *own: str) -> Callable[[Path, int], Launch]:
    def launch(folder: Path, port: int) -> Launch:
        program, address = str(VENV / "bin" / "gunicorn"), f"127.0.0.1:{port}"
        return _launch(folder, port, program, "--bind", address, "--worker-class", worker, *own, "app:wsgi")

    return launch


def _uvicorn(keeps: int) -> Callable[[Path, int], Launch]:
    def launch(folder: Path, port: int) -> Launch:
        program, own = str(VENV / "bin" / "uvicorn"), ("--timeout-keep-alive", str(keeps), "--log-level", "error")
        return _launch(folder, port, program, "--port", str(port), *own, "app:asgi")

    return launch


def _waitress(folder: Path, port: int) -> Launch:
    program, threads = str(VENV / "bin" / "waitress-serve"), f"--threads={WORKERS}"
    return _launch(folder, port, program, f"--listen=127.0.0.1:{port}", threads, "app:wsgi")


def _node(keeps: int) -> Callable[[Path, int], Launch]:
    def launch(folder: Path, port: int) -> Launch:
        script = _write(folder / "server.js", NODE)
        return _launch(folder, port, find_program("node", "apt-get install nodejs"), str(script), str(port), str(keeps))

    return launch


def _nginx(keeps: str) -> Callable[[Path, int], Launch]:
    def launch(folder: Path, port: int) -> Launch:
        text = NGINX.replace("@FOLDER@", str(folder)).replace("@KEEPS@", keeps).replace("@PORT@", str(port))
        program, file = find_program("nginx", "apt-get install nginx"), _write(folder / "nginx.conf", text)
        return _launch(folder, port, program, "-p", str(folder), "-c", str(file))

    return launch


def _apache(keeps: int) -> Callable[[Path, int], Launch]:
    def launch(folder: Path, port: int) -> Launch:
        modules = next(each for each in MODULES if each.is_dir())
        text = APACHE.replace("@FOLDER@", str(folder)).replace("@KEEPS@", str(keeps)).replace("@PORT@", str(port))
        file = _write(folder / "apache.conf", text.replace("@MODULES@", str(modules)))
        return _launch(folder, port, str(_apache_program()), "-D", "FOREGROUND", "-f", str(file))

    return launch


def _apache_program() -> str | None:
    return shutil.which("apache2") or shutil.which("httpd")


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
