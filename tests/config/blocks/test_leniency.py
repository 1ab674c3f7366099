from __future__ import annotations

import pytest

from proxy.core.http.leniency_points import Leniency
from proxy.core.http.trace import RequestIds
from tests.config.given_files import FILE, HEAD, snapshot, told, with_routes


def test_what_is_forgiven_is_said_at_three_places() -> None:
    """Of every request, of a route's, of an upstream's responses; by default nothing is."""
    head = HEAD.replace('new: {url: "', 'new: {leniency: [bare_lf], url: "') + "leniency: [unknown_methods]\n"
    found = snapshot(with_routes("name: a, match: /a, stage: legacy, leniency: [bare_lf]", head=head))

    assert found.leniency == {Leniency.UNKNOWN_METHODS}
    assert found.routes[0].leniency == found.upstreams["new"].leniency == {Leniency.BARE_LF}
    assert snapshot(FILE).forgiven == frozenset()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (FILE + "leniency: [bare_lf, ¦bare_lf]\n", "leniency[1]"),
        (with_routes("name: a, match: /a, stage: legacy, leniency: [bare_lf, ¦bare_lf]"), "routes[0].leniency[1]"),
        (FILE.replace('new: {url: "', 'new: {leniency: [bare_lf, ¦bare_lf], url: "'), "upstreams.new.leniency[1]"),
    ],
)
def test_a_point_is_opened_once(text: str, where: str) -> None:
    """Whoever closes it closes it."""
    assert told(text) == [f"{where}: stands twice; take one out"]


def test_odd_names_and_given_ids_are_treated_as_the_file_says() -> None:
    """By default fields with an underscore pass, and ids are kept of trusted proxies alone."""
    found = snapshot(FILE + "underscore_headers: reject\nrequest_id: keep\n")

    assert (found.underscores, found.request_id) == (False, RequestIds.KEEP)
    assert (snapshot(FILE).underscores, snapshot(FILE).request_id) == (True, RequestIds.TRUSTED)
