"""UpstreamCredentials of AWS: from the environment, from a file of profiles, or from wherever botocore finds them."""

from __future__ import annotations

import configparser
import functools
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proxy.clerk.upstream_auth.source_error import SourceError
from proxy.core.secret import Secret
from proxy.core.upstream_auth.token_source import AwsFile, IssuedToken

_NEVER = float("inf")


def fetch_from_environment(now: float, environment: Mapping[str, str] = os.environ) -> IssuedToken:
    """SourceError when there is none."""
    key, secret = environment.get("AWS_ACCESS_KEY_ID", ""), environment.get("AWS_SECRET_ACCESS_KEY", "")
    if not (key and secret):
        raise SourceError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both in the environment")
    return _issued(key, secret, environment.get("AWS_SESSION_TOKEN", ""), now)


def fetch_from_file(source: AwsFile, now: float) -> IssuedToken:
    """SourceError when there is none, OSError when the file cannot be read."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(Path(source.path).read_text(encoding="utf-8"))
        profile = dict(parser.items(source.profile))
    except configparser.NoSectionError:
        raise SourceError(f"the file has no profile {source.profile}") from None
    except (configparser.Error, UnicodeDecodeError):
        raise SourceError("the file is no file of profiles") from None
    key, secret = profile.get("aws_access_key_id", ""), profile.get("aws_secret_access_key", "")
    if not (key and secret):
        raise SourceError(f"the profile {source.profile} has no aws_access_key_id, or no aws_secret_access_key")
    return _issued(key, secret, profile.get("aws_session_token", ""), now)


def fetch_by_chain(now: float) -> IssuedToken:
    """Botocore renews by itself what it can; SourceError when there is none. It waits: run it in a thread."""
    found = _chain()
    if found is None:
        raise SourceError("botocore has found no credentials")
    try:
        frozen = found.get_frozen_credentials()
    except Exception as error:  # noqa: BLE001 -- whatever it is, there are none
        raise SourceError(f"botocore: {type(error).__name__}") from None
    ends = getattr(found, "_expiry_time", None)  # it has no public name
    issued = _issued(frozen.access_key, frozen.secret_key, frozen.token or "", now)
    return issued if not isinstance(ends, datetime) else _until(issued, ends.astimezone(UTC).timestamp())


@functools.cache
def _chain() -> Any:  # noqa: ANN401 -- botocore has no types
    try:
        from botocore.session import Session  # noqa: PLC0415 -- an extra
    except ImportError:
        raise SourceError("botocore is not installed: install banyan-proxy[aws]") from None
    return Session().get_credentials()


def _issued(key: str, secret: str, session: str, now: float) -> IssuedToken:
    if not (key.isascii() and key.isprintable() and session.isascii() and (session + "x").isprintable()):
        raise SourceError("the credentials hold characters that no field may")
    return IssuedToken(token=Secret(secret), issued=now, access_key=key, session=Secret(session))


def _until(token: IssuedToken, ends: float) -> IssuedToken:
    return IssuedToken(
        token=token.token, issued=token.issued, ends=ends, access_key=token.access_key, session=token.session
    )
