from __future__ import annotations

from pathlib import Path

from proxy.config.readers.suspended_file import place, read


def test_a_relative_path_counts_from_routes_yaml(tmp_path: Path) -> None:
    """And nothing of it is asked of the disk."""
    config = tmp_path / "routes.yaml"

    assert place("lists/suspended.txt", config) == tmp_path / "lists/suspended.txt"
    assert place("/run/suspended", config) == Path("/run/suspended")


def test_whom_a_file_lists(tmp_path: Path) -> None:
    """A subject in each line; one that is not there lists nobody knows whom."""
    (tmp_path / "list").write_text("anna\nben\n")

    assert read(tmp_path / "list") == frozenset({"anna", "ben"})
    assert read(tmp_path / "none") == "it cannot be read: No such file or directory"
