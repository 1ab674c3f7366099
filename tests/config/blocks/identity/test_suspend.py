from __future__ import annotations

from pathlib import Path

from tests.config.given_files import FILE, problems, snapshot, warnings


def test_without_a_file_nobody_is_listed() -> None:
    """The key may be left out."""
    assert snapshot(FILE).suspend == ""


def test_the_file_is_named(tmp_path: Path) -> None:
    """As it is written, once it can be read."""
    (tmp_path / "list").write_text("anna\n")

    assert snapshot(FILE + f"suspend: {tmp_path}/list\n").suspend == f"{tmp_path}/list"


def test_a_list_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Everybody on it could call."""
    (tmp_path / "list").write_bytes(b"\xff")
    (found,) = problems(FILE + f"suspend: {tmp_path}/list\n")
    (missing,) = problems(FILE + f"suspend: {tmp_path}/none\n")

    assert found.endswith("suspend: lists nobody, as it is no UTF-8; make the file, empty if nobody is suspended")
    assert "lists nobody, as it cannot be read: No such file or directory" in missing


def test_subjects_in_quotes_are_a_warning(tmp_path: Path) -> None:
    """No token says them, so nobody is barred by such a line."""
    said = []
    for text in ("anna\n", '"globex"\n', "'b'\n\"a\"\n"):
        (tmp_path / "list").write_text(text)
        said.append([each.partition("suspend: ")[2] for each in warnings(FILE + f"suspend: {tmp_path}/list\n")])
    cure = "in quotes, which are taken for part of the subject; take them off"
    assert said == [[], [f'lists "globex" {cure}'], [f'lists "a" and 1 more {cure}']]
