from __future__ import annotations

import json

import pytest

from proxy.core.reachability.answer_finding import Answer, AskedAs, judged
from proxy.core.reachability.finding import End, Finding, RowOutcome


def of(status: int, *, is_health: bool = False, shown: str = "", challenge: str = "", body: str = "") -> Finding:
    answer = Answer(asked="HEAD /", status=status, challenge=challenge, body=body.encode())
    return judged(answer, "new", AskedAs(host="crm.example", shown=shown), is_health=is_health)


@pytest.mark.parametrize("status", [200, 204, 302, 404, 405, 410, 501])
def test_an_answer_is_enough(status: int) -> None:
    """Whoever says that there is no such path has been reached."""
    assert (of(status).outcome, of(status).said) == (RowOutcome.FINE, f"{status} to HEAD /")


@pytest.mark.parametrize(
    ("status", "outcome", "change"),
    [
        (400, RowOutcome.WARNING, End.HERE),
        (421, RowOutcome.FAILED, End.HERE),
        (429, RowOutcome.WARNING, End.HERE),
        (500, RowOutcome.WARNING, End.THERE),
        (502, RowOutcome.FAILED, End.THERE),
        (503, RowOutcome.FAILED, End.THERE),
    ],
)
def test_other_statuses_say_where_to_look(status: int, outcome: RowOutcome, change: End) -> None:
    """A name that is not served is for this end to change, an error for the other one."""
    assert (of(status).outcome, of(status).change) == (outcome, change)


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_a_health_path_has_to_answer_below_400(status: int) -> None:
    """As health probes have it."""
    assert (of(status, is_health=True).outcome, of(status, is_health=True).change) == (RowOutcome.FAILED, End.THERE)


def test_a_health_path_says_why_it_is_unwell() -> None:
    """In its own words; where a connector speaks there, with what is missing and what helps."""
    lacks = 'connection name = "a:b:c"): possibly missing permission cloudsql.instances.get'

    assert of(503, is_health=True, body="no primary").said == "503 to HEAD /: no primary"
    assert of(503, is_health=True, body="no primary").cure.startswith("its health path has to answer below 400")
    assert of(503, is_health=True, body=lacks).cure.startswith("grant roles/cloudsql.client in project a")
    assert of(200, is_health=True, body="no primary").said == "200 to HEAD /"


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_refusal_says_that_it_was_reached(status: int) -> None:
    """Of nobody: with what it wants, and what this end may do; of somebody: what the other end has to let in."""
    nobody = of(status, challenge='Basic realm="crm"\x1b')
    somebody = of(status, shown="the certificate in a.pem")

    assert nobody.said == f'reached, but refused: {status} to HEAD / (it wants Basic realm="crm"\\x1b)'
    assert (nobody.change, somebody.change) == (End.HERE, End.THERE)
    assert "upstreams.new.health" in nobody.cure
    assert somebody.cure == "let the certificate in a.pem ask for HEAD /"


def test_a_missing_scope_is_named() -> None:
    """As the challenge says it; one without a scope is shown as it is."""
    found = of(403, challenge='Bearer error="insufficient_scope", scope="orders.read"')

    assert (found.change, found.cure) == (End.THERE, "grant the scope orders.read to whom Banyan calls as")
    assert "it wants Bearer" in of(403, challenge='Bearer error="insufficient_scope"').said


def test_what_google_says_is_missing_is_said() -> None:
    """With the role."""
    body = json.dumps({"error": {"message": "Permission 'run.routes.invoke' denied on resource 'projects/a/b'"}})
    found = of(403, body=body)

    assert found.said.startswith("reached, but refused: 403 to HEAD /: run.routes.invoke is missing on projects/a/b")
    assert "grant roles/run.invoker on projects/a/b in the callee's project a" in found.cure


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            '{"message": "The request signature we calculated does not match the signature you provided. Check it."}',
            "The request signature we calculated does not match the signature you provided. Check it.",
        ),
        (
            "<Message>The AWS Access Key Id you provided does not exist in our records.</Message>",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        (
            '{"message":"The security token included in the request is invalid."}',
            "The security token included in the request is invalid.",
        ),
    ],
)
def test_a_wrong_signature_is_for_this_end_to_change(body: str, said: str) -> None:
    """The other end knows whom it lets in, and says what is wrong; as nobody there is no credential to look at."""
    found = of(403, shown="the AWS profile a in b", body=body)
    assert (found.said, found.change) == (f"reached, but refused: 403 to HEAD /: {said}", End.HERE)
    assert found.cure.startswith("compare the AWS profile a in b with what it knows: access key and secret")
    assert said not in of(403, body=body).said
