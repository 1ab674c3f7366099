"""`python -m holds`."""

from __future__ import annotations

from holds.cli import main

if __name__ == "__main__":
    main()
