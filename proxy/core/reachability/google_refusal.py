"""What Google's answers say is missing: a role, in which project and to whom it is to be granted; or an API.

Rule 1: what an answer names is repeated as it stands: a permission, a service, a resource, a project; a role is ours to
        suggest, and so is whose project it is, where the answer does not say that.
Rule 2: a token is made in the caller's project, and a service is called in the callee's.
Rule 3: an answer that is not Google's, or says nothing of the kind, is nobody's business here.
Sources: google.rpc.ErrorInfo (AIP-193); answers of iamcredentials `generateIdToken`, of the metadata servers of Compute
Engine and GKE, of the front ends of Cloud Run and IAP.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from proxy.core.one_line import one_line
from proxy.core.reachability.finding import End
from proxy.core.reachability.google_parties import NOBODY, GoogleParties, Party

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
_OF_CALLER = ("iam.", "iamcredentials.", "sts.")
"""How permissions and services begin that are of the account that Banyan calls as."""
_PERMISSION = re.compile(
    r"[Pp]ermission ['\"]?([a-z][\w-]*(?:\.\w+){2,})['\"]?(?: denied)?(?: on (?:resource )?['\"]?([\w/.:@-]+))?"
)
_API_IS_OFF = re.compile(
    r"has not been used in project ([\w:.-]+) before or it is disabled"
    r"(?:.*?/apis/api/(?P<service>[\w.-]+)/overview)?",
    re.DOTALL,
)
_BY_GKE = re.compile(r"Unable to generate [a-z ]*token; IAM returned 403")
_INVOKER = re.compile(r"does not have permission to (?:get URL|the requested URL)")
_AUDIENCE = re.compile(r"'aud' claim \(([^()]*)\) doesn't match expected value \(([^()]*)\)")
_IAP = re.compile(r"Invalid IAP credentials: ([^<\n]{1,200})")
_ACCOUNT_GONE = re.compile(r"account not found", re.IGNORECASE)
_PROJECT = re.compile(r"projects/([\w:.-]+)")
_ACCOUNT = re.compile(r"serviceAccounts/([^/\s'\"]+@[\w.-]+)")
_NOT_FOUND, _UNAUTHORIZED, _FORBIDDEN = 404, 401, 403


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleAnswer:
    """What was answered; `is_iap`: its head says that IAP did. `making`: a token was asked for, not a service."""

    status: int = _FORBIDDEN
    body: str = ""
    is_iap: bool = False
    making: bool = False
    parties: GoogleParties = NOBODY


class Missing(NamedTuple):
    """`said` is what is missing; `cure` what to do at that end."""

    said: str
    cure: str
    change: End = End.THERE


def google_missing(answer: GoogleAnswer) -> Missing | None:
    """What this answer says is missing; None where it does not say."""
    body = answer.body
    error = _error(body)
    if error is None:
        return _by_page(answer)
    said = error.get("message")
    message = said if isinstance(said, str) else ""
    return next(_by_details(error, answer), None) or _by_message(message, answer) or _by_description(error, answer)


def _error(body: str) -> Mapping[str, object] | None:
    """The `error` of Google's JSON, or the JSON of an OAuth error."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return None
    error = read.get("error") if isinstance(read, dict) else None
    if isinstance(error, dict):
        return error
    return read if isinstance(error, str) else None


def _by_details(error: Mapping[str, object], answer: GoogleAnswer) -> Iterator[Missing]:
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        match detail:
            case {"reason": "SERVICE_DISABLED", "metadata": {"service": str(service), "consumer": str(consumer)}}:
                yield _api_is_off(service, consumer.removeprefix("projects/"), answer)
            case {"reason": "IAM_PERMISSION_DENIED", "metadata": {"permission": str(permission), **rest}}:
                yield _permission(permission, str(rest.get("resource", "")), answer)
            case _:
                pass


def _by_message(message: str, answer: GoogleAnswer) -> Missing | None:
    """In words, as JSON or as a page has them."""
    off = _API_IS_OFF.search(message)
    if off is not None:
        return _api_is_off(off["service"] or "that is named there", off[1], answer)
    found = _PERMISSION.search(message)
    if found is None:
        return None
    if _BY_GKE.search(message):
        return _not_bound(found[1], answer)
    return _permission(found[1], _resource(found[2]), answer)


def _resource(found: str | None) -> str:
    """`on resource (or it may not exist)` names none."""
    return (found or "").rstrip(".") if "/" in (found or "") else ""


def _by_description(error: Mapping[str, object], answer: GoogleAnswer) -> Missing | None:
    """An OAuth error of who signs by a key (RFC 6749 section 5.2)."""
    said = error.get("error_description")
    if error.get("error") != "invalid_grant" or not isinstance(said, str):
        return None
    words, who = one_line(said[:120]), answer.parties.account or "its account"
    if _ACCOUNT_GONE.search(said):
        cure = f"{who} is not there any more: name a key of another one in GOOGLE_APPLICATION_CREDENTIALS"
    else:
        cure = f"the key file of {who} is not taken any more: make a new key, or see this host's clock"
    return Missing(f"the key is refused ({words})", cure, End.HERE)


