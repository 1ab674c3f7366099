"""A concern on the request's way: who may ask a route, by a key (`api_keys: { header: X-Api-Key, file: keys }`).

It has all that such a concern needs: a block, a file that is watched, a step with an answer of its own, a field less
and one more towards the upstream, a word in the log, a count by reason, and a row of `explain`.
"""

from __future__ import annotations

from tests.additions.addition import Addition, Edit

_POLICY, _BLOCK = "proxy/core/steps/api_keys.py", "proxy/config/blocks/api_keys.py"
_STEP, _STEPS = "proxy/edge/steps/api_key_step.py", "proxy/edge/steps/route_steps.py"
_SCHEMA = "proxy/config/schema.py"
_IMPORT = "from proxy.edge.steps.api_key_step import ApiKeyKind\n"
_POLICY_TEXT = '''"""Who may ask a route: names by the SHA-256 of their keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from proxy.core.secret import Secret


class KeyRefusal(StrEnum):
    """Why a request goes no further."""

    NO_KEY = "no_key"
    UNKNOWN_KEY = "unknown_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeys:
    """The policy of a step. `header` in lower case; each of `names` behind its digest, in hex."""

    header: str
    names: Secret[tuple[bytes, ...]]
    key: ClassVar[str] = "api_keys"
    answers: ClassVar[tuple[str, ...]] = tuple(reason.value for reason in KeyRefusal)

    @property
    def fields(self) -> frozenset[bytes]:
        """The one that holds the key."""
        return frozenset({self.header.encode("ascii")})
'''
_BLOCK_TEXT = '''"""`api_keys:` of a route: who may ask it, from a file of names and digests that is watched."""

from __future__ import annotations

from collections.abc import Iterator

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional
from proxy.config.readers import scalars
from proxy.config.text.problem import FileProblem
from proxy.core.steps.api_keys import ApiKeys
from proxy.core.secret import Secret


class ApiKeysBlock(Block):
    """Whose keys are taken."""

    header: scalars.Name = needed("The field that holds the key.", "X-Api-Key")
    file: scalars.FilePath = needed("Lines of the SHA-256 of a key, in hex, and a name.", "keys")


class ApiKeysOfRoute(Block):
    """Who may ask it."""

    api_keys: ApiKeysBlock | None = optional("Who may ask it; others get 401.", {"header": "X-Api-Key", "file": "keys"})


def keys_can_be_read(draft: Draft) -> Iterator[FileProblem]:
    """Of every route that names some."""
    for index, block in draft.of_routes(ApiKeysOfRoute):
        if block.api_keys is not None and isinstance(found := draft.read_file(block.api_keys.file), str):
            yield draft.problem(("routes", index, "api_keys", "file"), found)


def _policy(keys: ApiKeysOfRoute, draft: Draft) -> ApiKeys | None:
    if keys.api_keys is None:
        return None
    found = draft.read_file(keys.api_keys.file)
    lines = () if isinstance(found, str) else tuple(found.splitlines())
    return ApiKeys(header=keys.api_keys.header.lower(), names=Secret(lines))


API_KEYS = Section(route=KeysAt(ApiKeysOfRoute, lambda _keys, _draft: {}, step=_policy), checks=(keys_can_be_read,))
'''
_STEP_TEXT = '''"""The step of a route that asks for a key: its owner's name goes upstream, the key does not."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from proxy.core.steps.api_keys import ApiKeys, KeyRefusal
from proxy.edge.routing.step import LocalAnswer
from proxy.edge.steps.step_kind import RouteStep, StepSaid, StepServices

if TYPE_CHECKING:
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.request import Request


class ApiKeyStep(RouteStep):
    """Go on, or 401."""

    name = "api_keys"
    before_decision = True

    def __init__(self, policy: ApiKeys) -> None:
        """Of one route."""
        self._field = policy.header.encode("ascii")
        named = (line.partition(b" ") for line in policy.names.reveal())
        self._names = {digest: name.decode("utf-8", "replace") for digest, _, name in named if name}

    def __call__(self, request: Request, /) -> LocalAnswer | None:
        """By its key."""
        name = self._name_of(request)
        if isinstance(name, LocalAnswer):
            return name
        request.note(self.name, name)
        request.head.put(self._field)
        request.head.put(b"X-Authenticated-As", name.encode())
        return None

    def explain(self, request: Request) -> StepSaid:
        """The same, changing nothing."""
        name = self._name_of(request)
        if isinstance(name, LocalAnswer):
            return StepSaid(f"{name.detail}: {name.counted}", name)
        return StepSaid(f"the key is that of {name}")

    def _name_of(self, request: Request) -> str | LocalAnswer:
        key = request.head.first(self._field)
        name = None if key is None else self._names.get(sha256(key).hexdigest().encode())
        if name is not None:
            return name
        counted = (KeyRefusal.NO_KEY if key is None else KeyRefusal.UNKNOWN_KEY).value
        challenge = (b"WWW-Authenticate: ApiKey",)
        return LocalAnswer(401, f"a key is wanted in {self._field.decode()}", lines=challenge, counted=counted)


class ApiKeyKind:
    """Keeps nothing from one table to the next."""

    policy = ApiKeys

    def __init__(self, services: StepServices) -> None:
        """It needs nothing of the worker."""

    def follow(self, snapshot: Snapshot) -> None:
        """There is nothing to forget."""

    def step_of(self, policy: ApiKeys, route: Route) -> ApiKeyStep:
        """Of any route."""
        del route
        return ApiKeyStep(policy)
'''

CONCERN = Addition(
    name="a concern on the request's way",
    earlier=30,  # by reading; 13 by a trial before steps had kinds
    edits=(
        Edit(_POLICY, _POLICY_TEXT),
        Edit(_BLOCK, _BLOCK_TEXT),
        Edit(_SCHEMA, "from proxy.config.blocks.api_keys import API_KEYS\n", before="blocks.compare import COMPARE"),
        Edit(_SCHEMA, "    API_KEYS,\n", before="    HOOKS,"),
        Edit(_STEP, _STEP_TEXT),
        Edit(
            _STEPS,
            "from proxy.edge.steps.api_key_step import ApiKeyKind\n",
            before="from proxy.edge.routing.decision",
        ),
        Edit(_STEPS, "    ApiKeyKind,\n", before="    RateKind,"),
    ),
)
