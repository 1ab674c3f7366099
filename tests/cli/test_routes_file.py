from __future__ import annotations

from pathlib import Path

import pytest

from proxy.cli.routes_file import problem_lines
from proxy.config.text.problem import FileProblem
from tests.cli.conftest import Banyan


def problem_at(file: Path, line: int, column: int) -> FileProblem:
    return FileProblem(file=str(file), line=line, column=column, where="routes[0].split", message="must be less")


@pytest.mark.parametrize(
    ("source", "column", "shown", "caret"),
    [
        ("    split: 250%", 12, "    split: 250%", "           ^"),
        ("\tsplit: 250%", 9, "\tsplit: 250%", "\t       ^"),
        ("  - { name: 注文, split: 9 }", 24, "  - { name: 注文, split: 9 }", " " * 25 + "^"),
        ("name: \x1b[31mred", 7, "name: �[31mred", "      ^"),
    ],
    ids=["plain", "tab", "wide characters", "no control character reaches the terminal"],
)
def test_the_caret_stands_below_the_place(tmp_path: Path, source: str, column: int, shown: str, caret: str) -> None:
    """The line of the source is shown as a terminal can show it, and the caret is below the column meant."""
    file = tmp_path / "a.yaml"
    file.write_text(f"version: 1\n{source}\n", encoding="utf-8")

    lines = list(problem_lines([problem_at(file, 2, column)], with_source=True))

    assert lines == [
        f"{file}:2:{column}: routes[0].split: must be less",
        f"    2 │ {shown}",
        f"      │ {caret}",
    ]


def test_a_place_beyond_the_file_is_only_named(tmp_path: Path) -> None:
    """A problem after the last line, or of a file that cannot be read, has no source to show."""
    file = tmp_path / "a.yaml"
    file.write_text("version: 1\n", encoding="utf-8")
    problems = [problem_at(file, 9, 1), problem_at(tmp_path / "gone.yaml", 1, 1)]

    assert list(problem_lines(problems, with_source=True)) == [str(problem) for problem in problems]


def test_a_script_gets_one_line_per_problem(tmp_path: Path) -> None:
    """Where nobody reads, each problem is exactly the line that editors open."""
    file = tmp_path / "a.yaml"
    file.write_text("a\nb\n", encoding="utf-8")

    assert list(problem_lines([problem_at(file, 1, 1)])) == [str(problem_at(file, 1, 1))]


@pytest.mark.parametrize("command", ["replay {} --to http://127.0.0.1:1", "export {} 3f2a9c01d4e5"])
def test_a_route_that_the_file_does_not_have_may_be_another(banyan: Banyan, command: str) -> None:
    """The nearest name is told; where none is near, only where they are listed."""
    near, far = (banyan(command.format(name)) for name in ("order.show", "zzz"))

    assert (near.exit_code, far.exit_code) == (2, 2)
    assert "no route 'order.show' with two sides" in near.stderr
    assert "Did you mean orders.show? `banyan status` lists the routes." in near.stderr
    assert "Did you mean" not in far.stderr


LACKS = """\
version: 1
listen: 127.0.0.1:8080
upstreams:
  new:
    url: "http://127.0.0.1:3002"
    auth: {{ client_credentials: {{ url: "https://id.test/token", client_id: a, client_secret: "${{NEW_SECRET}}" }} }}
routes:
  - {{ name: rest, match: "GET /**", stage: {stage} }}
"""


@pytest.mark.parametrize("command", ["probe", "explain GET /a", "reconcile accounts"])
def test_a_variable_that_this_shell_lacks_is_no_fault_of_the_file(banyan: Banyan, folder: Path, command: str) -> None:
    """It is named with its place, and how to run the command as the process that serves runs; exit 2."""
    (folder / "routes.yaml").write_text(LACKS.format(stage="live"))
    result = banyan(command)
    said = " ".join(result.stderr.split())

    assert result.exit_code == 2
    assert "this shell lacks NEW_SECRET, which routes.yaml takes from the environment (routes.yaml:6:" in said
    assert "`docker exec CONTAINER banyan …`" in said
    assert "--preserve-env=NEW_SECRET banyan …" in said
    assert "cannot be used" not in said


def test_what_is_wrong_beside_it_is_still_told(banyan: Banyan, folder: Path) -> None:
    """The problems of the file, and apart from them what the shell lacks; for a script as well."""
    (folder / "routes.yaml").write_text(LACKS.format(stage="gone"))
    people, script = banyan("probe"), banyan("probe --json")

    for said in (" ".join(people.stderr.split()), " ".join(script.stderr.split()) + script.stdout):
        assert "routes[0].stage: must be one of" in said
        assert "this shell lacks NEW_SECRET" in said
        assert "the environment has no" not in said
