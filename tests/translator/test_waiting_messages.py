"""The queue of one adapter."""

from __future__ import annotations

from proxy.link.translations import FromTranslator, Message, Translated
from proxy.translator.waiting_messages import MOST_BYTES, MOST_WAITING, WaitingMessage, WaitingMessages


def waiting(number: int, *, size: int = 1, client: bool = True) -> WaitingMessage:
    return WaitingMessage(Message(number, "a", b"x" * size, 0, 1.0, client), lambda _: None)


def order(queue: WaitingMessages) -> list[int]:
    found = []
    while (message := queue.pop()) is not None:
        found.append(message.message.id)
    return found


async def test_clients_come_before_shadows() -> None:
    """Each in the order in which they came; who is forgotten is passed over."""
    queue = WaitingMessages()
    gone = waiting(2)
    for each in (waiting(1, client=False), gone, waiting(3), waiting(4, client=False), waiting(5)):
        assert queue.put(each)
    gone.is_forgotten = True

    assert len(queue) == 5
    assert order(queue) == [3, 5, 1, 4]
    assert not queue.filled.is_set()


async def test_their_number_is_bounded_and_shadows_have_half_of_it() -> None:
    """So that they keep no client's message out."""
    queue = WaitingMessages()
    shadows = sum(queue.put(waiting(each, client=False)) for each in range(MOST_WAITING))
    clients = sum(queue.put(waiting(each)) for each in range(MOST_WAITING))

    assert (shadows, clients) == (MOST_WAITING // 2, MOST_WAITING // 2)


async def test_their_bytes_are_bounded() -> None:
    """What was taken makes room."""
    queue = WaitingMessages()
    half = MOST_BYTES // 2

    assert [queue.put(waiting(each, size=half)) for each in range(3)] == [True, True, False]
    queue.pop()
    assert queue.put(waiting(3, size=half))
    assert not queue.put(waiting(4, client=False))


async def test_whoever_listens_hears_once() -> None:
    """And not at all once nobody listens."""
    heard: list[FromTranslator] = []
    message = WaitingMessage(Message(1, "a", b"", 0, 1.0, is_waited_for=True), heard.append)
    message.answer(Translated(1, b"1"))
    message.answer(Translated(1, b"2"))

    assert heard == [Translated(1, b"1")]
