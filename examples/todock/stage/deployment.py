"""What the systems are told of each other, and the identity provider, which has a key and knows the members."""

from __future__ import annotations

import json
import secrets
import socket
from pathlib import Path

from joserfc.jwk import RSAKey

from examples.stage.children import Child, Children
from examples.stage.stores import Store
from examples.todock.stage.parts import Parts
from examples.todock.systems.settings import FIRST_NUMBER, MEMBERS, UNCONFIRMED, Settings

SYSTEMS = Path(__file__).parents[1] / "systems"


def start_provider(children: Children, parts: Parts, folder: Path, where: Settings) -> Child:
    """Npm's oidc-provider; its key is made at its first start."""
    file = folder / "provider-keys.json"
    if not file.exists():
        key = {**RSAKey.generate_key(2048).as_dict(private=True), "kid": "key-1", "use": "sig", "alg": "RS256"}
        file.write_text(json.dumps({"keys": [key]}), encoding="ascii")
    words = (parts.modules, file, where.provider, FIRST_NUMBER, MEMBERS, UNCONFIRMED)
    script, number = str(SYSTEMS / "id_provider.mjs"), len(list(folder.glob("identity-provider-*.log"))) + 1
    return children.start(f"identity-provider-{number}", [parts.node, script, *map(str, words)])


def settings_of(ports: list[int], listeners: dict[str, socket.socket], delivery: Store, orders: Store) -> Settings:
    """The first of the ports are the delivery server's and the provider's."""
    bound = {name: int(each.getsockname()[1]) for name, each in listeners.items()}
    return Settings(
        delivery=ports[0],
        provider=ports[1],
        points=bound["points"],
        history=bound["history"],
        invoice=bound["invoice"],
        card=bound["card"],
        orders=bound["orders"],
        delivery_store=delivery.address("delivery"),
        orders_store=orders.address("service"),
        echo_key=secrets.token_hex(16),
        release=1,
    )


def variables_of(
    where: Settings, first: tuple[int, int], walled: str, delivery: Store, orders: Store
) -> dict[str, str]:
    """What routes.yaml and the systems find in their environment; `first`: ports of the Banyan that gets commands."""
    return {
        **where.variables,
        "TODOCK_BANYAN": str(first[0]),
        "TODOCK_ADMIN": str(first[1]),
        "TODOCK_STATE": orders.address("postgres", "banyan"),
        "TODOCK_DELIVERY_READER": delivery.address("reader"),
        "TODOCK_ORDERS_READER": orders.address("reader"),
        "TODOCK_INVOICE_DIRECT": walled,
        "TODOCK_INVOICE_DETOUR": f"127.0.0.1:{where.invoice}",
        "BANYAN_STATE_DIR": str(delivery.folder.parent / ".banyan-1"),
    }
