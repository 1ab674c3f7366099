"""The token that a command shows to the admin port, where it was found, and what to say when it is not the right one.

Rule 1: BANYAN_ADMIN_TOKEN comes first; else an order takes the one in the state directory of its routes.yaml.
Rule 2: what stands in that directory is shown to loopback alone, whatever address was named.
Rule 3: no message holds the token.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from proxy.config.files import admin_token, lastgood


@dataclass(frozen=True, slots=True, kw_only=True)
class SentToken:
    """`text` is empty where none was found; `fault` ends the sentence "it wants a token, and …".

    `way_out` says what to do where the directory is another user's; else the refusal says where its token stands.
    `gone`: where one was looked for, and none is.
    """

    text: str = field(repr=False)
    fault: str
    way_out: str = ""
    gone: str = ""

    def field(self) -> bytes:
        """The value of `Authorization`; empty without a token."""
        return b"Bearer " + self.text.encode("utf-8", "surrogateescape") if self.text else b""

    def cure(self, detail: str) -> str:
        """What to do, where the answer's sentence was `detail`."""
        if self.way_out:
            return self.way_out
        if self.gone and self.gone in detail:
            return f"It was made there and is gone: start Banyan anew, which makes a new one in {self.gone}."
        if admin_token.NAME in detail:
            return (
                f"It says: {detail}. Commands find it there: name its routes.yaml with --config (and set "
                f"{lastgood.VARIABLE} as it is set there), and leave {admin_token.VARIABLE} unset."
            )
        return f"Set {admin_token.VARIABLE} to the one it uses."


def token_from_environment() -> SentToken:
    """The one that is set, or none."""
    token = admin_token.token_set(os.environ)
    return SentToken(
        text=token, fault=f"{admin_token.VARIABLE} {'is not accepted there' if token else 'is not set here'}"
    )


def sent_token(base: str, config: Path) -> SentToken:
    """The one for an order at this admin address."""
    token = token_from_environment()
    return token if token.text or not _is_loopback(base) else _kept(admin_token.place(config, os.environ))


def _kept(path: Path) -> SentToken:
    unset = f"{admin_token.VARIABLE} is not set here"
    try:
        return SentToken(text=admin_token.read(path), fault=f"the one in {path} is not accepted there")
    except (FileNotFoundError, NotADirectoryError):
        return SentToken(text="", fault=f"{unset}, nor is there one in {path}", gone=str(path))
    except PermissionError:
        return SentToken(
            text="", fault=f"{unset}, and {path} may be read by its user alone", way_out=_as_its_user(path)
        )
    except OSError as error:
        return SentToken(text="", fault=f"{unset}, and {error}", way_out="Then start Banyan anew.")


def _as_its_user(path: Path) -> str:
    owner = _owner(path) or _owner(path.parent) or "USER"
    return f"Give the command as the user that runs Banyan (sudo -u {owner} banyan …), or set {admin_token.VARIABLE}."


def _owner(path: Path) -> str:
    """The user's name, or number where it has none; empty where even that is hidden."""
    try:
        return path.owner()
    except KeyError:
        return f"'#{path.stat().st_uid}'"
    except OSError:
        return ""


def _is_loopback(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
