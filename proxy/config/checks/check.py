"""What is right by itself and wrong together: one function per rule, each yielding its problems.

Rule 1: a rule looks only at what is right by itself, and at every name that the file declares, so that one mistake
        makes one problem.
Rule 2: a problem stands at the value that has to change, and says what to write there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proxy.config.blocks.schema import TimeoutBlock
from proxy.config.build import needed_upstreams, timeouts_of
from proxy.config.checks.compare_check import COMPARE_RULES
from proxy.config.checks.conditions import Asked, asked
from proxy.config.checks.conflicts import MAX_SIGNATURES, conflicts, crowded
from proxy.config.checks.judgement_check import JUDGEMENT_RULES
from proxy.config.checks.loop_check import LOOP_RULES
from proxy.config.checks.name_check import NAME_RULES
from proxy.config.checks.shadow_check import SHADOW_RULES
from proxy.config.checks.tie_check import ALWAYS_THERE, TIE_RULES
from proxy.config.checks.unreachable import unreachable
from proxy.config.read import Draft
from proxy.config.text.problem import Path, Problem
from proxy.core.nearest import nearest
from proxy.core.routing.cohort import SourceKind
from proxy.core.routing.route import HostMode, Route
from proxy.core.tls import Sni

_TOKEN = "BANYAN_ADMIN_TOKEN"  # noqa: S105 - the variable's name
_BODYLESS = frozenset({204, 205, 304})
_NO_PART_OF_AN_ANSWER = (
    *("stage", "split", "cohort", "group", "legacy", "new", "effects", "upgrades", "timeout", "fallback"),
    *("guard", "ramp", "windows", "compare", "shadow", "affinity", "stay", "pin", "was"),
)


def check(draft: Draft, routes: Sequence[Route]) -> Iterator[Problem]:
    """Every problem between two values of the file; `routes` are those of the draft, built."""
    for rule in RULES:
        yield from rule(draft)
    compared = [asked(route) for route in routes]
    too_many = list(not_crowded(draft, compared))
    yield from too_many
    if not too_many:
        yield from no_conflicts(draft, compared)
        yield from all_reachable(draft, compared)


def names_are_unique(draft: Draft) -> Iterator[Problem]:
    """A route's name is its identity in metrics, evidence and commands."""
    seen: dict[str, int] = {}
    for index, block in draft.routes:
        first = seen.setdefault(block.name, index)
        if first != index:
            line = draft.line(("routes", first, "name"))
            yield draft.problem(("routes", index, "name"), f'"{block.name}" is taken by routes[{first}] (line {line})')


def renames_are_clear(draft: Draft) -> Iterator[Problem]:
    """`was` names a route that is no more, and each such name has one heir."""
    names = {block.name: index for index, block in reversed(draft.routes)}
    heirs: dict[str, int] = {}
    for index, block in draft.routes:
        if block.was is None:
            continue
        path: Path = ("routes", index, "was")
        first = heirs.setdefault(block.was, index)
        if block.was == block.name:
            yield draft.problem(path, "is its own name; take it out")
        elif block.was in names:
            other = _place(draft, names[block.was])
            message = f'"{block.was}" still stands: {other} has that name; rename that one, or take this out'
            yield draft.problem(path, message)
        elif first != index:
            message = f'"{block.was}" stands twice: {_place(draft, first)} was it too; take it out of one'
            yield draft.problem(path, message)


def _place(draft: Draft, index: int) -> str:
    return f"routes[{index}] (line {draft.line(('routes', index, 'name'))})"


def stage_or_answer(draft: Draft) -> Iterator[Problem]:
    """A route has a stage, or an answer of its own and then nothing that belongs to an upstream."""
    for index, block in draft.routes:
        if block.respond is None:
            if block.stage is None:
                yield draft.problem(("routes", index, "stage"), "is missing; a route needs a stage, or respond")
            continue
        for key in _NO_PART_OF_AN_ANSWER:
            if getattr(block, key) is not None:
                path: Path = ("routes", index, key)
                yield draft.problem(path, f"{key} and respond exclude each other; take one out", at_key=True)


def answers_fit_their_status(draft: Draft) -> Iterator[Problem]:
    """Some statuses have no body."""
    for index, block in draft.routes:
        if block.respond is not None and block.respond.body and block.respond.status in _BODYLESS:
            path: Path = ("routes", index, "respond", "body")
            yield draft.problem(path, f"an answer with status {block.respond.status} has no body; take it out")


