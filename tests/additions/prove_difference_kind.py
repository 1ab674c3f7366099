"""Prints how two answers differ whose texts differ in capitals."""

from __future__ import annotations

from tests.core.parity.pairs import answer, compared, said

if __name__ == "__main__":
    print(*said(compared({"colour": "Red"}, answer({"colour": "RED"}))))
