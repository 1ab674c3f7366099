"""Trials of messages that no step reads."""

from __future__ import annotations

from proxy.cli.adapter.trial import ShownMessage, ShownStep, try_answer, try_request
from proxy.cli.adapter.written_message import WrittenMessage
from proxy.core.outcome import Side
from proxy.core.translation.adapter_policy import AdapterPolicy
from proxy.core.translation.field_lines import SetHeader
from proxy.core.translation.field_steps import Add
from tests.core.translation.test_body_path import path

ADAPTER = AdapterPolicy(name="a", speaks=Side.NEW, request=(SetHeader("X-A", "1"),), answer=(Add(path("$.a"), None),))


def test_a_body_that_no_step_reads_stays_as_it_is() -> None:
    """Whatever it is."""
    trial = try_request(ADAPTER, WrittenMessage(lines=(b"Content-Type: text/csv",), body=b"\xff,"))

    assert trial.translates == "a request for legacy"
    assert trial.steps == [ShownStep("set_header: X-A", "X-A: 1")]
    fields = ("Content-Type: text/csv", "X-A: 1", "Accept-Encoding: identity")
    assert trial.after == ShownMessage("POST /", fields, "\\xff,")


def test_an_error_that_is_no_json_stays_as_it_is() -> None:
    """And so does an answer without a body."""
    said = WrittenMessage(status=500, lines=(b"Content-Type: text/html",), body=b"<p>")

    assert try_answer(ADAPTER, said).after == ShownMessage("500", ("Content-Type: text/html",), "<p>")
    assert try_answer(ADAPTER, WrittenMessage(status=204, lines=())).after == ShownMessage("204", (), "")
