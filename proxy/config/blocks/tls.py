"""`tls:`, of the clients' port and of an upstream.

Rule 1: paths are relative to the directory of routes.yaml, wherever the program was started.
Rule 2: what the files hold is judged in `tls_files`, apart from the text: a file may change without the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path as FilePath
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional
from proxy.config.blocks.server import ServerKeys
from proxy.config.blocks.upstream import UpstreamKeys
from proxy.config.checks.tls_files import ending_soon
from proxy.config.readers import scalars
from proxy.config.readers.errors import fault
from proxy.config.readers.scalars import Choice
from proxy.config.readers.schema_patterns import TEXT, words
from proxy.config.text.problem import FileProblem
from proxy.core.routing.route import HostMode
from proxy.core.tls import VERIFIED, CertificateFiles, ListenerTls, Sni, TlsVersion, UpstreamTls

_HOST = re.compile(r"(?:\*\.)?(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_DEFAULT = VERIFIED
_EITHER = (True, False)
_VERSIONS = {"type": "number", "enum": [float(version) for version in TlsVersion]}
_VERSION_WORDS = {"type": "string", "enum": [version.value for version in TlsVersion]}


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


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


_choose = Choice(TlsVersion)
File = Annotated[str, BeforeValidator(read_path), TEXT]
Host = Annotated[str, BeforeValidator(read_host), TEXT]
ServerName = Annotated[str, BeforeValidator(read_server_name), TEXT]
Version = Annotated[
    TlsVersion,
    BeforeValidator(read_version),
    WithJsonSchema({"anyOf": [_VERSION_WORDS, _VERSIONS]}),
]


SniWord = Annotated[Sni, BeforeValidator(Choice(Sni)), words(Sni)]


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
    verify: scalars.Switch | None = optional(
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


class TlsAtTop(Block):
    """TLS on the clients' port."""

    tls: ListenerTlsBlock | None = optional(
        "TLS on the clients' port. Without it the port speaks plain HTTP.",
        {"cert": "tls/site.pem", "key": "tls/site.key"},
    )


class TlsOfUpstream(Block):
    """TLS with one upstream."""

    tls: UpstreamTlsBlock | None = optional("How it is met, with an https url.", {"ca": "tls/ca.pem"})


class _Upstream(UpstreamKeys, TlsOfUpstream):
    """What the rules here ask of an upstream."""


def tls_is_whole(draft: Draft) -> Iterator[FileProblem]:
    """TLS is for https; a certificate has a key; what is not verified needs no authority."""
    for name, block in draft.of_upstreams(_Upstream).items():
        path, tls = ("upstreams", name, "tls"), block.tls
        if tls is None:
            continue
        if any(place.scheme != "https" for place in block.places):
            yield draft.problem(path, "is for an https url; write url: https://…, or take tls out", at_key=True)
        for one, other in (("cert", "key"), ("key", "cert")):
            if getattr(tls, one) and not getattr(tls, other):
                yield draft.problem((*path, one), f"has no {other} to go with it; write {other} too", at_key=True)
        if tls.sni is Sni.HOST and tls.server_name:
            what = "is not looked at with sni: host; take one of them out"
            yield draft.problem((*path, "server_name"), what, at_key=True)
        if tls.sni is Sni.HOST and block.host is HostMode.UPSTREAM:
            what = "follows nothing with host: upstream, which is the url's own; take one of them out"
            yield draft.problem((*path, "sni"), what, at_key=True)
        if tls.verify is False and tls.ca:
            yield draft.problem((*path, "ca"), "is not looked at with verify: false; take one of them out", at_key=True)


def sockets_speak_plain(draft: Draft) -> Iterator[FileProblem]:
    """TLS is for a port: whoever may open a socket's path is on this machine."""
    if draft.top(ServerKeys).listen.is_unix and draft.top(TlsAtTop).tls is not None:
        message = "is for an address and a port, and listen is a socket, which speaks plain HTTP; take one of them out"
        yield draft.problem(("tls",), message, at_key=True)


def unverified_upstreams(draft: Draft) -> Iterator[FileProblem]:
    """Whoever stands on the way to such an upstream reads and changes everything."""
    for name, block in draft.of_upstreams(TlsOfUpstream).items():
        if block.tls is not None and block.tls.verify is False:
            message = (
                "takes any certificate, so anyone on the way can be this upstream; name its authority in ca instead"
            )
            yield draft.problem(("upstreams", name, "tls", "verify"), message)


def names_apart(draft: Draft) -> Iterator[FileProblem]:
    """An https upstream that is asked for one name by TLS, and sees another as Host."""
    for name, block in draft.of_upstreams(_Upstream).items():
        keeps = block.host is not HostMode.UPSTREAM and (block.tls is None or block.tls.sni is None)
        if keeps and any(place.scheme == "https" for place in block.places):
            asked = (block.tls and block.tls.server_name) or block.places[0].host
            message = (
                f"is asked for {asked} by TLS (SNI) and sees the client's Host, which strict servers answer with 421; "
                "write tls: {sni: host} or host: upstream, or tls: {sni: upstream} where it takes both"
            )
            yield draft.problem(("upstreams", name), message, at_key=True)


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
    for block in blocks:
        cert, key = _path(block.cert, directory), _path(block.key, directory)
        yield CertificateFiles(cert=cert, key=key, hosts=tuple(block.hosts or ()))


def _path(written: str | None, directory: str) -> str:
    return str(FilePath(directory, written)) if written else ""


def _at_top(keys: TlsAtTop, draft: Draft) -> Mapping[str, object]:
    return {"tls": listener_tls(keys.tls, draft.directory)}


def _of_upstream(keys: TlsOfUpstream, draft: Draft) -> Mapping[str, object]:
    return {"tls": upstream_tls(keys.tls, draft.directory)}


TLS = Section(
    top=KeysAt(TlsAtTop, _at_top),
    upstream=KeysAt(TlsOfUpstream, _of_upstream),
    checks=(tls_is_whole, sockets_speak_plain),
    warnings=(unverified_upstreams, names_apart, ending_soon),
)
