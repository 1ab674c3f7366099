from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path

import pytest

from proxy.cli.admin_client import NoAnswerError, fetch, get_routes, order, post, quoted
from proxy.cli.sent_token import token_from_environment
from proxy.control.admin.http.auth import AdminAuth
from tests.cli.listening import listening


def answering_once(answer: bytes) -> str:
    """A server that gives these bytes to its first client; its address."""
    server = socket.create_server(("127.0.0.1", 0))

    def give() -> None:
        with server, server.accept()[0] as client:
            client.recv(65536)
            client.sendall(answer)

    threading.Thread(target=give).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}"


def http(status: str, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "nothing answers at"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "nothing answers at"),
        (http("200 OK", b"<html>hello</html>"), "not as Banyan does"),
        (http("200 OK", b'{"revision": 7, "routes": []}'), "not as Banyan does"),
        (http("404 Not Found", b"nothing here"), "answered 404: no reason given"),
        (http("403 Forbidden", b'{"detail": "the Host is no name of this machine"}'), "403: the Host is no name"),
        (http("503 Service Unavailable", b'{"title": "Service Unavailable"}'), "503: Service Unavailable"),
        (http("401 Unauthorized", b"{}"), "wants a token"),
        (http("401 Unauthorized", b'{"detail": "this needs a token and none is set"}'), "has no token"),
    ],
    ids=["silence", "ssh", "html", "other json", "404", "403", "503", "401", "no token"],
)
def test_every_odd_answer_is_one_sentence_and_a_cure(answer: bytes, said: str) -> None:
    """Whatever stands at the address, the person learns what it said and what to do."""
    with pytest.raises(NoAnswerError) as caught:
        get_routes(answering_once(answer))

    assert said in caught.value.message
    assert caught.value.cure


PROBLEM = b'{"title": "Not Found", "detail": "%b"}'


