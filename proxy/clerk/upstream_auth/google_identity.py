"""An identity token of Google, by google-auth: from the metadata server, or by a key file that the environment names.

Rule 1: google-auth waits where it runs, so it runs in a thread.
Rule 2: of what went wrong its error says a type alone; what was answered is kept as it came, and the log has what that
        says is missing.
Rule 3: its own default asks first whether there is a metadata server, at an address of its own; where no key file is
        named we take it that there is one, at GCE_METADATA_HOST or where Google has it.
"""

from __future__ import annotations

import ast
import json
import os
from datetime import UTC
from typing import Any, Final

from proxy.clerk.upstream_auth.source_error import MOST_ANSWERED, SourceAnswer, SourceError
from proxy.core.reachability.google_refusal import GoogleAnswer, google_missing
from proxy.core.secret import Secret
from proxy.core.upstream_auth.bearer import end_in, is_bearer
from proxy.core.upstream_auth.token_source import GoogleIdentity, IssuedToken

KEY_FILE = "GOOGLE_APPLICATION_CREDENTIALS"
_BORROWED: Final = "Error getting ID token: "
_FIRST_BAD: Final = 400


def fetch_google_identity(source: GoogleIdentity, now: float) -> IssuedToken:
    """SourceError when there is none."""
    try:
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 -- an extra
        from google.auth.transport.requests import Request  # noqa: PLC0415 -- the same
    except ImportError:
        raise SourceError("google-auth is not installed: install banyan-proxy[google]") from None
    request = _Heard(Request())
    try:
        credentials = _credentials(source.audience, request)
        credentials.refresh(request)
    except (GoogleAuthError, LookupError, TypeError, ValueError) as error:  # also of an answer that is none of its
        raise _refused(error, request.answered) from None
    return _issued(str(credentials.token or ""), credentials.expiry, now)


class _Heard:
    """google-auth's own way to ask, which keeps what was answered last, if that was no token."""

    def __init__(self, request: Any) -> None:  # noqa: ANN401 -- google-auth has few types
        self._request = request
        self.answered: SourceAnswer | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- as its own
        answer = self._request(*args, **kwargs)
        body = bytes(answer.data or b"")[:MOST_ANSWERED].decode("utf-8", "replace")
        self.answered = None if answer.status < _FIRST_BAD else SourceAnswer(answer.status, body)
        return answer

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- what else it has
        return getattr(self._request, name)


def _refused(error: Exception, heard: SourceAnswer | None) -> SourceError:
    """Rule 2."""
    answered, sentence = _told(str(error)) or heard, f"google-auth: {type(error).__name__}"
    if answered is None:
        return SourceError(sentence)
    missing = google_missing(GoogleAnswer(status=answered.status, body=answered.body, making=True))
    told = missing.said if missing else f"answered {answered.status}"
    return SourceError(f"{sentence}: {told}", answered)


def _told(text: str) -> SourceAnswer | None:
    """The answer for an account that is borrowed: iamcredentials is asked by another session, and google-auth has what
    it said in its error, as Python writes a mapping.
    """
    if not text.startswith(_BORROWED) or len(text) > MOST_ANSWERED:
        return None
    try:
        said = ast.literal_eval(text.removeprefix(_BORROWED))
        status = int(said["error"]["code"])
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError):
        return None
    return SourceAnswer(status, json.dumps(said))


def _credentials(audience: str, request: Any) -> Any:  # noqa: ANN401 -- google-auth has few types
    """Rule 3."""
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
