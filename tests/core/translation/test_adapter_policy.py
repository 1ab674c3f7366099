"""The policy of a route with an adapter."""

from __future__ import annotations

from dataclasses import replace

from proxy.core.outcome import Side
from proxy.core.steps.step_policy import StepPolicy
from proxy.core.translation.adapter_code import AdapterCode
from proxy.core.translation.adapter_policy import IN_WORKER, AdapterPolicy, adapter_of, leaves_worker, reads_body
from proxy.core.translation.field_lines import DropHeader
from proxy.core.translation.field_steps import Rename
from tests.core.translation.test_body_path import path

BODY, HEAD = Rename(path("$.a"), "b"), DropHeader("X-A")


def test_it_is_the_policy_of_a_step() -> None:
    """It says which fields are read, and for which reasons Banyan answers."""
    policy = AdapterPolicy(name="contacts", speaks=Side.LEGACY)

    assert isinstance(policy, StepPolicy)
    assert policy.key == "adapter"
    assert b"if-match" in policy.fields
    assert policy.answers == ("untranslatable_request", "untranslatable_answer", "translator_unavailable")


def test_it_translates_for_the_side_that_clients_do_not_speak_to() -> None:
    """Whichever that is."""
    assert AdapterPolicy(name="a", speaks=Side.LEGACY).other is Side.NEW
    assert AdapterPolicy(name="a", speaks=Side.NEW).other is Side.LEGACY


def test_bodies_are_read_only_where_a_step_works_on_them() -> None:
    """Requests and answers by themselves; an error's steps are steps on an answer."""
    heads = AdapterPolicy(name="a", speaks=Side.NEW, request=(HEAD,), answer=(HEAD,))

    assert (reads_body((HEAD, BODY)), reads_body(())) == (True, False)
    assert (heads.reads_request, heads.reads_answer) == (False, False)
    assert AdapterPolicy(name="a", speaks=Side.NEW, request=(BODY,)).reads_request
    assert AdapterPolicy(name="a", speaks=Side.NEW, answer=(BODY,)).reads_answer
    assert AdapterPolicy(name="a", speaks=Side.NEW, error=(BODY,)).reads_answer


def test_long_bodies_and_all_messages_of_code_are_translated_outside_of_workers() -> None:
    """Those that are read, and only where the adapter takes any that are so long."""
    reads = AdapterPolicy(name="a", speaks=Side.NEW, answer=(BODY,))
    code = AdapterPolicy(name="a", speaks=Side.NEW, code=AdapterCode("a.py", ""))

    assert (reads.may_leave_worker, replace(reads, max_body=IN_WORKER).may_leave_worker) == (True, False)
    assert not AdapterPolicy(name="a", speaks=Side.NEW, answer=(HEAD,)).may_leave_worker
    assert [leaves_worker(reads, b"x" * size) for size in (IN_WORKER, IN_WORKER + 1)] == [False, True]
    assert (code.may_leave_worker, leaves_worker(code, b""), code.reads_request) == (True, True, True)


def test_it_is_found_among_a_routes_policies() -> None:
    """Or there is none."""
    policy = AdapterPolicy(name="a", speaks=Side.NEW)

    assert adapter_of((object(), policy)) is policy
    assert adapter_of(()) is None
