"""What tests of TLS ask of a listener: which certificate it shows, and to look at its files now."""

from __future__ import annotations

import asyncio
import ssl

from tests.edge.proxy import Proxy


def look(proxy: Proxy) -> None:
    """As a worker does every second."""
    for _, each in proxy.listener.kept:
        each.refresh()


async def shown(proxy: Proxy, context: ssl.SSLContext, name: str) -> str:
    """The names of the certificate that a client gets who asks for `name`."""
    client = await proxy.client(tls=context, name=name)
    found = client.writer.get_extra_info("peercert")["subjectAltName"]
    client.close()
    return " ".join(value for _, value in found if not value.startswith("*"))


def serial(writer: asyncio.StreamWriter) -> str:
    """Of the certificate that was shown."""
    return str(writer.get_extra_info("peercert")["serialNumber"])
