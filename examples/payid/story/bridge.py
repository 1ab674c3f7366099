"""The bridge over nulls, as edits of routes.yaml: put up for all clients in one save, taken away client by client."""

from __future__ import annotations

from examples.payid.stage.scene import EXAMPLE

CLIENTS = ("cart", "shop", "app")
_UNTIL = "2027-03-31"
_TOP = "\nupstreams:\n"


def put_up(text: str) -> str:
    """All adapters, and each route names its own."""
    block = (EXAMPLE / "bridge.yaml").read_text(encoding="utf-8")
    text = text.replace(_TOP, "\n" + block[block.index("adapters:") :] + _TOP, 1)
    for client in CLIENTS:
        text = text.replace(_route(client), f"{_route(client)}    adapter: {client}-nulls\n", 1)
    return text


def taken_away(client: str, text: str) -> str:
    """One client's adapter, and what differs from legacy now stands in `compare`; the last takes the block along."""
    text = text.replace(f"    adapter: {client}-nulls\n", "", 1)
    head, mark, rest = text.partition(f"  {client}-nulls:\n")
    rest = "".join(rest.splitlines(keepends=True)[2:])
    text = head + rest if mark else text
    return _excused(text.replace("adapters:\n\nupstreams:", "upstreams:", 1), client)


def _excused(text: str, client: str) -> str:
    head, mark, rest = text.partition(_route(client))
    lines = rest.splitlines(keepends=True)
    end = next((at for at, line in enumerate(lines) if line.startswith("  - ")), len(lines))
    kept = [line for line in lines[:end] if not line.startswith("    compare: ")]
    return head + mark + "".join([*kept, f"    compare: {rules(client)}\n", *lines[end:]])


def rules(client: str) -> str:
    """What differs on purpose once this client is freed."""
    nulls = ", ".join(_rule(path, "absent means null", client) for path in null_paths(client))
    dropped = _rule("$.birthday", f"the {client} does not read it", client, ", kinds: [missing, null_absent]")
    return f"{{ null_absent: [{nulls}]{'' if client == 'app' else f', ignore: [{dropped}]'} }}"


def null_paths(client: str) -> tuple[str, ...]:
    """Where it reads what may be null."""
    common = ("$.kana", "$.phone", "$.address.building")
    return (*common, "$.birthday") if client == "app" else common


def _rule(path: str, reason: str, client: str, kinds: str = "") -> str:
    return f'{{ path: {path}, reason: {reason}, owner: team-{client}, until: "{_UNTIL}"{kinds} }}'


def _route(client: str) -> str:
    return f"  - name: account.{client}\n"
