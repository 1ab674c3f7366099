"""What an error of the system says of the way to an address: who has to change what.

Rule 1: no way from here, refused, and silence are three things: a routing table, a program that is not there, and
        something between that drops packets.
"""

from __future__ import annotations

import errno

from proxy.core.reachability.finding import End, Finding, ProbeRow, failed

_NONE_LEFT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


def no_way(host: str, words: str) -> Finding:
    """The kernel has no route to it; `words` are the system's own."""
    cure = f"this host has no route to {host} (ip route get {host}): add one, or use an address that it reaches"
    return failed(ProbeRow.SOURCE, f"unreachable: {words.lower()}", End.HERE, cure)


def silent(where: str, length: float) -> Finding:
    """Nothing came within `length` seconds."""
    cure = (
        f"something drops the packets, or its queue is full: let this host through to {where}, or see whether it lives"
    )
    return failed(ProbeRow.CONNECT, f"timed out: no answer within {length:g} s", End.THERE, cure)


def own_address(where: str) -> Finding:
    """Banyan would ask itself."""
    cure = "let the name stand for the system behind Banyan: requests would be answered with 508"
    return failed(ProbeRow.CONNECT, f"{where} is where this routes.yaml listens: a loop", End.HERE, cure)


def connect_failed(where: str, number: int | None, words: str) -> Finding:
    """The errno of a connect, None: it has none; `words` are the system's own."""
    said = words[:1].lower() + words[1:]
    if number == errno.ECONNREFUSED:
        cure = f"nothing listens at {where}: start it there, or name another port in routes.yaml"
        return failed(ProbeRow.CONNECT, "refused", End.THERE, cure)
    if number in _NO_WAY:
        return no_way(where, words)
    if number == errno.EHOSTUNREACH:
        cure = f"a router, or a firewall that says so, knows no way to {where}: see whether the host is up"
        return failed(ProbeRow.CONNECT, f"unreachable: {said}", End.THERE, cure)
    if number in (errno.EACCES, errno.EPERM):
        return failed(
            ProbeRow.CONNECT, said, End.HERE, f"let this user connect to {where} (file mode, firewall, sandbox)"
        )
    if number == errno.ENOENT:
        return failed(ProbeRow.CONNECT, said, End.THERE, f"there is no socket {where}: start what listens, or mend url")
    if number in _NONE_LEFT:
        return failed(ProbeRow.CONNECT, said, End.HERE, "raise the limit on open files (ulimit -n), or free memory")
    return failed(ProbeRow.CONNECT, said, End.THERE, f"see what stands between here and {where}")
