"""A language server over pipes, as an editor talks to it: enough of LSP 3.17 to open a file and ask about it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parent.parent.parent
SERVER = os.environ.get("BANYAN_YAML_LS") or str(ROOT / ".venv/node/node_modules/.bin/yaml-language-server")
Json = dict[str, Any]


class Editor:
    """Starts the server and stops it; use it in a `with`. A text names its schema in its first line, as users do."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._number = 0
        self._file = ""
        self._settings = {
            "yaml": {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}
        }

    def __enter__(self) -> Self:
        capabilities = {
            "textDocument": {"publishDiagnostics": {}, "completion": {}},
            "workspace": {"configuration": True},
        }
        self.ask("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities})
        self._tell("initialized", {})
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def open(self, text: str) -> list[Json]:
        """The diagnostics of a text, opened as a file of its own."""
        self._number += 1
        self._file = f"file:///project/{self._number}/routes.yaml"
        document = {"uri": self._file, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        while True:
            message = self._read()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == self._file:
                found: list[Json] = message["params"]["diagnostics"]
                return found

    def at(self, question: str, line: int, character: int) -> Any:  # noqa: ANN401 - JSON
        """What the server says of a place, both counted from 0: `completion` or `hover`."""
        place = {"textDocument": {"uri": self._file}, "position": {"line": line, "character": character}}
        return self.ask(f"textDocument/{question}", place)

    def ask(self, method: str, params: object) -> Any:  # noqa: ANN401 - JSON
        """The result of a request; what the server asks meanwhile is answered."""
        self._number += 1
        self._write({"id": self._number, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == self._number and "method" not in message:
                return message["result"]

    def _tell(self, method: str, params: object) -> None:
        self._write({"method": method, "params": params})

    def _write(self, message: Json) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> Json:
        """The next message; requests for settings and registrations are answered on the way."""
        assert self._process.stdout is not None
        length = 0
        while (line := self._process.stdout.readline().strip()) != b"" or not length:
            assert line, "the language server has ended"
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message: Json = json.loads(self._process.stdout.read(length))
        if "method" in message and "id" in message:
            self._write({"id": message["id"], "result": self._answer(message)})
        return message

    def _answer(self, message: Json) -> object:
        if message["method"] == "workspace/configuration":
            return [self._settings.get(item["section"]) for item in message["params"]["items"]]
        return None
