from __future__ import annotations

from pathlib import Path

from proxy.app.initial_table import Start, first_start
from proxy.config.files import lastgood
from tests.config.given_files import FILE

MAIN = FILE.replace("routes:\n", "include: [orders.yaml]\nroutes:\n")
ORDERS = "routes:\n  - {name: orders, match: /orders, stage: legacy}\n"


def test_a_child_that_is_born_amid_an_edit_of_several_files_begins_with_what_ran(tmp_path: Path) -> None:
    """Where files are still being edited, a worker that replaces another takes none of it; of one file it does."""
    path = tmp_path / "routes.yaml"
    path.write_text(MAIN)
    (tmp_path / "orders.yaml").write_text(ORDERS)
    start = first_start(path, {})
    assert isinstance(start, Start)
    lastgood.save(lastgood.directory(path, {}), start.texts)
    (tmp_path / "orders.yaml").write_text(ORDERS.replace("name: orders", "name: ordered"))
    amid = start.again(path, {})
    path.write_text(FILE.replace("name: rest", "name: all"))
    lastgood.save(lastgood.directory(path, {}), type(start.texts)(FILE))
    alone = start.again(path, {})

    assert [route.name for route in amid.snapshot.routes] == ["rest", "orders"]
    assert [route.name for route in alone.snapshot.routes] == ["all"]


def test_what_ran_and_cannot_be_loaded_any_more_is_no_beginning(tmp_path: Path) -> None:
    """Then the files are read as they stand."""
    path = tmp_path / "routes.yaml"
    path.write_text(FILE)
    start = first_start(path, {})
    assert isinstance(start, Start)
    lastgood.save(lastgood.directory(path, {}), type(start.texts)(MAIN, {"orders.yaml": "routes: 1\n"}))

    assert [route.name for route in start.again(path, {}).snapshot.routes] == ["rest"]
