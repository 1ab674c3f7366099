"""The `tls` blocks of the listener and of an upstream, and the values that they stand for.

Rule 1: paths are relative to the directory of routes.yaml, wherever the program was started.
Rule 2: what the files hold is judged in `tls_files`, apart from the text: a file may change without the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.blocks.base_block import Block, needed, optional
from proxy.config.readers.errors import fault
from proxy.config.readers.scalars import Choice
from proxy.core.tls import VERIFIED, CertificateFiles, ListenerTls, Sni, TlsVersion, UpstreamTls

_HOST = re.compile(r"(?:\*\.)?(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_DEFAULT = VERIFIED
_EITHER = (True, False)
_VERSION_SCHEMA = {"type": "string", "enum": [each.value for each in TlsVersion]}


def read_path(value: object) -> str:
    """The path of a file."""
    if isinstance(value, str) and value and "\0" not in value and "\n" not in value:
        return str(value)
    cure = "write the path of a file that holds it" if isinstance(value, str) and "-----BEGIN" in value else ""
    raise fault("must be the path of a file in PEM form", got="" if cure else None, cure=cure)


def read_host(value: object) -> str:
    """A host, an address, or `*.` and a host; in lower case."""
    if isinstance(value, str) and (_HOST.fullmatch(value) or _is_ip(value)):
        return value.lower()
    raise fault('must be a host such as api.example.com, or "*.example.com"')


def read_server_name(value: object) -> str:
    """The same without `*`."""
    if isinstance(value, str) and "*" not in value and (_HOST.fullmatch(value) or _is_ip(value)):
        return value.lower()
    raise fault("must be the name that the certificate holds, such as legacy.internal")


def read_version(value: object) -> TlsVersion:
    """`"1.2"` or `"1.3"`; YAML reads them as numbers when they stand without quotes."""
    return _choose(f"{value:g}" if isinstance(value, float) else value)


def read_switch(value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise fault("must be true or false")


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


_choose = Choice(TlsVersion)
File = Annotated[str, BeforeValidator(read_path), WithJsonSchema({"type": "string"})]
Host = Annotated[str, BeforeValidator(read_host), WithJsonSchema({"type": "string"})]
ServerName = Annotated[str, BeforeValidator(read_server_name), WithJsonSchema({"type": "string"})]
Version = Annotated[
    TlsVersion,
    BeforeValidator(read_version),
    WithJsonSchema({"anyOf": [_VERSION_SCHEMA, {"type": "number", "enum": [1.2, 1.3]}]}),
]
Switch = Annotated[bool, BeforeValidator(read_switch), WithJsonSchema({"type": "boolean"})]


SniWord = Annotated[
    Sni, BeforeValidator(Choice(Sni)), WithJsonSchema({"type": "string", "enum": [each.value for each in Sni]})
]


class UpstreamTlsBlock(Block):
    """How an upstream with an https url is met."""

    ca: File | None = optional(
        "Authorities that may sign its certificate, instead of the system's own; or its very certificate.", "tls/ca.pem"
    )
    cert: File | None = optional("Banyan's own certificate with its chain, for an upstream that asks.", "tls/me.pem")
    key: File | None = optional("The key of cert.", "tls/me.key")
    server_name: ServerName | None = optional(
        "The name that it is asked for (SNI) and that its certificate must hold. Default the url's host.",
        "new.internal",
    )
    sni: SniWord | None = optional(
        "host: the name follows the Host that the request carries, with connections for each name; upstream, the "
        "default: server_name, or the url's host.",
        Sni.HOST.value,
    )
    verify: Switch | None = optional(
        "false takes any certificate: anyone on the way may read and change everything. Default true.",
        *_EITHER,
    )
    min_version: Version | None = optional(f"The oldest version spoken. Default {_DEFAULT.min_version}.", "1.3")


class CertificateBlock(Block):
    """One certificate more."""

    cert: File = needed("A certificate with its chain, in PEM form.", "tls/shop.pem")
    key: File = needed("Its key, without a password.", "tls/shop.key")
    hosts: list[Host] | None = optional("For which hosts. Default the names that it holds.", ["shop.example.com"])


class ListenerTlsBlock(Block):
    """TLS on the clients' port: with it, the port speaks nothing else."""

    cert: File = needed(
        "A certificate with its chain, in PEM form; for clients that name no other host.", "tls/site.pem"
    )
    key: File = needed("Its key, without a password.", "tls/site.key")
    more: list[CertificateBlock] | None = optional(
        "Certificates for other hosts, chosen by the name that a client asks for.",
        [{"cert": "tls/shop.pem", "key": "tls/shop.key"}],
    )
    client_ca: File | None = optional(
        "Only clients with a certificate that these authorities have signed are let in.", "tls/clients.pem"
    )
    min_version: Version | None = optional(f"The oldest version spoken. Default {_DEFAULT.min_version}.", "1.3")


def listener_tls(block: ListenerTlsBlock | None, directory: str) -> ListenerTls | None:
    """The value of the block; paths from `directory`."""
    if block is None:
        return None
    first = CertificateBlock(cert=block.cert, key=block.key, hosts=None)
    return ListenerTls(
        certificates=tuple(_certificates([first, *(block.more or ())], directory)),
        client_ca=_path(block.client_ca, directory),
        min_version=block.min_version or _DEFAULT.min_version,
    )


def upstream_tls(block: UpstreamTlsBlock | None, directory: str) -> UpstreamTls:
    """The value of the block; paths from `directory`."""
    if block is None:
        return _DEFAULT
    return UpstreamTls(
        ca=_path(block.ca, directory),
        cert=_path(block.cert, directory),
        key=_path(block.key, directory),
        server_name=block.server_name or "",
        sni=block.sni or _DEFAULT.sni,
        verify=block.verify is not False,
        min_version=block.min_version or _DEFAULT.min_version,
    )


def _certificates(blocks: Iterable[CertificateBlock], directory: str) -> Iterable[CertificateFiles]:
    for each in blocks:
        cert, key = _path(each.cert, directory), _path(each.key, directory)
        yield CertificateFiles(cert=cert, key=key, hosts=tuple(each.hosts or ()))


def _path(written: str | None, directory: str) -> str:
    return str(Path(directory, written)) if written else ""
