from __future__ import annotations

from tests.config.given_files import FILE, HEAD, warnings, with_routes


def test_a_usual_file_needs_no_advice() -> None:
    """An upstream that only a later stage will use is nothing to warn about."""
    assert warnings(FILE) == []


def test_an_upstream_that_no_route_uses_is_told() -> None:
    """An upstream without a role on any route is probably a leftover; an answer of Banyan's own uses none."""
    text = with_routes("name: a, match: /**, stage: live, new: crm", "name: b, match: /b, respond: {status: 403}")
    found = warnings(text.replace("upstreams:\n", 'upstreams:\n  crm: {url: "http://a"}\n'))

    assert found == [
        "routes.yaml:6:3: upstreams.new: no route uses it; name it on one (legacy: new or new: new), or take it out"
    ]


def test_a_route_from_an_upstream_to_itself_is_told() -> None:
    """When both roles are played by one upstream, no stage changes anything."""
    found = warnings(with_routes("name: a, match: /a, stage: live, new: legacy", "name: b, match: /b, stage: live"))

    assert found == ["routes.yaml:7:5: routes[0]: legacy and new are the same upstream, so the stage changes nothing"]


def test_a_group_of_one_is_told() -> None:
    """A group with a single route shares its draw with nobody, so its name is probably wrong."""
    names = ("checkout", "checkout", "chekout")
    found = warnings(
        with_routes(*(f"name: r{at}, match: /{at}, stage: live, group: {name}" for at, name in enumerate(names)))
    )

    assert found == ['routes.yaml:9:47: routes[2].group: no other route is in group "chekout"']


def test_a_group_that_is_called_like_a_route_is_told() -> None:
    """A route outside a group of its name would share its draw, which nobody would guess."""
    routes = [f"name: {name}, match: /{name}, stage: live" for name in ("orders", "a", "b")]
    found = warnings(with_routes(routes[0], f"{routes[1]}, group: orders", f"{routes[2]}, group: orders"))

    assert found == [
        f"routes.yaml:{line}:46: routes[{at}].group: "
        'a route outside the group is called "orders" and so shares its draw; rename the group'
        for line, at in ((8, 1), (9, 2))
    ]


def test_advice_stands_beside_advice() -> None:
    """Every warning of a file is told at once."""
    text = with_routes("name: a, match: /a, stage: live, new: legacy, group: g", head=HEAD)

    assert len(warnings(text)) == 3


def test_an_https_upstream_that_sees_another_name_as_host_is_told() -> None:
    """With `host: preserve`, said or not, SNI and Host differ; a file that says how they go together is not warned."""
    text = with_routes("name: a, match: /a, stage: live")
    told = "asked for new.internal by TLS (SNI)"
    for keys, count in (
        ("", 1),
        (", host: preserve", 1),
        (", tls: {verify: true}", 1),
        (", host: upstream", 0),
        (", tls: {sni: host}", 0),
        (", tls: {sni: upstream}", 0),
    ):
        found = warnings(text.replace('{url: "http://127.0.0.1:3001"}', f'{{url: "https://new.internal"{keys}}}'))

        assert len([each for each in found if told in each]) == len(found) == count, keys


def test_a_split_that_waits_for_its_stage_is_told() -> None:
    """Whoever went back by the stage alone; at canary and retired a split has a meaning."""
    routes = [f"name: {stage}, match: /{stage}, stage: {stage}, split: 5%" for stage in ("legacy", "canary")]
    found = warnings(with_routes(*routes))

    assert [each for each in found if "split" in each] == [
        "routes.yaml:7:51: routes[0].split: has no meaning at stage legacy; it waits for stage: canary"
    ]
