from __future__ import annotations

from proxy.core.outcome import Side
from proxy.demo.notebook import RECENT, Notebook, NotedExchange, figures


def exchange(at: float, side: Side | None, *, route: str = "show", office: str = "a", fault: str = "") -> NotedExchange:
    return NotedExchange(route=route, office=office, at=at, seconds=0.010, side=side, fault=fault)


def test_the_last_seconds_are_summed_up() -> None:
    """Rates, share and times are of the last seconds of one route only."""
    notebook = Notebook()
    for step in range(100):
        side = Side.NEW if step % 4 == 0 else Side.LEGACY
        notebook.note(exchange(step * 0.1, side))
        notebook.note(exchange(step * 0.1, Side.LEGACY, route="search"))
    seen = notebook.recent("show", now=9.95)

    assert (seen.legacy, seen.new) == (30 / RECENT, 10 / RECENT)
    assert (seen.share, seen.p50, seen.p99) == (0.25, 10.0, 10.0)


def test_a_quiet_route_has_no_figures() -> None:
    """Where nothing was asked there is neither share nor time, rather than a nought."""
    seen = Notebook().recent("show", now=0.0)

    assert (seen.legacy, seen.new, seen.share, seen.p50, seen.p99) == (0.0, 0.0, None, None, None)


def test_failures_are_counted_and_told() -> None:
    """A fault counts on its route, and its sentence is kept, the last ones of many."""
    notebook = Notebook()
    for number in range(50):
        notebook.note(exchange(float(number), None, fault=f"fault {number}"))

    assert (notebook.requests["show"], notebook.failures["show"]) == (50, 50)
    assert list(notebook.faults)[-1] == "show for a: fault 49"
    assert len(notebook.faults) < 50


def test_a_window_counts_its_own_route_while_it_is_open() -> None:
    """Only answers on the watched route, between opening and closing, are in a window."""
    notebook = Notebook()
    notebook.note(exchange(0.0, Side.NEW))
    window = notebook.open_window("show")
    notebook.note(exchange(1.0, Side.NEW, office="a"))
    notebook.note(exchange(1.1, Side.LEGACY, office="b"))
    notebook.note(exchange(1.2, None, office="c"))
    notebook.note(exchange(1.3, Side.LEGACY, route="search", office="a"))
    notebook.close_window()
    notebook.note(exchange(1.4, Side.LEGACY, office="a"))

    assert window.sides == {Side.NEW: 1, Side.LEGACY: 1}
    assert window.by_office == {"a": {Side.NEW}, "b": {Side.LEGACY}}


def test_percentiles_are_of_what_was_seen() -> None:
    """p50 and p99 are times that some request really took, in milliseconds."""
    seen = figures(100, 0, [number / 1000 for number in range(1, 101)], 1.0)

    assert (seen.p50, seen.p99) == (51.0, 100.0)