def _by_page(answer: GoogleAnswer) -> Missing | None:
    """What is no JSON: the metadata servers' text, the pages of Cloud Run and IAP."""
    found = _by_message(answer.body, answer)
    if found is not None:
        return found
    if answer.making:
        return _no_account(answer) if answer.status == _NOT_FOUND else None
    if answer.is_iap or _IAP.search(answer.body):
        return _by_iap(answer)
    return _by_cloud_run(answer) if _INVOKER.search(answer.body) else None


def _by_cloud_run(answer: GoogleAnswer) -> Missing:
    """401: the token is not taken; 403: it is, and whose it is may not call."""
    if answer.status == _UNAUTHORIZED:
        cure = "the audience of auth has to be the service's own URL, or one of its custom audiences"
        return Missing("the service does not take the token", cure, End.HERE)
    return _permission("run.routes.invoke", "", answer)


def _by_iap(answer: GoogleAnswer) -> Missing:
    wrong, words = _AUDIENCE.search(answer.body), _IAP.search(answer.body)
    if wrong is not None:
        said = f"IAP expects a token for {one_line(wrong[2])}, and this one is for {one_line(wrong[1])}"
        return Missing(said, f"write audience: {one_line(wrong[2])}", End.HERE)
    if words is not None:
        cure = "the audience of auth has to be the OAuth client of IAP"
        return Missing(f"IAP does not take the token ({one_line(words[1])})", cure, End.HERE)
    return _permission("iap.webServiceVersions.accessViaIAP", "", answer)


def _no_account(answer: GoogleAnswer) -> Missing:
    where = answer.parties.named(Party.CALLER)
    cure = f"attach a service account of {where} to this host, or name a key file in GOOGLE_APPLICATION_CREDENTIALS"
    return Missing("the metadata server has no service account for this host", cure)


def _not_bound(permission: str, answer: GoogleAnswer) -> Missing:
    """GKE: the pod's own account may not be its Google account."""
    parties = answer.parties
    account = parties.account or "the Google account that the pod's is annotated with"
    where = parties.named(Party.CALLER)
    cure = (
        f"grant roles/iam.workloadIdentityUser on {account} in {where} to the pod's Kubernetes account "
        f"(serviceAccount:PROJECT.svc.id.goog[NAMESPACE/NAME])"
    )
    return Missing(f"{permission} is missing on {account}: the pod may not be it", cure)


def _api_is_off(service: str, project: str, answer: GoogleAnswer) -> Missing:
    whose = answer.parties.whose(project) or (Party.CALLER if _is_callers(service, answer) else None)
    named = f"project {project}" if whose is None else f"the {whose.value}'s project {project}"
    cure = f"gcloud services enable {service} --project {project}"
    return Missing(f"the API {service} is off in {named}", cure)


def _is_callers(name: str, answer: GoogleAnswer) -> bool:
    """Rule 2, of a permission or a service."""
    return answer.making or name.startswith(_OF_CALLER)


def _permission(permission: str, resource: str, answer: GoogleAnswer) -> Missing:
    parties = answer.parties
    is_callers = _is_callers(permission, answer)
    party = Party.CALLER if is_callers else Party.CALLEE
    where = _where(resource, party, parties)
    on = _on(resource, parties, is_callers=is_callers)
    role = ROLES.get(permission, f"a role that has {permission}")
    whom = parties.by if is_callers else parties.member
    said = f"{permission} is missing{f' on {on}' if on else ''} in {where}"
    cure = f"grant {role}{f' on {on}' if on else ''} in {where} to {whom or 'whom Banyan calls as'}"
    return Missing(said, cure + _command(permission, role, answer))


def _where(resource: str, party: Party, parties: GoogleParties) -> str:
    """The project of the resource where it is named; else that of the party."""
    found = _PROJECT.search(resource)
    if found is None or found[1] == "-":
        return parties.named(party)
    whose = parties.whose(found[1]) or party
    return f"the {whose.value}'s project {found[1]}"


def _on(resource: str, parties: GoogleParties, *, is_callers: bool) -> str:
    account = _ACCOUNT.search(resource)
    if account is not None:
        return account[1]
    if is_callers and parties.account:
        return parties.account
    if not is_callers and parties.service is not None and not resource:
        return f"the service {parties.service.name} ({parties.service.region})"
    return resource.removeprefix("//")


def _command(permission: str, role: str, answer: GoogleAnswer) -> str:
    """How that is granted, where everything that it needs is known."""
    run, member = answer.parties.service, answer.parties.member
    if permission != "run.routes.invoke" or run is None or not member:
        return ""
    return (
        f": gcloud run services add-iam-policy-binding {run.name} --region {run.region} --project {run.project} "
        f"--role {role} --member {member}"
    )
