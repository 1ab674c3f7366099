"""Messages in files."""

from __future__ import annotations

import pytest

from proxy.cli.adapter.written_message import WrittenMessage, read_message


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_message_is_read_as_it_goes_over_the_wire(end: bytes) -> None:
    """With either end of line; what frames its body is not needed, since the body is the rest."""
    asked = end.join([b"PUT /a?b HTTP/1.1", b"X-A: 1", b"Content-Length: 99", b"", b'{"a":' + end + b"1}"])
    said = end.join([b"HTTP/1.1 201 Created", b"Transfer-Encoding: chunked", b"", b"{}"])

    assert read_message(asked, is_answer=False) == WrittenMessage(
        method=b"PUT", target=b"/a?b", lines=(b"X-A: 1",), body=b'{"a":' + end + b"1}"
    )
    assert read_message(said, is_answer=True) == WrittenMessage(status=201, lines=(), body=b"{}")


def test_a_message_may_have_no_body_and_no_fields() -> None:
    """Its first line is enough."""
    assert read_message(b"GET / HTTP/1.1\n", is_answer=False) == WrittenMessage(method=b"GET", lines=())


@pytest.mark.parametrize("data", [b'{"a": 1}\n', b'{\n\n"a": 1}', b"[]", b"", b"nonsense"])
def test_a_body_alone_is_a_message_of_json(data: bytes) -> None:
    """Whether it is JSON is seen when it is translated."""
    for is_answer in (True, False):
        assert read_message(data, is_answer=is_answer) == WrittenMessage(body=data.strip())


@pytest.mark.parametrize(
    ("data", "is_answer", "wrong"),
    [
        (b"HTTP/1.1 200 OK\n\n{}", False, "it holds an answer"),
        (b"GET / HTTP/1.1\n\n", True, "it holds a request"),
        (b"GET / HTTP/1.1\nX-A: 1\n{}\n\n", False, "line 3 is no header field"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(data: bytes, is_answer: bool, wrong: str) -> None:  # noqa: FBT001
    """The other kind of message, or a head without its end."""
    found = read_message(data, is_answer=is_answer)

    assert isinstance(found, str)
    assert wrong in found
