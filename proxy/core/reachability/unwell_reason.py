"""Why an upstream is unwell, as it says itself on its health path.

Rule 1: what is plain text is repeated, on one line and up to a length; pages and documents are not.
Rule 2: where a connector of Cloud SQL speaks, it says what is missing, and its connection name in which project: it is
        the upstream's own account that lacks it, not the one that Banyan calls as.
Sources: cloud-sql-proxy and the connectors of Cloud SQL, which repeat the error of the Cloud SQL Admin API.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from proxy.core.one_line import one_line

MOST = 200
"""Characters that are repeated."""
CLIENT = "roles/cloudsql.client"
"""The narrowest predefined role by which an instance can be opened."""
_CONNECTION = re.compile(r'connection name = "([\w.:-]+):[\w-]+:([\w-]+)"')
_PERMISSION = re.compile(r"missing permission (cloudsql(?:\.\w+){2,})")
_API_IS_OFF = re.compile(r"has not been used in project ([\w.:-]+) before or it is disabled")
_SERVICE = re.compile(r"/apis/api/([\w.-]+)/overview")


class UnwellReason(NamedTuple):
    """`said` is why; `cure` what to do there, empty: nobody knows."""

    said: str
    cure: str = ""


def unwell_reason(body: str) -> UnwellReason | None:
    """Of the answer's body; None where it says nothing that could be repeated."""
    text = " ".join(body.split())
    if not text or text[0] in "<{[":
        return None
    return _by_connector(text) or UnwellReason(one_line(text)[:MOST])


def _by_connector(text: str) -> UnwellReason | None:
    """Rule 2."""
    connection = _CONNECTION.search(text)
    if connection is None:
        return None
    off, service = _API_IS_OFF.search(text), _SERVICE.search(text)
    if off is not None and service is not None:
        cure = f"gcloud services enable {service[1]} --project {off[1]}"
        return UnwellReason(f"the API {service[1]} is off in project {off[1]}", cure)
    permission = _PERMISSION.search(text)
    if permission is None:
        return None
    project, instance = connection.groups()
    said = f"{permission[1]} is missing on the instance {instance} in project {project}"
    return UnwellReason(said, f"grant {CLIENT} in project {project} to the account that it runs as")