@pytest.mark.parametrize(
    ("path", "detail", "said", "cure"),
    [
        ("/api/history?limit=5&route=nope", b"there is no route 'nope'", "there is no route 'nope'", "`banyan status`"),
        ("/api/recent?route=nope", b"there is no route 'nope'", "there is no route 'nope'", "`banyan status`"),
        ("/api/routes/nope", b"there is no route 'nope'", "there is no route 'nope'", "`banyan status`"),
        (
            "/api/routes/o/hold",
            b"there is no route 'o'; did you mean p? GET /api/routes lists those there are",
            "there is no route 'o'; did you mean p?",
            "`banyan status` lists the routes.",
        ),
        (
            "/api/routes/o/mismatches?cluster=ff",
            b"there is no cluster 'ff' on o now; GET /api/routes/o/mismatches lists those there are",
            "there is no cluster 'ff' on o now",
            "`banyan mismatches o` lists those there are.",
        ),
        (
            "/api/idempotency/ff/release",
            b"no key of id 'ff' is undecided; GET /api/idempotency lists those that are",
            "no key of id 'ff' is undecided",
            "`banyan idempotency list` lists those that are.",
        ),
        (
            "/api/journal/ff/drop",
            b"no write of id 'ff'; GET /api/history has what people decided",
            "no write of id 'ff'",
            "`banyan history` has what people decided.",
        ),
        (
            "/api/routes/o/hold",
            b"o is not as it was: look again with `banyan status --route o` or GET /api/routes/o",
            "o is not as it was: look again with `banyan status --route o`",
            "`banyan status`",
        ),
        ("/api/requests/x", b"request 'x' is not remembered", "request 'x' is not remembered", ""),
        ("/api/moon", b"there is nothing at /api/moon", "/api/moon answered 404: there is nothing at /api/moon", ""),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(path: str, detail: bytes, said: str, cure: str) -> None:
    """The API's own, without its address; a page that this Banyan does not have is told with it."""
    base = answering_once(http("404 Not Found", PROBLEM % detail))
    with pytest.raises(NoAnswerError) as caught:
        fetch(base, path)

    assert caught.value.message.removeprefix(base) == said
    assert caught.value.cure.startswith(cure)


def test_fields_of_a_later_version_are_passed_over() -> None:
    """Unknown fields do no harm and missing ones have a default: the contract only grows."""
    body = b'{"revision": "a", "routes": [{"name": "x", "colour": "green"}], "moon": "full"}'
    found = get_routes(answering_once(http("200 OK", body)))

    assert [route.name for route in found.routes] == ["x"]
    assert (found.reload.ok, found.workers, found.routes[0].runs.stage) == (True, (), None)


def test_a_page_is_fetched_whole() -> None:
    """The body comes as it was sent."""
    assert fetch(answering_once(http("200 OK", b"x 1\n")), "/metrics") == b"x 1\n"


def dripping(head: bytes, drop: bytes) -> str:
    """A server that gives its first client a drop for ever, each within the time of a read; its address."""
    server = socket.create_server(("127.0.0.1", 0))

    def give() -> None:
        with server, server.accept()[0] as client, contextlib.suppress(OSError):
            client.sendall(head)
            while True:
                client.sendall(drop)
                time.sleep(0.02)

    threading.Thread(target=give, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nX-A: ", b"b"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["head", "body", "continue"],
)
def test_an_answer_that_never_ends_holds_nobody_up(head: bytes, drop: bytes) -> None:
    """Who sends a byte now and then is no more waited for than who sends none."""
    with pytest.raises(NoAnswerError, match=r"not whole after 0\.6 s|timed out"):
        fetch(dripping(head, drop), "/api/routes", timeout=0.2)


def test_an_answer_larger_than_any_page_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stands at the address fills nobody's memory."""
    monkeypatch.setattr("proxy.cli.bounded_answer.MOST", 1000)

    with pytest.raises(NoAnswerError, match="more than 1000 bytes"):
        fetch(answering_once(http("200 OK", b" " * 5000)), "/api/routes")


def test_what_a_stranger_says_moves_no_terminal() -> None:
    """A line break, an escape or a sign that turns the direction is shown as such."""
    detail = b'{"title": "x", "detail": "\\u001b[31mred\\u202e\\nbanyan: fine"}'

    with pytest.raises(NoAnswerError) as refused:
        fetch(answering_once(http("409 Conflict", detail)), "/api/routes")
    with pytest.raises(NoAnswerError) as garbled:
        fetch(answering_once(b"SSH-2.0-\x1b[31mOpenSSH\r\n"), "/api/routes")

    assert refused.value.message == r"\x1b[31mred\u202e\nbanyan: fine"
    assert r"SSH-2.0-\x1b[31mOpenSSH" in garbled.value.message


def test_no_complaint_holds_a_token_that_no_header_takes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is said which variable to set anew, and not what stands in it."""
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", "very\nsecret")

    with pytest.raises(NoAnswerError) as caught:
        order("http://127.0.0.1:1", "orders", "hold", {}, config=tmp_path / "routes.yaml")

    assert caught.value.message == "BANYAN_ADMIN_TOKEN holds a control character, which no header takes."


@pytest.mark.parametrize("token", ["gehé€im-gehé€im", "g\udcffheim-geheim"])
def test_a_token_is_sent_as_the_bytes_that_were_set(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """One beyond ASCII is accepted where Banyan has the same."""
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", token)
    gate = AdminAuth(loopback=True, token=token, own_host="localhost")

    sent = token_from_environment().field().decode("utf-8", "surrogateescape")  # as the server reads a field

    assert gate.accepts(sent)


def test_a_reason_of_blanks_is_none(tmp_path: Path) -> None:
    """What stands around one is no part of it; a cohort is sent as it was typed."""
    with listening({"/api/routes/orders/pin": b"{}"}) as served:
        post(served.url, "/api/routes/orders/pin", {"reason": "  ", "cohort": " a"}, config=tmp_path)

    assert served.bodies == [b'{"reason":"","cohort":" a"}']


def test_a_tag_may_be_copied_with_what_stands_beside_it(tmp_path: Path) -> None:
    """`status --route` says `tag v6, for --if-match`."""
    with listening({"/api/routes/orders/hold": b"{}"}) as served:
        for tag in ("v6,", '"v6"', " v6"):
            post(served.url, "/api/routes/orders/hold", {}, config=tmp_path, tag=tag)

    assert served.matched == ['"v6"'] * 3


def test_a_reason_in_another_encoding_is_taken(tmp_path: Path) -> None:
    """A byte that is not UTF-8 is shown as such; the order is given."""
    with listening({"/api/routes/orders/%C3%A9%5Cxff": b"{}"}) as served:
        found = post(served.url, "/api/routes/orders/" + quoted("é\udcff"), {"reason": "b\udcffd"}, config=tmp_path)

    assert found == b"{}"
    assert served.bodies == [b'{"reason":"b\\\\xffd"}']
