from __future__ import annotations

import socket
import threading

import pytest

from proxy.cli.admin_client import NoAnswerError, fetch, get_routes


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
