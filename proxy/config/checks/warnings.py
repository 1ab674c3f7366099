"""What is allowed and probably not meant: one function per warning, each yielding lines in the form of problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from proxy.config.checks.secret_check import secrets_in_the_file
from proxy.config.checks.tie_check import unshared_keys
from proxy.config.read import Draft
from proxy.config.text.problem import Problem
from proxy.core.routing.route import HostMode


def advise(draft: Draft) -> Iterator[Problem]:
    """Every warning, by rule."""
    for rule in RULES:
        yield from rule(draft)


def unused_upstreams(draft: Draft) -> Iterator[Problem]:
    """An upstream that plays no role on any route."""
    with_stage = [block for _, block in draft.routes if block.stage is not None]
    used = {name for block in with_stage for name in (block.legacy or "legacy", block.new or "new")}
    for name in draft.upstreams:
        if name not in used:
            message = f"no route uses it; name it on one (legacy: {name} or new: {name}), or take it out"
            yield draft.problem(("upstreams", name), message, at_key=True)


def one_upstream_twice(draft: Draft) -> Iterator[Problem]:
    """A route that moves from an upstream to itself."""
    for place, block in draft.routes:
        if block.stage is not None and (block.legacy or "legacy") == (block.new or "new"):
            yield draft.problem(("routes", place), "legacy and new are the same upstream, so the stage changes nothing")


def idle_splits(draft: Draft) -> Iterator[Problem]:
    """A split that waits for its stage: an operator went back by the stage alone."""
    for place, block in draft.routes:
        if block.split is not None and block.stage is not None and not block.stage.facts.has_split:
            message = f"has no meaning at stage {block.stage.value}; it waits for stage: canary"
            yield draft.problem(("routes", place, "split"), message, at_key=True)


def lonely_groups(draft: Draft) -> Iterator[Problem]:
    """A group of one shares its draw with nobody."""
    sizes = Counter(block.group for _, block in draft.routes)
    for place, block in draft.routes:
        if block.group is not None and sizes[block.group] == 1:
            yield draft.problem(("routes", place, "group"), f'no other route is in group "{block.group}"')


def misleading_groups(draft: Draft) -> Iterator[Problem]:
    """The draw of a group and that of a route alone come from their names, so equal names move together."""
    alone = {block.was or block.name for _, block in draft.routes if block.group is None}
    for place, block in draft.routes:
        if block.group in alone:
            message = f'a route outside the group is called "{block.group}" and so shares its draw; rename the group'
            yield draft.problem(("routes", place, "group"), message)


def unverified_upstreams(draft: Draft) -> Iterator[Problem]:
    """Whoever stands on the way to such an upstream reads and changes everything."""
    for name, block in draft.upstreams.items():
        if block.tls is not None and block.tls.verify is False:
            message = (
                "takes any certificate, so anyone on the way can be this upstream; name its authority in ca instead"
            )
            yield draft.problem(("upstreams", name, "tls", "verify"), message)


def names_apart(draft: Draft) -> Iterator[Problem]:
    """An https upstream that is asked for one name by TLS, and sees another as Host."""
    for name, block in draft.upstreams.items():
        keeps = block.host is not HostMode.UPSTREAM and (block.tls is None or block.tls.sni is None)
        if keeps and any(each.scheme == "https" for each in block.places):
            asked = (block.tls and block.tls.server_name) or block.places[0].host
            message = (
                f"is asked for {asked} by TLS (SNI) and sees the client's Host, which strict servers answer with 421; "
                "write tls: {sni: host} or host: upstream, or tls: {sni: upstream} where it takes both"
            )
            yield draft.problem(("upstreams", name), message, at_key=True)


RULES = (
    unused_upstreams,
    one_upstream_twice,
    idle_splits,
    unshared_keys,
    lonely_groups,
    misleading_groups,
    unverified_upstreams,
    names_apart,
    secrets_in_the_file,
)
