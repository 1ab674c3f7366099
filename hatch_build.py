"""Builds the wheel: the hot path compiled by mypyc where a C compiler stands, interpreted otherwise.

Rule 1: sources are compiled as they are; all that is compiled also runs, slower, as plain Python, and ships as both.
Rule 2: an editable install is never compiled: an edit must take effect.
Rule 3: BANYAN_COMPILE says what to do: `auto` (default), `always` (fail rather than ship slow code), `never`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# fmt: off
FOLDERS = (
    "proxy/core/http", "proxy/core/parity", "proxy/core/routing", "proxy/edge/account", "proxy/edge/auth",
    "proxy/edge/brownout", "proxy/edge/client", "proxy/edge/exchange", "proxy/edge/routing", "proxy/edge/shadow",
    "proxy/edge/steps", "proxy/edge/upstream", "proxy/edge/wire",
)
BESIDE_THEM = (
    "proxy/core/auth/principal", "proxy/core/auth/signed_token", "proxy/core/auth/token_claims",
    "proxy/core/limits/rate", "proxy/core/limits/request_head_bounds",
    "proxy/core/outcome", "proxy/core/stage", "proxy/edge/brownout_tally", "proxy/edge/tally",
    "proxy/core/parity/formats/exact", "proxy/core/parity/formats/lists",
    "proxy/core/parity/rules/difference", "proxy/core/parity/rules/paths", "proxy/core/parity/rules/rules",
)
INTERPRETED = {
    "proxy/core/http": ("first_line", "leniency", "leniency_hints", "long_polls", "request_context"),
    "proxy/core/parity": ("compare", "cookies", "finds", "pair", "redact", "shape"),
    "proxy/core/routing": (
        "kill_switch", "placement", "second", "shadow", "shadow_headers", "snapshot", "split_exceptions",
        "state_names", "tie",
    ),
    "proxy/edge/account": ("guard_events", "line_shape", "own_answer", "request_sample"),
    "proxy/edge/auth": ("asked_issuer", "challenge", "key_sets", "key_waits", "missing_keys"),
    "proxy/edge/client": ("connections", "gone_transport", "process_memory", "slow_clients", "tls_listener"),
    "proxy/edge/exchange": ("deadline_blame", "problem"),
    "proxy/edge/routing": ("admission_limits", "lenient_requests", "orders", "stickiness"),
    "proxy/edge/steps": ("held_keys", "held_writes"),
    "proxy/edge/upstream": ("certificate_names", "dial", "resolve"),
}
# fmt: on


def _compiled() -> tuple[str, ...]:
    root = Path(__file__).parent
    left_out = {f"{folder}/{name}.py" for folder, names in INTERPRETED.items() for name in (*names, "__init__")}
    left_out |= {f"{folder}/__init__.py" for folder in FOLDERS}
    found = {str(path.relative_to(root)) for folder in FOLDERS for path in (root / folder).glob("*.py")}
    return tuple(sorted(found - left_out | {f"{name}.py" for name in BESIDE_THEM}))


COMPILED = _compiled()
"""What every request and every comparison runs through, in one unit so that calls between files are calls in C.

A new file of these folders is compiled. Those of `INTERPRETED` are seldom called, and each file costs every builder
seconds, or cannot be compiled, which its docstring says. Nothing else is.
Constants that every request reads are `Final` there: any other is looked up in its module each time.
"""
MODES = ("auto", "always", "never")


class CompileHook(BuildHookInterface[Any]):
    """hatchling's hook for the wheel."""

    PLUGIN_NAME = "custom"

    _folder: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and have what came of it packed."""
        mode = os.environ.get("BANYAN_COMPILE", MODES[0])
        if mode not in MODES:
            raise SystemExit(f"BANYAN_COMPILE must be one of {', '.join(MODES)}, got {mode!r}")
        if version == "editable" or mode == "never":
            return
        self._folder = folder = Path(tempfile.mkdtemp(prefix="banyan-build-"))
        why_not = _missing() or _compile(Path(self.root), folder)
        if why_not and mode == "always":
            raise SystemExit(f"BANYAN_COMPILE=always, but {why_not}")
        if why_not:
            self.app.display_warning(f"the wheel will be interpreted and slower: {why_not}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"].update(_made(folder))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Leave nothing behind."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _missing() -> str:
    """What a compilation would lack, or nothing."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"no C compiler is here ({compiler}; on Debian: apt-get install gcc libc6-dev)"
    header = Path(sysconfig.get_paths()["include"]) / "Python.h"
    if not header.exists():
        return f"Python's headers are not here ({header}; on Debian: apt-get install python3-dev)"
    return ""


def _compile(root: Path, folder: Path) -> str:
    """Compile a copy of the package in `folder`; what went wrong, or nothing."""
    shutil.copytree(root / "proxy", folder / "proxy", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    command = [sys.executable, "-m", "mypyc.__main__", "--config-file=", "--ignore-missing-imports", *COMPILED]
    env = {"MYPYC_OPT_LEVEL": "3", "MYPYC_DEBUG_LEVEL": "0"} | os.environ | {"CFLAGS": _c_flags()}
    ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode:
        said = "\n".join((ran.stdout + ran.stderr).splitlines()[-20:])
        return f"mypyc did not compile it:\n{said}"
    return ""


def _c_flags() -> str:
    """Python's own ask for -Wall, and of a file this long gcc needs half a minute to see how it is indented."""
    return f"{os.environ.get('CFLAGS', '')} -Wno-misleading-indentation".strip()


def _made(folder: Path) -> dict[str, str]:
    """Extension modules and where they belong in the wheel; those below `build` are the compiler's own copies."""
    return {
        str(path): str(path.relative_to(folder))
        for path in sorted(folder.rglob("*.so"))
        if "build" not in path.relative_to(folder).parts
    }
