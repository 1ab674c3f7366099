"""`python -m tests.captures` plays a migration and writes what commands print into docs/operations.md.

A capture is added by a block for it in the page (blocks.py): its command is run as it stands there, after those above
it.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.captures.blocks import PAGE, captured, renewed
from tests.captures.migration import outputs


async def main() -> None:
    """Play, capture, write."""
    page = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(renewed(page, await outputs(Path(folder), captured(page))), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
