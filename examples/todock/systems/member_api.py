"""The members' APIs, each a process of its own that checks each token itself.

    python -m examples.todock.systems.member_api points    GET /points
    python -m examples.todock.systems.member_api history   GET /history: the stage that a member's purchases came to
    python -m examples.todock.systems.member_api invoice   GET /invoices/{month}
    python -m examples.todock.systems.member_api card      GET /card, for tokens with the scope `card` alone
    each                                                   GET /healthz

Release 1 of the history API puts whoever has bought for exactly the amount of a stage one stage too low; release 2
does not.
"""

from __future__ import annotations

import asyncio
import json
import sys
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from aiohttp import web

from examples.stage.released import serve_until_ended
from examples.todock.systems.settings import SAW, VERSION, Settings, settings
from examples.todock.systems.token_check import RefusedTokenError, TokenCheck

_AMOUNTS = (10_000, 50_000, 100_000)
_STAGES = ("regular", "silver", "gold", "platinum")


class Serves(Enum):
    """Which of them a process is."""

    POINTS = "points"
    HISTORY = "history"
    INVOICE = "invoice"
    CARD = "card"

    @property
    def path(self) -> str:
        """What it answers."""
        return "/invoices/{month}" if self is Serves.INVOICE else f"/{self.value}"


@dataclass(frozen=True, slots=True)
class MemberApi:
    """One process."""

    where: Settings
    serves: Serves
    check: TokenCheck

    def application(self) -> web.Application:
        """Its path, and its health."""
        app = web.Application()
        app.router.add_get(self.serves.path, self.show)
        app.router.add_get("/healthz", self.healthz)
        return app

    async def show(self, request: web.Request) -> web.Response:
        """To the member whose token it is."""
        try:
            caller = await asyncio.to_thread(self.check.caller, request.headers.get("Authorization", ""))
        except RefusedTokenError as error:
            return self._signed_off(refusal(error))
        answer = said_as_json(self._said(int(caller.number), request.match_info.get("month", "")))
        answer.headers[SAW] = self.where.saw(caller.number)
        return self._signed_off(answer)

    def _said(self, number: int, month: str) -> dict[str, object]:
        match self.serves:
            case Serves.POINTS:
                return {"member": str(number), "points": number * 7919 % 5000, "expires_on": "2027-03-31"}
            case Serves.HISTORY:
                bought = number % 4 * 50_000
                stage = (bisect_left if self.where.release == 1 else bisect_right)(_AMOUNTS, bought)
                return {"member": str(number), "bought_yen": bought, "stage": _STAGES[stage]}
            case Serves.INVOICE:
                total = number * int(month.replace("-", "")) % 9000
                return {"member": str(number), "month": month, "total_yen": total, "lines": total % 7 + 1}
            case Serves.CARD:
                return {"member": str(number), "balance_yen": number * 104_729 % 20_000, "barcode": f"21{number}"}
            case _:
                assert_never(self.serves)

    async def healthz(self, _: web.Request) -> web.Response:
        """`GET /healthz`."""
        return said_as_json({"ok": True})

    def _signed_off(self, answer: web.Response) -> web.Response:
        answer.headers[VERSION] = str(self.where.release)
        answer.force_close()  # no connection that is kept is closed while a request is on its way
        return answer


def said_as_json(said: object, status: int = 200) -> web.Response:
    """As the delivery server writes it: no charset behind the type."""
    return web.Response(body=json.dumps(said).encode(), status=status, content_type="application/json")


def refusal(error: RefusedTokenError) -> web.Response:
    """What a caller is told whom an API does not take."""
    answer = said_as_json({"error": error.error}, error.status)
    answer.headers["WWW-Authenticate"] = error.challenge
    return answer


async def serve(where: Settings, serves: Serves) -> None:
    """Until SIGTERM."""
    check = TokenCheck(where.issuer, needs="card" if serves is Serves.CARD else "")
    await serve_until_ended(MemberApi(where, serves, check).application())


if __name__ == "__main__":
    asyncio.run(serve(settings(), Serves(sys.argv[1])))
