"""The command `banyan`: which commands there are, and where each one stands.

Rule 1: a command's module is light to import; what is heavy is imported when the command runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import typer

from proxy import __version__
from proxy.cli import check, demo, example, schema, serve, why
from proxy.cli.adapter import adapter
from proxy.cli.discover import discover, init
from proxy.cli.evidence import accept, export, mismatches, replay
from proxy.cli.explain import explain
from proxy.cli.grants import grants
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.kill import kill
from proxy.cli.orders import epoch, retire, route_orders
from proxy.cli.orders.asked_at import OWN_PROCESS
from proxy.cli.output import set_up_output
from proxy.cli.plan import plan
from proxy.cli.probe import probe
from proxy.cli.reconcile import reconcile
from proxy.cli.record import history, idempotency_keys, journal_writes, noise_keys, pins, recent, suspend
from proxy.cli.status import status
from proxy.cli.terminal import leave, say
from proxy.core.build import BUILD

LESSON = Lesson(
    purpose="A strangler-fig reverse proxy: moves traffic from a legacy system to a new one, route by route.",
    example="banyan demo",
    exits={FINE: "fine", FOUND: "it found something", UNUSABLE: "wrong usage, or a routes.yaml that cannot be used"},
)
COMMANDS: Mapping[str, tuple[Callable[..., None], Lesson]] = {
    "serve": (serve.serve, serve.LESSON),
    "init": (init.init, init.LESSON),
    "check": (check.check, check.LESSON),
    "schema": (schema.schema, schema.LESSON),
    "probe": (probe.probe, probe.LESSON),
    "explain": (explain.explain, explain.LESSON),
    "adapter": (adapter.adapter, adapter.LESSON),
    "plan": (plan.plan, plan.LESSON),
    "status": (status.status, status.LESSON),
    "history": (history.history, history.LESSON),
    "discover": (discover.discover, discover.LESSON),
    "recent": (recent.recent, recent.LESSON),
    "why": (why.why, why.LESSON),
    "mismatches": (mismatches.mismatches, mismatches.LESSON),
    "noise": (noise_keys.noise, noise_keys.LESSON),
    "accept": (accept.accept, accept.LESSON),
    "replay": (replay.replay, replay.LESSON),
    "export": (export.export, export.LESSON),
    "reconcile": (reconcile.reconcile, reconcile.LESSON),
    "epoch": (epoch.epoch, epoch.LESSON),
    "promote": (route_orders.promote, route_orders.PROMOTE),
    "rollback": (route_orders.rollback, route_orders.ROLLBACK),
    "hold": (route_orders.hold, route_orders.HOLD),
    "resume": (route_orders.resume, route_orders.RESUME),
    "drain": (route_orders.drain, route_orders.DRAIN),
    "pin": (route_orders.pin, route_orders.PIN),
    "unpin": (route_orders.unpin, route_orders.UNPIN),
    "retire": (retire.retire, retire.LESSON),
    "pins": (pins.pins, pins.LESSON),
    "suspend": (suspend.suspend, suspend.LESSON),
    "idempotency": (idempotency_keys.idempotency, idempotency_keys.LESSON),
    "grants": (grants.grants, grants.LESSON),
    "journal": (journal_writes.journal, journal_writes.LESSON),
    "kill": (kill.kill, kill.LESSON),
    "demo": (demo.demo, demo.LESSON),
    "example": (example.example, example.LESSON),
}
"""What is listed, in the order in which a newcomer meets it."""


def _tell_version(wanted: bool) -> None:  # noqa: FBT001  typer gives it so
    if wanted:
        say(f"banyan {__version__} ({BUILD})")
        leave(FINE)


def banyan(
    *,
    _: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """See LESSON."""


def application(arguments: Sequence[str]) -> typer.Typer:
    """`banyan`; where these arguments name a command, with that alone: all of them take a tenth of a second to read."""
    made = typer.Typer(
        name="banyan",
        help=LESSON.text,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(banyan)
    named = arguments[:1]
    for name in named if named and named[0] in COMMANDS else COMMANDS:
        run, lesson = COMMANDS[name]
        passed_on = dict(example.PASSED_ON) if run is example.example else None
        made.command(name, help=lesson.text, short_help=lesson.purpose, context_settings=passed_on)(run)
    return made


def main() -> None:
    """Run the command that the arguments name; leaves by SystemExit."""
    set_up_output()
    OWN_PROCESS.set(True)
    application(sys.argv[1:])(prog_name="banyan")
