"""What a feature brings to the clerk: one handler, which answers its kinds of questions and takes its notices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from proxy.core.routing.snapshot import Snapshot
from proxy.link.questions import Answer
from proxy.tasks import Work

QuestionT_contra = TypeVar("QuestionT_contra", contravariant=True)
NoticeT_contra = TypeVar("NoticeT_contra", contravariant=True)


class Handler(Protocol[QuestionT_contra, NoticeT_contra]):
    """Rule 1: StoreUnavailable and StoreRefused may come out of all but `follow`: a question is then answered with
    `Unavailable`, and a notice stays with the worker, which tells it again.
    """

    @property
    def takes(self) -> tuple[type[msgspec.Struct], ...]:
        """The structs of its questions and notices."""

    @property
    def loops(self) -> Mapping[str, Work]:
        """What is to run in the background, by the name of its task."""

    def follow(self, snapshot: Snapshot) -> None:
        """A table was taken."""

    async def answer(self, question: QuestionT_contra, /) -> Answer:
        """May be asked the same thing twice, and at the same time as any other."""

    async def forget(self, question: QuestionT_contra, /) -> None:
        """Nobody waits for the answer, which was given or may be given at any time before."""

    async def take(self, notice: NoticeT_contra, /) -> None:
        """May be told the same thing twice."""


AnyHandler = Handler[Any, Any]
