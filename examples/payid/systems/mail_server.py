"""The mail server: takes mails by SMTP, counts them by whom they are for, and shows them to who fetches his own.

GET /counts         how many each address has got
GET /mails/{to}     the last one, as text
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

from aiohttp import web

from examples.payid.systems.settings import Settings, settings


class MailServer:
    """One process; nothing is written to disk."""

    def __init__(self) -> None:
        self._mails: defaultdict[str, list[str]] = defaultdict(list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """SMTP (RFC 5321), as much of it as a client needs that sends a mail."""
        to: list[str] = []
        writer.write(b"220 mail.payid.example\r\n")
        while line := (await reader.readline()).decode().strip():
            match line.upper().split(" ")[0]:
                case "RCPT":
                    to.append(line[line.index("<") + 1 : line.index(">")])
                    writer.write(b"250 it is for somebody here\r\n")
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    text = (await reader.readuntil(b"\r\n.\r\n")).decode()
                    for each in to:
                        self._mails[each].append(text)
                    writer.write(b"250 taken\r\n")
                case "QUIT":
                    writer.write(b"221 good bye\r\n")
                    break
                case _:
                    writer.write(b"250 fine\r\n")
        writer.close()

    async def counts(self, _: web.Request) -> web.Response:
        """`GET /counts`."""
        return web.json_response({to: len(mails) for to, mails in self._mails.items()})

    async def last(self, request: web.Request) -> web.Response:
        """`GET /mails/{to}`."""
        mails = self._mails.get(request.match_info["to"])
        return web.Response(text=mails[-1]) if mails else web.Response(status=404)


async def serve(where: Settings) -> None:
    """Until ended."""
    mails = MailServer()
    app = web.Application()
    app.router.add_get("/counts", mails.counts)
    app.router.add_get("/mails/{to}", mails.last)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", where.mailbox).start()
    async with await asyncio.start_server(mails.talk, "127.0.0.1", where.smtp) as server:
        print("listening", flush=True)  # noqa: T201 -- whoever started it waits for this
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(settings()))
