"""Two real releases of a JSON API server as upstreams: Datasette 0.60.2 and 0.61.1 from PyPI on the same databases.

Each is installed once, into `.cache/releases`, with everything pinned and hashed. Both have the same libraries
(`releases.txt`), so that what differs between their answers is the release.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp

from tests.e2e.program import free_port
from tests.waiting import PATIENCE, until

FOLDER = Path(__file__).parents[2] / ".cache/releases"
LIBRARIES = Path(__file__).with_suffix(".txt")
HASHES = {
    "0.60.2": "3d72bb0e1822845ca84e566a12fd304773ac148f11f154c1b52d1e32dc3c95ac",
    "0.61.1": "060ed8737c5fc6d83e6ab35b84d91f9c0e39e3caf7d794106e39b4bef9b559eb",
}
BUILDER = "setuptools==80.10.2 --hash=sha256:95b30ddfb717250edb492926c92b5221f7ef3fbcc2b07579bcd4a27da21d0173\n"
"""One library has no wheel, and Datasette itself asks it for entry points; so it comes first, and builds alone."""

LIMITS = ("sql_time_limit_ms", "facet_time_limit_ms", "facet_suggest_time_limit_ms")
PATIENT = [word for name in LIMITS for word in ("--setting", name, "20000")]
"""On a busy machine, either release would leave out what took it too long; immutable files have their rows counted."""

SHOP = """
create table customers (id integer primary key, name text, city text);
create table orders (id integer primary key, customer integer references customers(id), total real, placed text);
create index orders_customer on orders(customer);
create view big_orders as select * from orders where total > 50;
create table widths (id integer primary key, n text);
"""
STORE = """
create table "price/list" (id integer primary key, article text);
create table "stock.2021" (id integer primary key, article text);
create table shelves (id integer primary key, article text);
"""


def installed(version: str) -> Path:
    """The Python of an environment that holds this release; made when it is not there, by one process at a time."""
    folder = FOLDER / f"datasette-{version}"
    release = f"datasette=={version} --hash=sha256:{HASHES[version]}\n"
    stamp = hashlib.sha256(f"{sys.version}{BUILDER}{release}{LIBRARIES.read_text()}".encode()).hexdigest()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / stamp).exists():
            shutil.rmtree(folder, ignore_errors=True)
            install(folder, BUILDER, release + LIBRARIES.read_text())
            (folder / stamp).touch()
    return folder / "bin/python"


def install(folder: Path, *steps: str) -> None:
    """A virtual environment with what each step's requirements say."""
    uv = has_uv()
    run(*(["uv", "venv", "--quiet", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]), str(folder))
    python = str(folder / "bin/python")
    command = ["uv", "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    for number, requirements in enumerate(steps):
        file = folder / f"{number}.txt"
        file.write_text(requirements)
        run(*command, "--quiet", "--require-hashes", "--no-build-isolation", "-r", str(file))


def has_uv() -> bool:
    """Whether it runs; something that cannot may stand under its name."""
    if shutil.which("uv") is None:
        return False
    return subprocess.run(["uv", "--version"], capture_output=True, check=False).returncode == 0


def run(*command: str) -> None:
    """A command of the installation; what it complained about, if it failed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"


def databases(folder: Path) -> list[Path]:
    """A shop with orders, analyzed; and a store, in which two tables have names that stand in no URL as they are."""
    shop, store = folder / "shop.db", folder / "store.db"
    with closing(sqlite3.connect(shop)) as base, base:
        base.executescript(SHOP)
        cities = ("Ulm", "Köln", "Bern")
        base.executemany("insert into customers values (?, ?, ?)", [(i, f"C{i}", cities[i % 3]) for i in range(1, 41)])
        orders = [(i, i % 40 + 1, i * 1.25, f"2021-03-{i % 28 + 1:02}T10:00:00Z") for i in range(1, 121)]
        base.executemany("insert into orders values (?, ?, ?, ?)", orders)
        base.executemany("insert into widths values (?, ?)", [(i, "SML"[i % 3]) for i in range(1, 6)])
        base.execute("analyze")
    with closing(sqlite3.connect(store)) as base, base:
        base.executescript(STORE)
        for table in ("price/list", "stock.2021", "shelves"):
            base.executemany(f'insert into "{table}" values (?, ?)', [(i, f"Article {i}") for i in range(1, 6)])
    return [shop, store]


@asynccontextmanager
async def datasette(version: str, log: Path, files: list[Path]) -> AsyncIterator[int]:
    """This release on these databases, with CORS; the port. What it says goes to `log`."""
    python, port = await asyncio.to_thread(installed, version), free_port()
    arguments = ["-I", "-m", "datasette", "serve", "--port", str(port), "--cors", *PATIENT]
    arguments += [word for file in files for word in ("--immutable", str(file))]
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(str(python), *arguments, stdout=said, stderr=said)
    try:
        await until_answers(f"http://127.0.0.1:{port}/-/versions.json", process)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(PATIENCE):
            await process.wait()


async def until_answers(url: str, process: asyncio.subprocess.Process) -> None:
    """Wait until something answers there."""
    async with aiohttp.ClientSession() as session:

        async def answers() -> bool:
            assert process.returncode is None, "it ended; its log says why"
            try:
                async with session.get(url) as response:
                    return response.status == 200
            except aiohttp.ClientError:
                return False

        await until(answers)