def canaries_have_splits(draft: Draft) -> Iterator[Problem]:
    """Canary needs a split; elsewhere one is a warning, so that `stage: legacy` in an emergency is taken."""
    for index, block in draft.routes:
        path: Path = ("routes", index, "split")
        if block.stage is not None and block.stage.facts.draws and block.split is None:
            yield draft.problem(path, "is missing; at canary say which share new serves, such as split: 10%")


def upstreams_exist(draft: Draft) -> Iterator[Problem]:
    """Every name that a route says, and every role that its stage needs, is an upstream."""
    if draft.declared is None:
        return
    for index, block in draft.routes:
        for role in ("legacy", "new"):
            said: str | None = getattr(block, role)
            name = said or role
            if name in draft.declared or not (said or name in needed_upstreams(block)):
                continue
            path: Path = ("routes", index, role if said else "stage")
            meant = nearest(name, draft.declared)
            cure = f"did you mean {meant}?" if meant else f"add it below upstreams, or name another: {role}: NAME"
            yield draft.problem(path, f'there is no upstream "{name}"; {cure}')


def cohorts_can_be_found(draft: Draft) -> Iterator[Problem]:
    """`path:NAME` names a parameter of the route's own path; nothing follows what is always present or said before."""
    for index, block in draft.routes:
        sources = block.cohort or ()
        for place, source in enumerate(sources):
            path: Path = ("routes", index, "cohort", place)
            if source.kind is SourceKind.PATH and block.match.path.position(source.name) < 0:
                parameters = ", ".join(name for name, _ in block.match.path.parameters) or "none"
                message = f"the path has no {{{source.name}}}; its parameters are: {parameters}"
                yield draft.problem(path, message)
            if source in sources[:place]:
                yield draft.problem(path, "stands twice; take one out")
            elif sure := [each.kind for each in sources[:place] if each.kind in ALWAYS_THERE]:
                message = f"is never asked: {sure[0]} before it is always present; put {sure[0]} last"
                yield draft.problem(path, message)


def rates_are_said(draft: Draft) -> Iterator[Problem]:
    """`rate_by` alone counts nothing."""
    for index, block in draft.routes:
        if block.limits is not None and block.limits.rate_by is not None and block.limits.rate is None:
            path: Path = ("routes", index, "limits", "rate_by")
            yield draft.problem(path, "has no rate to go with it; add one such as rate: 10/s, or take it out")


def openings_stand_once(draft: Draft) -> Iterator[Problem]:
    """A point is opened once in a list, so that whoever closes it closes it."""
    said: list[tuple[Path, Sequence[str] | None]] = [(("leniency",), draft.settings.leniency)]
    said += [(("routes", index, "leniency"), block.leniency) for index, block in draft.routes]
    said += [(("upstreams", name, "leniency"), block.leniency) for name, block in draft.upstreams.items()]
    for path, points in said:
        for place, point in enumerate(points or ()):
            if point in (points or ())[:place]:
                yield draft.problem((*path, place), "stands twice; take one out")


def timeouts_are_complete(draft: Draft) -> Iterator[Problem]:
    """What a route's timeout leaves out is its upstream's, so two upstreams must agree on it."""
    for index, block in draft.routes:
        names = [name for name in needed_upstreams(block) if name in draft.upstreams]
        if block.timeout is None or len(names) < 2:
            continue
        first, second = (timeouts_of(draft.upstreams[name]) for name in names)
        for key in TimeoutBlock.model_fields:
            one, other = getattr(first, key), getattr(second, key)
            if getattr(block.timeout, key) is None and one != other:
                values = f"{names[0]} has {one:g}s, {names[1]} {other:g}s"
                message = f"leaves out {key}, on which its upstreams differ ({values}); write {key} here too"
                yield draft.problem(("routes", index, "timeout"), message)


def upstreams_are_somewhere(draft: Draft) -> Iterator[Problem]:
    """An upstream has a url or endpoints; these are different places that speak alike."""
    for name, block in draft.upstreams.items():
        path: Path = ("upstreams", name)
        if block.url is not None and block.endpoints is not None:
            yield draft.problem((*path, "endpoints"), "and url exclude each other; take one out", at_key=True)
        elif not block.places:
            key = "url" if block.endpoints is None else "endpoints"
            yield draft.problem((*path, key), "is missing; say where it listens, such as url: http://legacy:3000")
        for place, each in enumerate(block.endpoints or ()):
            if each.scheme != block.places[0].scheme:
                yield draft.problem((*path, "endpoints", place), "has another scheme than the first; choose one")
            elif each in block.places[:place]:
                yield draft.problem((*path, "endpoints", place), "stands twice; take one out")


