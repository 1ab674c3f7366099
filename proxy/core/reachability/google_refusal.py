"""What Google's error bodies say is missing, and in which project (google.rpc.ErrorInfo, AIP-193).

Rule 1: what the body names is repeated as it stands: a permission, a service, a resource; a role is ours to suggest.
Rule 2: a body that is not Google's, or says nothing of the kind, is nobody's business here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

ROLES: Mapping[str, str] = {
    "run.routes.invoke": "roles/run.invoker",
    "cloudfunctions.functions.invoke": "roles/cloudfunctions.invoker",
    "iap.webServiceVersions.accessViaIAP": "roles/iap.httpsResourceAccessor",
    "iam.serviceAccounts.getOpenIdToken": "roles/iam.serviceAccountOpenIdTokenCreator",
    "iam.serviceAccounts.getAccessToken": "roles/iam.serviceAccountTokenCreator",
    "cloudsql.instances.connect": "roles/cloudsql.client",
    "cloudsql.instances.login": "roles/cloudsql.instanceUser",
}
"""The narrowest predefined role that has a permission."""
_PERMISSION = re.compile(
    r"[Pp]ermission ['\"]?([a-z][\w-]*(?:\.\w+){2,})['\"]?(?: denied)?(?: on (?:resource )?['\"]?([\w/.:@-]+))?"
)
_INVOKER = re.compile(r"does not have permission to (?:get URL|the requested URL)")
_PROJECT = re.compile(r"projects/([\w:.-]+)")


class Missing(NamedTuple):
    """`said` is what is missing; `cure` what to do there."""

    said: str
    cure: str


def google_missing(body: str) -> Missing | None:
    """What this body of a refusal says is missing; None where it does not say."""
    if _INVOKER.search(body):
        return Missing("the caller may not invoke the service", "grant roles/run.invoker on it to whom Banyan calls as")
    error = _error(body)
    if error is None:
        return None
    return next(_by_details(error), None) or _by_message(str(error.get("message", "")))


def _error(body: str) -> Mapping[str, object] | None:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return None
    error = read.get("error") if isinstance(read, dict) else None
    return error if isinstance(error, dict) else None


def _by_details(error: Mapping[str, object]) -> Iterator[Missing]:
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        match detail:
            case {"reason": "SERVICE_DISABLED", "metadata": {"service": str(service), "consumer": str(consumer)}}:
                project = consumer.removeprefix("projects/")
                cure = f"gcloud services enable {service} --project {project}"
                yield Missing(f"the API {service} is off in project {project}", cure)
            case {"reason": "IAM_PERMISSION_DENIED", "metadata": {"permission": str(permission), **rest}}:
                yield _permission(permission, str(rest.get("resource", "")))
            case _:
                pass


def _by_message(message: str) -> Missing | None:
    found = _PERMISSION.search(message)
    return None if found is None else _permission(found[1], (found[2] or "").rstrip("."))


def _permission(permission: str, resource: str) -> Missing:
    project = _PROJECT.search(resource)
    where = f" in project {project[1]}" if project and project[1] != "-" else ""
    on = f" on {resource.removeprefix('//')}" if resource else ""
    role = ROLES.get(permission, f"a role that has {permission}")
    return Missing(f"{permission} is missing{on}{where}", f"grant {role}{where} to whom Banyan calls as")
