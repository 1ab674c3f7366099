"""`banyan`, which `python -m proxy` is too."""

import gc

RARELY = (50_000, 20, 100)
"""Imports make objects that stay: looking at each of them again and again was a quarter of what a start costs."""


def main() -> None:
    """The command, in a process that looks for cycles rarely, as those that it begins do."""
    gc.set_threshold(*RARELY)
    from proxy.cli.main import main as banyan  # noqa: PLC0415 -- after the line above, or it is for nothing

    banyan()


if __name__ == "__main__":
    main()
