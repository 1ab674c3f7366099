"""What a newcomer copies from the README works."""

from __future__ import annotations

import re
from pathlib import Path

from proxy.config.load import Loaded, load_text

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_first_example_loads_and_serves_websockets() -> None:
    """It is a whole routes.yaml, and what runs over its last route today, WebSockets too, still does."""
    found = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert found is not None
    loaded = load_text(found[1], "README.md", {})

    assert isinstance(loaded, Loaded), loaded
    assert [route.name for route in loaded.snapshot.routes if route.websocket] == ["rest"]


def test_what_it_names_of_run_is_there() -> None:
    """Whoever has a clone finds `banyan` by commands that `./run` has."""
    usage = (ROOT / "run").read_text(encoding="utf-8").partition("<<'HELP'\n")[2].partition("HELP\n")[0]
    named = set(re.findall(r"\./run (\w+)", README))

    assert {"shell", "banyan", "demo", "test"} <= named
    assert named <= set(re.findall(r"^  (\w+)", usage, re.MULTILINE))


def test_it_says_how_to_install_and_what_to_set() -> None:
    """The ways to install, the token of the admin API, and the key without which a WebSocket is refused."""
    for named in ("pip install banyan-proxy", "docker run", "BANYAN_ADMIN_TOKEN", "upgrades: [websocket]"):
        assert named in README
