"""An identity token of Google, by google-auth: from the metadata server, or a key file that the environment names.

Rule: google-auth waits where it runs, so it runs in a thread.
"""

from __future__ import annotations

from datetime import UTC

from proxy.clerk.upstream_auth.source_error import SourceError
from proxy.core.secret import Secret
from proxy.core.upstream_auth.bearer import end_in, is_bearer
from proxy.core.upstream_auth.token_source import GoogleIdentity, IssuedToken


def fetch_google_identity(source: GoogleIdentity, now: float) -> IssuedToken:
    """SourceError when there is none."""
    try:
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 -- an extra
        from google.auth.transport.requests import Request  # noqa: PLC0415 -- the same
        from google.oauth2.id_token import fetch_id_token_credentials  # noqa: PLC0415 -- the same
    except ImportError:
        raise SourceError("google-auth is not installed: install banyan-proxy[google]") from None
    try:
        request = Request()
        credentials = fetch_id_token_credentials(source.audience, request=request)  # type: ignore[no-untyped-call]
        credentials.refresh(request)
    except GoogleAuthError as error:
        raise SourceError(f"google-auth: {type(error).__name__}") from None
    token = str(credentials.token or "")
    if not is_bearer(token):
        raise SourceError("google-auth has given no token")
    expiry = credentials.expiry
    ends = end_in(token) if expiry is None else expiry.replace(tzinfo=UTC).timestamp()
    if not ends > now:
        raise SourceError("the token has ended already")
    return IssuedToken(token=Secret(token), issued=now, ends=ends)
