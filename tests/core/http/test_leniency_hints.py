from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from proxy.core.http import leniency_points
from proxy.core.http.leniency_hints import OF_REQUESTS, OF_RESPONSES, Openings, of_request, of_response
from proxy.core.http.leniency_points import Leniency

DOCS = Path(__file__).parents[3] / "docs" / "routes.md"
HEAD = "| a refusal says | what opens it | where |\n|---|---|---|\n"
TWO_WAYS = (
    "; opened at the top or on a route by `leniency: [percent_nul]` where it is %00, "
    "by `leniency: [fragment_in_target]` where it is #"
)


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        (
            "Missing expected CR after header value",
            "; opened at the top or on a route by `leniency: [bare_lf]`",
        ),
        (
            "Duplicate Content-Length",
            "; opened at the top or on a route by `leniency: [equal_content_lengths]` where all say the same length",
        ),
        ("the request target holds a forbidden character", TWO_WAYS),
        ("Invalid header token", ""),
        ("no route takes this path", ""),
        ("", ""),
    ],
)
def test_a_refused_request_is_told_what_opens_it(detail: str, told: str) -> None:
    """The point, where it may stand, and when it helps; nothing where no point of requests does."""
    assert of_request(detail) == detail + told


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        ("Missing expected CR after response line", "; opened on the upstream by `leniency: [bare_lf]`"),
        ("Invalid header value char", "; opened on the upstream by `leniency: [ctl_in_values]`"),
        (
            "Invalid header token",
            "; opened on the upstream by `leniency: [space_before_colon]` where a blank stands before the colon",
        ),
        ("Invalid char in url query", ""),
    ],
)
def test_a_response_that_cannot_be_read_is_told_what_opens_it(problem: str, told: str) -> None:
    """By the parser's sentence, behind the words of the failure."""
    detail = f"the upstream's response head is not valid HTTP: {problem}"

    assert of_response(detail) == detail + told


@pytest.mark.parametrize(
    ("openings", "points"), [(OF_REQUESTS, leniency_points.OF_REQUESTS), (OF_RESPONSES, leniency_points.OF_RESPONSES)]
)
def test_every_point_opens_something(openings: Openings, points: tuple[Leniency, ...]) -> None:
    """Each point of that side has a sentence that leads to it, and no point of the other side has one."""
    assert {way.point for ways in openings.values() for way in ways} == set(points)


def rows() -> Mapping[str, str]:
    """The table of the docs as `what` to `where`."""
    both = OF_REQUESTS.keys() & OF_RESPONSES.keys()
    found = {}
    for detail, ways in {**OF_REQUESTS, **OF_RESPONSES}.items():
        what = ", ".join(f"`{way.point}`{f' where {way.when}' if way.when else ''}" for way in ways)
        where = "both" if detail in both else "requests" if detail in OF_REQUESTS else "responses"
        found[detail] = f"{what} | {where}"
    return found


def test_the_docs_have_the_very_table() -> None:
    """docs/routes.md lists each sentence with what opens it."""
    table = HEAD + "".join(f"| {detail} | {rest} |\n" for detail, rest in rows().items())

    assert table in DOCS.read_text(encoding="utf-8"), table
