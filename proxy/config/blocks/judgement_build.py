"""The blocks about judging → the core's values: defaults filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from proxy.config.blocks.judgement_blocks import FleetGuardBlock, GuardBlock, NeedsBlock, RampBlock, WindowBlock
from proxy.config.readers.judgement_values import Minute, Moment
from proxy.core.judge.policy import FleetPolicy, Freeze, GuardPolicy, Needs, Ramp, Stops, Window


def guard_of(block: GuardBlock | None) -> GuardPolicy:
    """One route's guard; without a block it watches with the defaults."""
    plain = GuardPolicy()
    if block is None:
        return plain
    return GuardPolicy(
        on_failure=block.on_failure or (),
        budget=block.budget or plain.budget,
        classes=block.classes or plain.classes,
        latency=block.latency or plain.latency,
        dry_run=bool(block.dry_run),
        door=block.one_way_door or plain.door,
    )


def ramp_of(block: RampBlock | None) -> Ramp | None:
    """One route's ramp; without a block there is none."""
    if block is None:
        return None
    plain = Ramp()
    return Ramp(
        steps=block.steps or plain.steps,
        hold=block.hold or plain.hold,
        soak=block.soak or plain.soak,
        needs=_needs(block.needs),
        after=tuple(map(str, block.after or ())),
        dry_run=bool(block.dry_run),
    )


def _needs(block: NeedsBlock | None) -> Needs:
    said = {} if block is None else {name: getattr(block, name) for name in NeedsBlock.model_fields}
    return replace(Needs(), **{name: value for name, value in said.items() if value is not None})


def fleet_of(block: FleetGuardBlock | None) -> FleetPolicy:
    """What holds over all routes."""
    if block is None:
        return FleetPolicy()
    return FleetPolicy(
        errors=block.error_budget, window=block.window or FleetPolicy().window, in_motion=block.in_motion
    )


def windows_of(*lists: Sequence[WindowBlock] | None) -> tuple[Window | Freeze, ...]:
    """Every window of the file, of a route's upstreams and of the route itself."""
    return tuple(_window(block) for blocks in lists for block in blocks or ())


def _window(block: WindowBlock) -> Window | Freeze:
    """Ends of two kinds have been reported by `judgement_check`; here the start decides."""
    start, end, name = block.start, block.end, str(block.name)
    if isinstance(start, Moment):
        ends = end.at if isinstance(end, Moment) else start.at
        return Freeze(name=name, start=start.at, end=ends, stops=block.stops or Stops.PROMOTION)
    return Window(
        name=name,
        days=frozenset(range(7)) if block.days is None else block.days,
        start=start.minute,
        end=end.minute if isinstance(end, Minute) else start.minute,
        zone=block.zone or "UTC",
        stops=block.stops or Stops.EVERYTHING,
    )
