from __future__ import annotations

from pathlib import Path

from proxy.config.load import Loaded, load_file, load_text
from proxy.config.text.included_files import IncludedFiles
from tests.config.given_files import NOTHING
from tests.config.text.test_inclusion import ALL, MAIN, ORDERS, SEARCH, files, told


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    """Wherever it leads, nothing outside is read; a link within the folder, and a folder that is one, are fine."""
    folder = tmp_path / "conf"
    folder.mkdir()
    (tmp_path / "outside.yaml").write_text(ORDERS)
    (folder / "orders.yaml").symlink_to(tmp_path / "outside.yaml")
    (leaves,) = told(folder, {"teams/search.yaml": SEARCH})
    (folder / "orders.yaml").unlink()
    (folder / "real.yaml").write_text(ORDERS)
    (folder / "orders.yaml").symlink_to("real.yaml")
    (tmp_path / "linked").symlink_to("conf")
    through = load_file(tmp_path / "linked" / "routes.yaml", NOTHING)

    assert leaves == (
        f'routes.yaml:2:11: include[0]: "orders.yaml" is a link that leaves {folder}; '
        "include what lies in the folder of the main file"
    )
    assert isinstance(through, Loaded)


def test_texts_that_stand_for_files_are_read_instead(tmp_path: Path) -> None:
    """An edit that nobody has written yet is loaded with what is on the disk beside it."""
    path = files(tmp_path, ALL)
    included = IncludedFiles(tmp_path, {"orders.yaml": ORDERS.replace("name: orders", "name: ordered")})
    found = load_text(MAIN, str(path), NOTHING, included=included)

    assert isinstance(found, Loaded)
    assert [route.name for route in found.snapshot.routes] == ["rest", "ordered", "order", "search"]


def test_what_was_read_is_known_and_looked_at_again(tmp_path: Path) -> None:
    """It stays the same for the whole of a load; what is there by then is told by name."""
    (tmp_path / "a.yaml").write_text("a")
    files = IncludedFiles(tmp_path)
    before = bool(files)
    files.read("a.yaml")
    files.read("gone.yaml")
    (tmp_path / "a.yaml").write_text("b")

    assert (before, bool(files)) == (False, True)
    assert files.read("a.yaml") == b"a"
    assert files.found == {tmp_path / "a.yaml": b"a", tmp_path / "gone.yaml": "is not there"}
    assert files.are_touched()
    assert files.changed() == {tmp_path / "a.yaml": b"b"}
