"""The blocks about judging: `guard`, `ramp` and `windows`. Defaults stand in `proxy.core.judge.policy`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.blocks.base_block import Block, needed, optional
from proxy.config.readers import judgement_values as values
from proxy.config.readers import value_types
from proxy.config.readers.units import Whole
from proxy.core.judge.policy import GuardPolicy, Needs

_GUARD, _NEEDS = GuardPolicy(), Needs()
_SWITCH = (True, False)


def _from(least: int) -> BeforeValidator:
    return BeforeValidator(Whole(least, 10_000_000))


Count = Annotated[int, _from(0), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 10_000_000})]
Some = Annotated[int, _from(1), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 10_000_000})]


class GuardBlock(Block):
    """What the judge watches on a route, and what an alarm does."""

    on_failure: values.OnFailures | None = optional(
        "What an alarm does: rollback, freeze (stay, and promote no more) or page (tell somebody); one word, or one "
        "per stage. Default rollback; past one_way_door it becomes freeze.",
        "rollback",
        {"canary": "rollback", "live": "freeze"},
    )
    budget: value_types.Span | None = optional(
        "The mean time between two false alarms of all routes together, by this route's measure. Default 30d.", "30d"
    )
    classes: values.Classes | None = optional(
        "Which bad events count: 5xx, timeout, mismatch (of high severity), latency. Default all.", ["5xx", "timeout"]
    )
    latency: values.Quantile | None = optional(
        f"The share of legacy's own answers that is not slow. Default {_GUARD.latency:.0%}.", "95%"
    )
    dry_run: bool | None = optional("Evaluate and tell, but do nothing. Default false.", *_SWITCH)
    one_way_door: values.Door | None = optional(
        "The first stage from which the judge never goes back, since legacy lacks what new has written. "
        f"Default {_GUARD.door}.",
        "live",
        "complete",
    )


class NeedsBlock(Block):
    """What a step of the ramp needs."""

    compared: Count | None = optional(
        f"Comparisons. 0 where nothing can be compared: guard, requests and time decide. Default {_NEEDS.compared}.",
        1000,
        0,
    )
    mismatch_rate: values.ShareAboveZero | None = optional(
        "The share of mismatches that has to be disproved. Default 1%.", "1%", "0.1%"
    )
    coverage: values.ShareAboveZero | None = optional(
        "The greatest chance that the next request has a shape which was never compared. Default 0.5%.", "0.5%"
    )
    incomparable: value_types.Share | None = optional(
        "The greatest share of answers that could not be compared. Default 1%.", "1%"
    )
    requests: Count | None = optional(f"Answers of new at this step. Default {_NEEDS.requests}.", 100)
    capacity: bool | None = optional(
        "Whether new has to carry the next step's share before, shadow included. Default true.", *_SWITCH
    )


class RampBlock(Block):
    """How far and on what evidence the judge promotes a route."""

    steps: values.Steps | None = optional(
        "The splits of canary, rising. Default [1%, 5%, 25%, 50%, 98%].", ["1%", "5%", "25%", "50%", "98%"]
    )
    hold: value_types.Span | None = optional("The least time at a step. Default 10m.", "10m")
    soak: value_types.Span | None = optional("The least time at shadow. Default 24h.", "24h", "7d")
    needs: NeedsBlock | None = optional("What a step needs beside time.", {"compared": 1000, "mismatch_rate": "1%"})
    after: list[value_types.Name] | None = optional("Routes that this one is never ahead of.", ["login"])
    dry_run: bool | None = optional("Evaluate and tell, but promote nothing. Default false.", *_SWITCH)


class WindowBlock(Block):
    """When the judge keeps still: every week, or once."""

    name: value_types.Name = needed("What reasons call it.", "nightly-batch")
    days: values.Days | None = optional("The days on which it begins. Default every day.", "mon-fri", ["sat", "sun"])
    start: values.Time = needed("A time of day, or a date with its zone; in quotes.", "22:00", "2026-12-20T00:00Z")
    end: values.Time = needed("The same; not part of the window.", "06:00", "2027-01-04T00:00Z")
    zone: values.Zone | None = optional("The time zone of the times of day. Default UTC.", "Europe/Berlin")
    stops: values.StopsWord | None = optional(
        "everything: no promotion and no rollback; promotion: rollbacks are still made. Default everything for times "
        "of day, promotion for dates.",
        "everything",
        "promotion",
    )


class FleetGuardBlock(Block):
    """What holds over all routes."""

    error_budget: values.ShareAboveZero | None = optional(
        "The share of new's answers that may be bad; while it is exceeded nothing is promoted. Without it there is no "
        "such bound.",
        "0.1%",
    )
    window: value_types.Span | None = optional("Over how long the error budget is counted. Default 30d.", "30d")
    in_motion: Some | None = optional("How many routes may be on their way at once. Without it any number.", 2)
