"""An identity token of Google, by google-auth: from the metadata server, or by a key file that the environment names.

Rule 1: google-auth waits where it runs, so it runs in a thread.
Rule 2: its own default asks first whether there is a metadata server, at an address of its own; where no key file is
        named we take it that there is one, at GCE_METADATA_HOST or where Google has it.
"""

from __future__ import annotations

import os
from datetime import UTC
from typing import Any

from proxy.clerk.upstream_auth.source_error import SourceError
from proxy.core.secret import Secret
from proxy.core.upstream_auth.bearer import end_in, is_bearer
from proxy.core.upstream_auth.token_source import GoogleIdentity, IssuedToken

KEY_FILE = "GOOGLE_APPLICATION_CREDENTIALS"


def fetch_google_identity(source: GoogleIdentity, now: float) -> IssuedToken:
    """SourceError when there is none."""
    try:
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 -- an extra
        from google.auth.transport.requests import Request  # noqa: PLC0415 -- the same
    except ImportError:
        raise SourceError("google-auth is not installed: install banyan-proxy[google]") from None
    try:
        request = Request()
        credentials = _credentials(source.audience, request)
        credentials.refresh(request)
    except (GoogleAuthError, LookupError, TypeError, ValueError) as error:  # also of an answer that is none of its
        raise SourceError(f"google-auth: {type(error).__name__}") from None
    return _issued(str(credentials.token or ""), credentials.expiry, now)


def _credentials(audience: str, request: Any) -> Any:  # noqa: ANN401 -- google-auth has few types
    """Rule 2."""
    if os.environ.get(KEY_FILE):
        from google.oauth2.id_token import fetch_id_token_credentials  # noqa: PLC0415 -- an extra

        return fetch_id_token_credentials(audience, request=request)  # type: ignore[no-untyped-call]
    from google.auth.compute_engine import IDTokenCredentials  # noqa: PLC0415 -- an extra

    return IDTokenCredentials(request, audience, use_metadata_identity_endpoint=True)  # type: ignore[no-untyped-call]


def _issued(token: str, expiry: Any, now: float) -> IssuedToken:  # noqa: ANN401 -- a time without a zone, or None
    if not is_bearer(token):
        raise SourceError("google-auth has given no token")
    ends = end_in(token) if expiry is None else expiry.replace(tzinfo=UTC).timestamp()
    if not ends > now:
        raise SourceError("the token has ended already")
    return IssuedToken(token=Secret(token), issued=now, ends=ends)
