"""How the card product calls others: a connection for each call, from its own address."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from examples.accounts.systems.settings import CARD_ADDRESS, CLIENT, CLIENT_SECRET

PATIENCE = 30.0
FORM = "application/x-www-form-urlencoded"
_BASIC = "Basic " + base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".encode()).decode()


@dataclass(frozen=True, slots=True)
class CardReply:
    """What came back; `body` is read JSON."""

    status: int
    body: Any


def call(port: int, method: str, path: str, body: str = "", **fields: str) -> CardReply:
    """Ask 127.0.0.1:`port`; `_` in a field's name stands for `-`."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE, source_address=(CARD_ADDRESS, 0))
    try:
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        connection.request(method, path, body or None, {"User-Agent": "card-product/7", **named})
        answer = connection.getresponse()
        data = answer.read()
        return CardReply(answer.status, json.loads(data) if data else None)
    finally:
        connection.close()


def ask_for_tokens(port: int, form: Mapping[str, str]) -> CardReply:
    """The aggregator's token endpoint, wherever the deployment says that it is."""
    return call(port, "POST", "/token", urlencode(form), Authorization=_BASIC, Content_Type=FORM)
