"""The steps of a route with `idempotency`: a request claims its key before it is decided who answers it, and says that
it is about to be sent behind all other steps.

Rule 1: only requests that do harm when repeated have keys: POST, PATCH, and methods that nobody knows (draft-07
        section 1). Others go on as they are.
Rule 2: a client that leaves does not end a request with a key: its retry is to find the answer.
Rule 3: where repeating does no harm, it does not matter whether the request was sent: the second step asks nothing.
Rule 4: a key is the caller's: who that is, where a policy has found it, so that a retry with a fresh token finds the
        answer; else the credentials that the request carries, or its cookies.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from os import urandom
from typing import TYPE_CHECKING, Final

from proxy.core.idempotency.claims import ClaimOutcome
from proxy.core.idempotency.fingerprint import fingerprint, record_of
from proxy.core.idempotency.key_field import FIELD, LONGEST, read_key
from proxy.core.idempotency.key_policy import CREDENTIALS, MAX_BODY, KeyAnswer, KeyPolicy
from proxy.core.routing.cohort import present_cohort
from proxy.core.routing.effects import Effects, effects_of
from proxy.edge.routing.step import LocalAnswer, Verdict, WholeBody
from proxy.edge.steps.held_keys import HeldKeys
from proxy.edge.steps.held_writes import boot_time
from proxy.edge.steps.key_tap import KeyTap
from proxy.edge.steps.step_kind import Clerk, RouteStep, StepSaid
from proxy.link.idempotency_questions import ClaimKey, KeyClaimed, SendKey

if TYPE_CHECKING:
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.request import Request
    from proxy.edge.steps.step_kind import StepServices
    from proxy.link.idempotency_questions import KeptAnswer
    from proxy.link.questions import Answer

_OWNER: Final = 16
_UNSAFE: Final = Effects.UNSAFE
_REPEATABLE: Final = (Effects.SAFE, Effects.IDEMPOTENT, Effects.KEYED)
_AGAIN: Final = (b"Retry-After: 1",)
_REPLAYED: Final = b"Idempotency-Replayed: true"
_CONTENT_TYPE: Final = b"content-type"


class IdempotencyStep(RouteStep):
    """Claims the key."""

    name = "key"
    before_decision = True

    def __init__(self, policy: KeyPolicy, route: Route, clerk: Clerk, held: HeldKeys) -> None:
        """Of one route."""
        self._required = policy.required
        self._origin = route.origin
        self._cohort = route.cohort
        self._repeatable = route.effects in _REPEATABLE
        self._most = min(route.body_limit or MAX_BODY, MAX_BODY)
        self._clerk = clerk
        self._held = held

    def __call__(self, request: Request, /) -> Verdict:
        """Go on with the key, or what its owner got."""
        key = self._key_of(request)
        if not isinstance(key, str):
            return key
        if request.body is None:
            return WholeBody(self._most)
        claim = self._claim(request, key, request.body)
        return self._clerk.ask(claim, partial(self._heard, request, claim, boot_time()))

    def explain(self, request: Request) -> StepSaid | None:
        """What is known without asking."""
        key = self._key_of(request)
        if isinstance(key, LocalAnswer):
            return StepSaid(key.detail, key)
        return None if key is None else StepSaid(f'the clerk is asked whether "{key}" was used before')

    def _key_of(self, request: Request) -> str | LocalAnswer | None:
        """The key; None: the request needs none."""
        head = request.head
        if effects_of(head.method, has_key=False) is not _UNSAFE:
            return None
        lines = head.fields.get(FIELD)
        if lines:
            return read_key(lines) or _malformed()
        return _missing() if self._required else None

    def _claim(self, request: Request, key: str, body: bytes) -> ClaimKey:
        head = request.head
        cohort = present_cohort(self._cohort, head, request.client_ip)
        content_type = head.first(_CONTENT_TYPE) or b""
        return ClaimKey(
            record_of(self._origin, cohort, _whose(request), key),
            urandom(_OWNER),
            fingerprint(head.method, head.host, head.path, head.query, content_type, body),
            self._origin,
            key,
            self._repeatable,
        )

    def _heard(self, request: Request, claim: ClaimKey, since: float, answer: Answer) -> LocalAnswer | None:
        if not isinstance(answer, KeyClaimed):
            raise TypeError("the clerk has answered something else")
        if answer.standing is not ClaimOutcome.CLAIMED:
            return _answer(answer)
        request.watch(KeyTap(request, (claim.record, claim.owner), self._clerk, self._held, since))
        request.stays = True
        request.note(self.name, "claimed")
        return None


class SendingStep(RouteStep):
    """Says that the request may have been executed from now on."""

    name = "key"

    def __init__(self, clerk: Clerk) -> None:
        """Of one route."""
        self._clerk = clerk

    def __call__(self, request: Request, /) -> Verdict:
        """Go on once that is recorded."""
        for tap in request.taps:
            if isinstance(tap, KeyTap):
                return self._clerk.ask(SendKey(*tap.key), _own_still)
        return None


class IdempotencyKind:
    """Keeps what runs."""

    policy = KeyPolicy

    def __init__(self, services: StepServices) -> None:
        """None has a key yet."""
        self._clerk = services.clerk
        self._held = HeldKeys(services.clerk, services.tasks)

    def follow(self, snapshot: Snapshot) -> None:
        """A request keeps its key through a reload."""

    def step_of(self, policy: KeyPolicy, route: Route) -> RouteStep:
        """The first one."""
        return IdempotencyStep(policy, route, self._clerk, self._held)


class SendingKind:
    """Keeps nothing."""

    policy = KeyPolicy

    def __init__(self, services: StepServices) -> None:
        """It asks the same clerk."""
        self._clerk = services.clerk

    def follow(self, snapshot: Snapshot) -> None:
        """There is nothing to forget."""

    def step_of(self, policy: KeyPolicy, route: Route) -> RouteStep:
        """The second one (rule 3)."""
        del policy
        return RouteStep() if route.effects in _REPEATABLE else SendingStep(self._clerk)


def _whose(request: Request) -> Sequence[bytes]:
    """Rule 4."""
    caller, fields = request.principal, request.head.fields
    if caller is not None:
        return [b"principal", caller.policy.encode(), caller.issuer.encode(), caller.subject.encode()]
    credentials = [line for name in CREDENTIALS for line in fields.get(name, ())]
    return credentials or fields.get(b"cookie", ())


def _own_still(answer: Answer) -> LocalAnswer | None:
    if not isinstance(answer, KeyClaimed):
        raise TypeError("the clerk has answered something else")
    return None if answer.standing is ClaimOutcome.CLAIMED else _answer(answer)


def _missing() -> LocalAnswer:
    detail = 'this request needs an Idempotency-Key: a string in quotes, such as Idempotency-Key: "8e03978e"'
    return LocalAnswer(400, detail, counted=KeyAnswer.MISSING.value)


def _malformed() -> LocalAnswer:
    detail = f"Idempotency-Key must be one string in quotes, of 1 to {LONGEST} ASCII characters"
    return LocalAnswer(400, detail, counted=KeyAnswer.MALFORMED.value)


def _answer(claimed: KeyClaimed) -> LocalAnswer:
    """What a client gets whose key is not its request's own (draft-07 section 2.7)."""
    match claimed.standing:
        case ClaimOutcome.RUNNING | ClaimOutcome.CLAIMED:
            detail = "a request with this Idempotency-Key is still being processed; ask again"
            return LocalAnswer(409, detail, lines=_AGAIN, counted=KeyAnswer.RUNNING.value)
        case ClaimOutcome.OTHER_PAYLOAD:
            detail = "this Idempotency-Key was used for another request; take a new key"
            return LocalAnswer(422, detail, counted=KeyAnswer.OTHER_PAYLOAD.value)
        case ClaimOutcome.UNKEPT:
            detail = f"the request was executed and answered with {claimed.status}; its answer was not kept"
            return LocalAnswer(409, detail, counted=KeyAnswer.UNKEPT.value)
        case ClaimOutcome.UNKNOWN:
            detail = "outcome unknown: a request with this Idempotency-Key was sent, and nobody knows what became of it"
            return LocalAnswer(409, detail, counted=KeyAnswer.UNKNOWN.value)
        case ClaimOutcome.ANSWERED:
            return _replayed(claimed.answer)


def _replayed(kept: KeptAnswer | None) -> LocalAnswer:
    if kept is None:
        raise TypeError("the clerk has kept no answer")
    lines, content_type = [_REPLAYED], b""
    for line in kept.lines:
        name, _, value = line.partition(b":")
        if name.lower() == _CONTENT_TYPE:
            content_type = value.strip()
        else:
            lines.append(line)
    return LocalAnswer(kept.status, "", kept.body, content_type, tuple(lines), counted=KeyAnswer.REPLAYED.value)
