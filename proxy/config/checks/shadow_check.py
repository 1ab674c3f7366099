"""What is wrong in `shadow:` blocks though every value in them is right."""

from __future__ import annotations

from collections.abc import Iterator

from proxy.config.blocks.schema import RouteBlock
from proxy.config.blocks.shadow_blocks import ShadowBlock, Writes
from proxy.config.read import Draft
from proxy.config.text.problem import Path, Problem


def shadows_have_somebody(draft: Draft) -> Iterator[Problem]:
    """Stage shadow is for calling new, so new has to be there."""
    if draft.declared is None:
        return
    for index, block in draft.routes:
        shadows = block.stage is not None and block.stage.facts.shadows_all
        if shadows and block.new is None and "new" not in draft.declared:
            message = 'needs both sides, and there is no upstream "new"; add it, or name another: new: NAME'
            yield draft.problem(("routes", index, "stage"), message)


def dry_runs_can_be_proven(draft: Draft) -> Iterator[Problem]:
    """Writes go to a side that is asked, again and again, whether it can dry-run."""
    for index, block in draft.routes:
        if _writes(draft, block) is not Writes.DRY_RUN or block.respond is not None:
            continue
        name = block.new or "new"
        upstream = draft.upstreams.get(name)
        if upstream is not None and not upstream.dry_run:
            own = block.shadow is not None and block.shadow.writes is not None
            path: Path = ("routes", index, "shadow", "writes") if own else ("shadow", "writes")
            message = f"needs a handshake: write dry_run: PATH at upstream {name}, where it says that it can dry-run"
            yield draft.problem(path, message)


def credentials_are_one_thing(draft: Draft) -> Iterator[Problem]:
    """A word and a replacement contradict each other; neither says nothing."""
    said: list[tuple[Path, ShadowBlock | None]] = [(("shadow",), draft.settings.shadow)]
    said += [(("routes", index, "shadow"), block.shadow) for index, block in draft.routes]
    for path, block in said:
        if block is not None and block.credentials is not None:
            both = (block.credentials.carry is None) is (block.credentials.replace is None)
            if both:
                yield draft.problem((*path, "credentials"), "is forward, drop, or a mapping of replace alone")


def _writes(draft: Draft, block: RouteBlock) -> Writes | None:
    own = block.shadow.writes if block.shadow is not None else None
    top = draft.settings.shadow
    return own or (top.writes if top is not None else None)


SHADOW_RULES = (shadows_have_somebody, dry_runs_can_be_proven, credentials_are_one_thing)
