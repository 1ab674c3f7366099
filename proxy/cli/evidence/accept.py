"""`banyan accept`: the rule for routes.yaml that accepts one cluster of differences, printed or put into the file."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say, say_folded, say_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from proxy.api.evidence import ClusterView
    from proxy.cli.evidence.written_rule import WrittenRule
    from proxy.config.text.insertion import Block

LESSON = Lesson(
    purpose="Print or write the rule that accepts a difference.",
    more="The rule covers this path and this kind and nothing beside them; of a Content-Type whose charset alone "
    "differs it covers that, and no other type. `banyan check` takes it as it is printed. "
    "With --write it goes into `compare:` of the route in --config, or the included file where that stands, "
    "and not a byte beside it changes: comments and "
    "layout stay, and it is reviewed like every edit; where the difference is excused already, nothing is written. "
    "What is evidence for the judge begins anew with the next full "
    "minute after the edit, as comparisons are kept by the minute.",
    example="banyan accept orders.show 3f2a9c01d4e5 --reason 'rounds half up' --owner team-orders --until 2026-12-31",
    exits={
        FINE: "the rule is printed, or written, or none is needed",
        FOUND: "there is no such cluster now, or nothing answers there",
        UNUSABLE: "wrong usage, no admin address can be found, or the file is left as it is, with the reason",
    },
)
_OWN = {"order": "unordered", "null_absent": "null_absent"}
_ACCEPTING = frozenset({"ignore", *_OWN.values()})
_COMMENT = "# "
_CONTENT_TYPE = "header:Content-Type"
_COUNTS = "evidence of the route counts from the next full minute after this edit on, and nothing from before it"
_NARROWER = {
    "num": "to accept close numbers only, leave `kinds` out, and write it under `tolerance` with `absolute` or "
    "`relative`",
    "time": "to accept close times only, leave `kinds` out, and write it under `time` with `within`",
    "header": "to accept values that look alike only, leave `kinds` out, and write it under `mask` with `regex`",
    "string": "to accept values that look alike only, leave `kinds` out, and write it under `mask`",
    "order": "to pair elements by a member instead, write it under `keyed` with `key`",
}


def accept(  # noqa: PLR0913  a command's options
    route: Annotated[str, typer.Argument(metavar="ROUTE", help="The route's name.", show_default=False)],
    cluster: Annotated[
        str, typer.Argument(metavar="CLUSTER", help="The cluster's id, or how it begins.", show_default=False)
    ],
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it is accepted.", show_default=False)],
    owner: Annotated[str, typer.Option(metavar="NAME", help="Who answers for it.", show_default=False)],
    until: Annotated[
        str, typer.Option(metavar="DATE", help="The last day on which it holds, or never.", show_default=False)
    ],
    write: Annotated[bool, typer.Option("--write", help="Put it into the file instead of printing it.")] = False,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    base = base_of(admin, config)
    accepted, around = _cluster(base, route, cluster)
    treatment, rule = rule_of(accepted, reason, owner, until, _only_type(base, route, accepted))
    _refuse_bad(treatment, rule)
    if write and accepted.accepted:
        _leave_unwritten(accepted, json=json)
    written = _write(config, route, treatment, rule) if write else None
    if json:
        say_json({treatment: [rule]})
    elif written is not None:
        say_folded([f"{written.file}:{written.line}: the rule stands in the entry of {route} now"])
        _say_rule([*around, *_excused(accepted), f"# {_COUNTS}", *_narrower(accepted, treatment)])
    else:
        _say_rule([*around, *_excused(accepted), *rule_lines(route, accepted, treatment, rule)])
    leave(FINE)


def _say_rule(lines: Iterable[str]) -> None:
    """As it goes into the file: comments are folded into comments, and nothing else is."""
    from proxy.cli.folded import folded, screen_width

    for line in lines:
        if line.startswith(_COMMENT):
            each_said = folded(line.removeprefix(_COMMENT), screen_width() - len(_COMMENT), hang=2)
            say("\n".join(f"{_COMMENT}{each}" for each in each_said))
        else:
            say(line)


def _excused(cluster: ClusterView) -> Iterator[str]:
    """Of one that counts no more: no rule is needed, or it may be that none is."""
    from proxy.api.evidence import ClusterStanding

    if cluster.accepted:
        yield f"# {_needless(cluster)}"
    elif cluster.state is ClusterStanding.EARLIER:
        yield f"# {cluster.path} was not seen since `compare:` was edited: it may be that no rule is needed"


def _needless(cluster: ClusterView) -> str:
    by = "as noise" if cluster.accepted == "noise" else f"by {cluster.accepted}"
    return f"{cluster.path} is excused {by} already: while that holds, no rule is needed"


def _leave_unwritten(cluster: ClusterView, *, json: bool) -> NoReturn:
    """A rule that excuses what is excused already would stay in the file when nobody needs it; as JSON none is `{}`."""
    if json:
        say_json({})
    else:
        say_folded([f"{_needless(cluster)}, and nothing is written; without --write the rule is printed"])
    leave(FINE)


def _cluster(base: str, route: str, begins: str) -> tuple[ClusterView, list[str]]:
    """The cluster, and what is to be said of lists in another order that its path leads through."""
    from proxy.cli.admin_client import NoAnswerError, get_mismatches
    from proxy.core.nearest import meant

    try:
        found = {each.id: each for each in get_mismatches(base, route).clusters}
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    ids = meant(begins, found)
    if len(ids) > 1:
        complain(f"{len(ids)} clusters of {route} begin with {begins!r}: {', '.join(ids)}.", "Write more of the id.")
        leave(FOUND)
    if not ids:
        complain(f"{route} has no cluster {begins!r} now.", f"banyan mismatches {route}")
        leave(FOUND)
    return found[ids[0]], list(_reordered(found[ids[0]], found.values()))


def _reordered(cluster: ClusterView, clusters: Iterable[ClusterView]) -> Iterator[str]:
    from proxy.api.evidence import ClusterStanding

    for each in clusters:
        if each.kind == "order" and each.state is ClusterStanding.COUNTS and cluster.path.startswith(f"{each.path}[*]"):
            yield f"# {each.path} stands in another order: accept {each.id} first, then see whether this still differs"


def _only_type(base: str, route: str, cluster: ClusterView) -> str:
    """The media type that both sides say where charsets alone differ; empty where that is not it, or not known."""
    from proxy.cli.admin_client import NoAnswerError, get_mismatches
    from proxy.core.parity.formats.media import read_content_type

    if (cluster.path, cluster.severity) != (_CONTENT_TYPE, "low"):
        return ""
    try:
        exchanges = get_mismatches(base, route, cluster.id).exchanges or []
    except NoAnswerError:  # the rule of any value is one, too
        return ""
    found = [each for exchange in exchanges for each in exchange.differences if each.path == _CONTENT_TYPE]
    types = {read_content_type(value).name for each in found for value in (each.legacy, each.new)}
    return types.pop() if len(types) == 1 else ""


def _write(config: Path, route: str, treatment: str, rule: Block) -> WrittenRule:
    from proxy.cli.evidence.written_rule import NotWrittenError, write_rule

    try:
        return write_rule(config, route, treatment, rule)
    except NotWrittenError as error:
        complain(error.message, error.cure)
        leave(UNUSABLE)


def rule_of(cluster: ClusterView, reason: str, owner: str, until: str, only_type: str = "") -> tuple[str, Block]:
    """The narrowest rule that always covers the cluster: its treatment and its keys.

    Of one that is undecided it is the word that legacy does not repeat the value; of a Content-Type that has one type
    only, whatever its parameters, that type.
    """
    from proxy.api.evidence import ClusterStanding

    if cluster.state is ClusterStanding.UNDECIDED:
        return "noisy", {"path": cluster.path, "reason": reason, "owner": owner, "until": until}
    if only_type:
        regex = rf"(?i){re.escape(only_type)}\s*(;.*)?"
        return "mask", {"path": cluster.path, "regex": regex, "reason": reason, "owner": owner, "until": until}
    treatment = _OWN.get(cluster.kind, "ignore")
    kinds: dict[str, list[str]] = {} if cluster.kind in _OWN else {"kinds": [cluster.kind]}
    return treatment, {"path": cluster.path, **kinds, "reason": reason, "owner": owner, "until": until}


def rule_lines(route: str, cluster: ClusterView, treatment: str, rule: Block) -> list[str]:
    """As it goes into the route's entry of routes.yaml."""
    from proxy.config.text.insertion import yaml_text

    keys = [f"{name}: {yaml_text(value)}" for name, value in rule.items()]
    lines = [
        f"# in the entry of {route} in routes.yaml; where it has `compare:` already, add the rule there",
        f"# {cluster.severity}: {cluster.count} times, {cluster.share:.2%} of what was compared",
        f"# {_COUNTS}",
        *_narrower(cluster, treatment),
        "    compare:",
        f"      {treatment}:",
    ]
    return [*lines, f"        - {keys[0]}", *(f"          {each}" for each in keys[1:])]


def _narrower(cluster: ClusterView, treatment: str) -> list[str]:
    """What would accept less than any value."""
    return [f"# {_NARROWER[cluster.kind]}"] if cluster.kind in _NARROWER and treatment in _ACCEPTING else []


def _refuse_bad(treatment: str, rule: Block) -> None:
    """The very code that `banyan check` runs judges the rule; one that has ended already would accept nothing."""
    from pydantic import ValidationError

    from proxy.config.blocks.compare import CompareBlock

    try:
        block = CompareBlock.model_validate({treatment: [rule]})
    except ValidationError as error:
        first = error.errors()[0]
        complain(f"{first['loc'][-1]}: {first['msg']}", "See `banyan accept --help`.")
        leave(UNUSABLE)
    (said,) = getattr(block, treatment)
    if said.until and said.until <= datetime.now(UTC).timestamp():
        complain(
            f"until: {rule['until']} is over, so that the rule would accept nothing.", "Name a later day, or never."
        )
        leave(UNUSABLE)