def fallbacks_exist(draft: Draft) -> Iterator[Problem]:
    """The side that steps in is an upstream, and another one than it steps in for."""
    for index, block in draft.routes:
        if block.fallback is None or draft.declared is None:
            continue
        for role in ("legacy", "new"):
            name = getattr(block, role) or role
            if name not in draft.declared and not getattr(block, role) and name not in needed_upstreams(block):
                message = f'needs both sides, and there is no upstream "{name}"; add it, or name another: {role}: NAME'
                yield draft.problem(("routes", index, "fallback"), message)


def tls_is_whole(draft: Draft) -> Iterator[Problem]:
    """TLS is for https; a certificate has a key; what is not verified needs no authority."""
    for name, block in draft.upstreams.items():
        path, tls = ("upstreams", name, "tls"), block.tls
        if tls is None:
            continue
        if any(each.scheme != "https" for each in block.places):
            yield draft.problem(path, "is for an https url; write url: https://…, or take tls out", at_key=True)
        for one, other in (("cert", "key"), ("key", "cert")):
            if getattr(tls, one) and not getattr(tls, other):
                yield draft.problem((*path, one), f"has no {other} to go with it; write {other} too", at_key=True)
        if tls.sni is Sni.HOST and tls.server_name:
            what = "is not looked at with sni: host; take one of them out"
            yield draft.problem((*path, "server_name"), what, at_key=True)
        if tls.sni is Sni.HOST and block.host is HostMode.UPSTREAM:
            what = "follows nothing with host: upstream, which is the url's own; take one of them out"
            yield draft.problem((*path, "sni"), what, at_key=True)
        if tls.verify is False and tls.ca:
            yield draft.problem((*path, "ca"), "is not looked at with verify: false; take one of them out", at_key=True)


def admin_is_apart(draft: Draft) -> Iterator[Problem]:
    """The admin port is never the clients' port."""
    if draft.settings.admin.overlaps(draft.settings.listen):
        yield draft.problem(("admin",), f"takes the port {draft.settings.admin.port} of listen; choose another port")


def admin_is_guarded(draft: Draft) -> Iterator[Problem]:
    """Whoever can reach the admin port from elsewhere must show a token."""
    if not draft.settings.admin.is_loopback and not draft.env.get(_TOKEN):
        message = f"can be reached from other machines, so {_TOKEN} must be set in the environment; or use 127.0.0.1"
        yield draft.problem(("admin",), message)


def not_crowded(draft: Draft, routes: Sequence[Asked]) -> Iterator[Problem]:
    """The conditions on one path stay few enough to be compared."""
    for route in crowded(routes):
        message = f"more than {MAX_SIGNATURES} different sets of conditions stand on this path; ask fewer things of it"
        yield draft.problem(("routes", route.index, "match"), message)


def no_conflicts(draft: Draft, routes: Sequence[Asked]) -> Iterator[Problem]:
    """No request may fit two routes between which the table cannot choose."""
    for later, earlier in conflicts(routes):
        message = f"takes requests that {_named(earlier)} takes too, on the same path and with as many conditions; "
        yield draft.problem(("routes", later.index, "match"), message + "take one out, or add a condition to one")


def all_reachable(draft: Draft, routes: Sequence[Asked]) -> Iterator[Problem]:
    """A route that no request can reach is a mistake."""
    for route, covering in unreachable(routes):
        names = " and ".join(map(_named, covering))
        message = f"can never be reached: every request that fits it is taken by {names}"
        yield draft.problem(("routes", route.index, "match"), message)


def _named(route: Route) -> str:
    return f'routes[{route.index}] "{route.name}" (line {route.line})'


RULES = (
    names_are_unique,
    renames_are_clear,
    stage_or_answer,
    answers_fit_their_status,
    canaries_have_splits,
    upstreams_exist,
    cohorts_can_be_found,
    rates_are_said,
    openings_stand_once,
    timeouts_are_complete,
    upstreams_are_somewhere,
    fallbacks_exist,
    tls_is_whole,
    admin_is_apart,
    admin_is_guarded,
    *LOOP_RULES,
    *JUDGEMENT_RULES,
    *COMPARE_RULES,
    *SHADOW_RULES,
    *TIE_RULES,
    *NAME_RULES,
)
