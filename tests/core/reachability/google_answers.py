"""Answers of Google's as they were met and published, less the names of whom they were given to.

BORROWED: iamcredentials, google-github-actions/auth#340 (the permission is that of an identity token here).
NOT_BOUND, API_OFF_BY_GKE: the metadata server of GKE, camunda/camunda#31106 and google/kctf#194.
API_OFF: cloud-foundation issues on an API that is off, terraform-example-foundation#1133.
RUN_UNAUTHORIZED, RUN_FORBIDDEN: the front end of Cloud Run, google/adk-python#3814.
IAP_AUDIENCE: IAP, professional-services#603. NO_ACCOUNT: Compute Engine's metadata server, ansible google.cloud#568.
"""

from __future__ import annotations

import json

_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


def _error(message: str, *details: object) -> str:
    said = {"code": 403, "message": message, "status": "PERMISSION_DENIED", "details": list(details)}
    return json.dumps({"error": said}, indent=2)


def reason(name: str, domain: str = "googleapis.com", **metadata: str) -> object:
    """One `google.rpc.ErrorInfo`."""
    return {"@type": _ERROR_INFO, "reason": name, "domain": domain, "metadata": metadata}


BORROWED = _error(
    "Permission 'iam.serviceAccounts.getOpenIdToken' denied on resource (or it may not exist).",
    reason("IAM_PERMISSION_DENIED", "iam.googleapis.com", permission="iam.serviceAccounts.getOpenIdToken"),
)
API_OFF = _error(
    "IAM Service Account Credentials API has not been used in project 889403714106 before or it is disabled. Enable it "
    "by visiting https://console.developers.google.com/apis/api/iamcredentials.googleapis.com/overview?project="
    "889403714106 then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our "
    "systems and retry.",
    {
        "@type": "type.googleapis.com/google.rpc.Help",
        "links": [
            {
                "description": "Google developers console API activation",
                "url": "https://console.developers.google.com/apis/api/iamcredentials.googleapis.com/overview?"
                "project=889403714106",
            }
        ],
    },
    reason("SERVICE_DISABLED", service="iamcredentials.googleapis.com", consumer="projects/889403714106"),
)
_UNABLE = "Unable to generate identity token; IAM returned 403 Forbidden: "
_PERHAPS = "\nThis error could be caused by a missing IAM policy binding on the target IAM service account.\n"
NOT_BOUND = (
    f"{_UNABLE}Permission 'iam.serviceAccounts.getOpenIdToken' denied on resource (or it may not exist).{_PERHAPS}"
    "For more information, refer to the Workload Identity documentation:\n"
    "\thttps://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity#authenticating_to\n\n"
)
API_OFF_BY_GKE = (
    f"{_UNABLE}IAM Service Account Credentials API has not been used in project 889403714106 before or it is disabled. "
    "Enable it by visiting https://console.developers.google.com/apis/api/iamcredentials.googleapis.com/overview?"
    f"project=889403714106 then retry. If you enabled this API recently, wait a few minutes.{_PERHAPS}"
)
NO_ACCOUNT = (
    "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error 404 (Not Found)!!1</title>\n"
    "  <p>The requested URL <code>/computeMetadata/v1/instance/service-accounts/default/identity</code> was not found "
    "on this server.  <ins>That’s all we know.</ins>\n"
)


def _page(title: str, status: str, sentence: str) -> str:
    return (
        '<html><head>\n<meta http-equiv="content-type" content="text/html;charset=utf-8">\n'
        f"<title>{status}</title>\n</head>\n<body text=#000000 bgcolor=#ffffff>\n<h1>Error: {title}</h1>\n"
        f"<h2>{sentence}</h2>\n<h2></h2>\n</body></html>\n"
    )


RUN_UNAUTHORIZED = _page(
    "Unauthorized",
    "401 Unauthorized",
    "Your client does not have permission to the requested URL <code>/</code>.",
)
RUN_FORBIDDEN = _page(
    "Forbidden",
    "403 Forbidden",
    "Your client does not have permission to get URL <code>/</code> from this server.",
)
IAP_AUDIENCE = (
    "Invalid IAP credentials: JWT audience doesn't match this application ('aud' claim "
    "(https://crm.example.com) doesn't match expected value (1234-abc.apps.googleusercontent.com))"
)
IAP_UNPARSED = "Invalid IAP credentials: Unable to parse JWT"
KEY_GONE = json.dumps({"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
ACCOUNT_GONE = json.dumps({"error": "invalid_grant", "error_description": "Invalid grant: account not found"})
