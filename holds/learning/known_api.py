"""An API of which the truth is known, and traffic to it: what a discovery is measured against.

Rule 1: the truth is a set of (method, template); values of a parameter are of one kind, of many pools.
Rule 2: everything is drawn from one seed.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from proxy.core.discovery.endpoint import Observation

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_MATCH = re.compile(r"""match:\s*"?(?:(?P<methods>[A-Z,]+)\s+)?(?P<path>/(?:\{[a-z_]+\}|[^\s",{}])*)""")
_NOUNS = """
customers orders invoices items payments refunds shipments addresses carts products categories reviews tickets
messages contracts plans policies claims agents offices brands stores deliveries drivers vehicles routes zones
coupons vouchers points members cards devices accounts tenants users teams roles permissions projects tasks
comments files folders tags labels reports exports imports jobs events sessions quotes appointments valuations
"""
NOUNS = tuple(_NOUNS.split())
_ACTIONS = """
cancel approve reject ship refund archive restore publish resend assign close reopen duplicate lock
"""
ACTIONS = tuple(_ACTIONS.split())
SINGLES = ["me", "search", "export", "summary", "latest", "count", "status", "settings", "stats", "preferences"]
PREFIXES = ("", "/api", "/api/v1", "/v2", "/internal/api/v3", "/shop")
_SYLLABLES = """
ba ko ri sa to mi ne lu da fe go hi ja ka lo mu na pe qui ro su ta vi wa xe yo zu
"""
SYLLABLES = tuple(_SYLLABLES.split())
_SCANNED = """
/.env /.git/config /wp-login.php /wp-admin/setup-config.php /phpmyadmin/index.php /admin.php /config.json
/backup.zip /cgi-bin/luci /actuator/env /server-status /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php
/boaform/admin/formLogin /owa/auth/logon.aspx /solr/admin/info/system /api/jsonws/invoke /.aws/credentials
"""
SCANNED = tuple(_SCANNED.split())


@dataclass(frozen=True, slots=True)
class KnownEndpoint:
    """`path` has a drawing function for each parameter, in order."""

    method: str
    template: str
    values: tuple[Callable[[Random], str], ...]

    @property
    def shape(self) -> tuple[str, str]:
        """What has to be found, whatever its parameters are called."""
        return self.method, shape_of(self.template)

    def path(self, dice: Random) -> str:
        """One that it takes."""
        values = iter(self.values)
        return re.sub(r"\{[^}]*\}", lambda _: next(values)(dice), self.template)


def shape_of(template: str) -> str:
    """Without the names of parameters."""
    return re.sub(r"\{[^}]*\}", "{}", template)


def _word(dice: Random, least: int = 2, most: int = 4) -> str:
    return "".join(dice.choice(SYLLABLES) for _ in range(dice.randint(least, most)))


def _kinds(dice: Random) -> list[Callable[[Random], str]]:
    """Ids of one resource: each call draws pools of its own."""
    slugs = ["-".join(_word(dice) for _ in range(dice.randint(1, 3))) for _ in range(dice.choice((30, 120, 2000)))]
    vocabulary = dice.sample(NOUNS, 30) + [f"{_word(dice)}-{dice.choice(NOUNS)}" for _ in range(8)]
    return [
        lambda draw: str(draw.randint(1, 10 ** draw.randint(2, 7))),
        lambda draw: str(uuid.UUID(int=draw.getrandbits(128), version=4)),
        lambda draw: draw.choice(slugs),
        lambda draw: f"{_word(draw)}.{_word(draw)}{draw.choice(('@', '%40'))}example.com",
        lambda draw: f"20{draw.randint(18, 26)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
        lambda draw: f"{draw.getrandbits(96):024x}",
        lambda draw: f"{draw.choice(('ORD', 'inv', 'C'))}-{draw.randint(1000, 99999)}",
        lambda draw: draw.choice(vocabulary),
    ]


def _story_endpoints(dice: Random) -> Iterator[KnownEndpoint]:
    """Those of the published migrations that name a path."""
    for file in sorted(EXAMPLES.glob("*/*.yaml")):
        for found in _MATCH.finditer(file.read_text(encoding="utf-8")):
            path = found["path"]
            if "*" in path or "$" in path or path in {"/", "/healthz", "/readyz"}:
                continue
            values = tuple(dice.choice(_kinds(dice)[:2]) for _ in re.findall(r"\{", path))
            for method in (found["methods"] or "GET").split(","):
                yield KnownEndpoint(method, path, values)


def _resource(dice: Random, prefix: str, noun: str) -> Iterator[KnownEndpoint]:
    kinds = _kinds(dice)
    own, base = dice.choice(kinds), f"{prefix}/{noun}"
    one = f"{base}/{{id}}"
    for method in dice.sample(("GET", "POST"), dice.randint(1, 2)):
        yield KnownEndpoint(method, base, ())
    for method in dice.sample(("GET", "PUT", "PATCH", "DELETE"), dice.randint(1, 4)):
        yield KnownEndpoint(method, one, (own,))
    for single in dice.sample(SINGLES, dice.choice((0, 0, 1, 2))):
        yield KnownEndpoint("GET", f"{base}/{single}", ())
    for action in dice.sample(ACTIONS, dice.choice((0, 1, 2))):
        yield KnownEndpoint("POST", f"{one}/{action}", (own,))
    for below in dice.sample(NOUNS, dice.choice((0, 1, 1, 2))):
        yield KnownEndpoint("GET", f"{one}/{below}", (own,))
        if dice.random() < 0.6:
            yield KnownEndpoint(
                dice.choice(("GET", "DELETE", "PUT")), f"{one}/{below}/{{other}}", (own, dice.choice(kinds))
            )


def known_api(seed: int, count: int = 300) -> tuple[KnownEndpoint, ...]:
    """So many endpoints, no shape twice."""
    dice = Random(seed)
    found = {each.shape: each for each in _story_endpoints(dice)}
    while len(found) < count:
        for each in _resource(dice, dice.choice(PREFIXES), dice.choice(NOUNS)):
            found.setdefault(each.shape, each)
    return tuple(found.values())[:count]


def traffic(api: Sequence[KnownEndpoint], seed: int, requests: int, noise: float = 0.02) -> Iterator[Observation]:
    """Of the busiest endpoint some hundred times as much as of the rarest, which are called five times at least;
    `noise` of it is scanners'.
    """
    dice = Random(seed + 1)
    order = dice.sample(range(len(api)), len(api))
    weights = [1 / (place + 1) ** 0.9 for place in range(len(api))]
    calls = [index for index in order for _ in range(5)] + dice.choices(order, weights, k=requests - 5 * len(api))
    dice.shuffle(calls)
    for number, index in enumerate(calls):
        at = 1.7e9 + number
        if dice.random() < noise:
            yield _scan(dice, at)
        endpoint = api[index]
        yield Observation(method=endpoint.method, path=endpoint.path(dice), status=_status(dice), at=at)


def _status(dice: Random) -> int:
    return dice.choices((200, 201, 204, 304, 404, 400, 401, 409, 500), (70, 6, 6, 3, 8, 2, 2, 2, 1))[0]


def _scan(dice: Random, at: float) -> Observation:
    """Well-known paths, and paths that nobody knows; most are not found, some of the latter are answered by a page."""
    if dice.random() < 0.5:
        path, status = dice.choice(SCANNED), dice.choices((404, 403, 400), (90, 6, 4))[0]
    else:
        path = "/" + "/".join(_word(dice, 1, 5) for _ in range(dice.randint(1, 3)))
        status = dice.choices((404, 403, 400, 200, 500), (86, 6, 4, 2, 2))[0]
    return Observation(method=dice.choice(("GET", "GET", "POST", "HEAD")), path=path, status=status, at=at)
