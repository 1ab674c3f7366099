"""What a concern brings for the requests of routes that name it: the kind of step, one per worker, and its steps.

Rule 1: a kind outlives tables, and keeps what must outlive a reload: counts, connections to other processes.
Rule 2: `explain` asks the very step that live traffic is asked of, by `RouteStep.explain`, which waits for nothing.
Rule 3: whoever inherits from `RouteStep` is compiled as well, as with taps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from proxy.core.brownout.call_counts import CallCounts
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.auth.caller_check import KnownToWorker
    from proxy.edge.routing.request import Request
    from proxy.edge.routing.step import LocalAnswer, Verdict, Wait
    from proxy.edge.tally import Counters
    from proxy.edge.translator.translator_link import Translator
    from proxy.link.questions import Answer, Notice, Question
    from proxy.tasks import Tasks


Hear = Callable[["Answer"], "LocalAnswer | None"]
"""What a step makes of the clerk's answer: Banyan's own to the client, or None: go on. It is never `Unavailable`."""
WITHIN: Final = 2.0
"""Seconds that a request waits for the clerk."""


def nobody() -> None:
    """Nobody needs to know that a notice was taken."""


class Clerk(Protocol):
    """Whom steps ask what only another process can know (`edge/clerk/clerk_link.py`)."""

    def ask(self, question: Question, hear: Hear, within: float = WITHIN) -> Wait | LocalAnswer:
        """What the step returns: a wait whose word `hear` has; 503 where there is no room."""

    def tell(self, notice: Notice, taken: Callable[[], None] = nobody) -> bool:
        """Have it taken, whenever that can be, `taken` hears it; False: there is no room, and it is lost."""


class StepServices:
    """What a worker has for its kinds of steps. No dataclass: compiled, it would need its types at once."""

    __slots__ = ("call_counts", "clerk", "counters", "known", "tasks", "translator")

    def __init__(
        self,
        counters: Counters,
        tasks: Tasks,
        clerk: Clerk,
        known: KnownToWorker,
        translator: Translator,
        call_counts: CallCounts,
    ) -> None:
        """`tasks` end with the worker; `clerk` is whom steps may ask; `known` is what is known of callers.

        `translator` translates what is too long for a worker; `call_counts` are of clients of brown-outs.
        """
        self.call_counts = call_counts
        self.counters = counters
        self.tasks = tasks
        self.clerk = clerk
        self.known = known
        self.translator = translator


class StepSaid:
    """What a step would do with a request: a sentence for people, and the answer where it would give one."""

    __slots__ = ("answer", "sentence")

    def __init__(self, sentence: str, answer: LocalAnswer | None = None) -> None:
        """No answer: the request would go on, as far as this step is concerned."""
        self.sentence = sentence
        self.answer = answer


class RouteStep:
    """One step of one route (`step.py`). `name` heads what `explain` shows of it.

    `before_decision`: it may change who answers, and is asked of requests too that neither side will get.
    """

    name = ""
    before_decision = False

    def __call__(self, request: Request, /) -> Verdict:
        """What becomes of this request."""
        del request
        return None

    def explain(self, request: Request) -> StepSaid | None:
        """The same for who only asks: nothing is counted, changed or waited for. None: there is nothing to say."""
        del request
        return None


class StepKind(Protocol):
    """Makes the steps of its policy's class; its own class is called with `StepServices`, inside the running loop."""

    policy: type[Any]

    def follow(self, snapshot: Snapshot) -> None:
        """Another table begins: `step_of` is called next, for each of its routes that has such a policy."""

    def step_of(self, policy: Any, route: Route) -> RouteStep:  # noqa: ANN401 -- of the class that `policy` says
        """The step of a route."""
