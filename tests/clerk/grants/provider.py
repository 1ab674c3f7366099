"""A real OpenID provider whose refresh tokens are good once, as a process, and a client of its token endpoint."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

SCRIPT = Path(__file__).with_name("provider.mjs")
MODULES = os.environ.get("BANYAN_NODE_MODULES") or str(Path(__file__).parents[3] / ".venv/node/node_modules")
SECRET = "card-secret"


@dataclass(slots=True)
class Provider:
    """`npm oidc-provider` with a file below `folder`; `counts` says what it did."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> Provider:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = self.port or free.getsockname()[1]
        command = ["node", str(SCRIPT), MODULES, str(self.folder / "provider.jsonl"), str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout is not None
        while (line := self.process.stdout.readline()) != b"listening\n":
            assert line, f"the provider did not start: {command}"
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    def _ask(self, path: str, **parameters: str | float) -> dict[str, Any]:
        query = urlencode(parameters)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}?{query}", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def mint(self, *accounts: str, client: str = "card", kind: str = "refresh") -> list[str]:
        """Refresh tokens (or codes) of new grants of these accounts."""
        found: list[str] = self._ask("/_mint", kind=kind, client=client, accounts=",".join(accounts))["tokens"]
        return found

    def break_(self, **fault: float) -> None:
        """What goes wrong from now on, see provider.mjs; nothing: nothing does."""
        self._ask("/_fault", **fault)

    def spend(self, token: str) -> None:
        """Use a token behind Banyan's back."""
        self._ask("/_spend", token=token, authorization=basic())

    def counts(self) -> dict[str, int]:
        return self._ask("/_counts")

    def alive(self) -> set[str]:
        """Accounts with a refresh token that was not used."""
        return set(self._ask("/_alive")["alive"])


def basic(client: str = "card", secret: str = SECRET) -> str:
    return "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()
