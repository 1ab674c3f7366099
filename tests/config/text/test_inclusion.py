from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from proxy.config.load import Loaded, load_file, load_texts
from proxy.config.text import document, inclusion
from proxy.config.text.inclusion import MAX_FILES
from proxy.config.text.written_texts import Texts
from tests.config.given_files import NOTHING

MAIN = """\
version: 1
include: [orders.yaml, teams/search.yaml]
listen: 127.0.0.1:8080
upstreams:
  legacy: {url: "http://127.0.0.1:3000"}
routes:
  - {name: rest, match: /**, stage: legacy}
"""
ORDERS = """\
# Team orders.
upstreams:
  new: {url: "http://127.0.0.1:3001"}
routes:
  - {name: orders, match: /orders/**, stage: legacy}
  - {name: order, match: "/orders/{id}", stage: legacy}
"""
SEARCH = """\
routes:
  - {name: search, match: /search, stage: legacy}
"""
ALL = {"orders.yaml": ORDERS, "teams/search.yaml": SEARCH}


def files(folder: Path, included: Mapping[str, str], main: str = MAIN) -> Path:
    """routes.yaml and the files beside and below it."""
    for name, text in {"routes.yaml": main, **included}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    return folder / "routes.yaml"


def loaded(folder: Path, included: Mapping[str, str] = ALL, main: str = MAIN) -> Loaded:
    found = load_file(files(folder, included, main), NOTHING)
    assert isinstance(found, Loaded), "\n".join(map(str, found))
    return found


def told(folder: Path, included: Mapping[str, str], main: str = MAIN) -> list[str]:
    found = load_file(files(folder, included, main), NOTHING)
    assert not isinstance(found, Loaded)
    return [str(problem).removeprefix(f"{folder}/") for problem in found]


def test_routes_follow_each_other_and_know_their_files(tmp_path: Path) -> None:
    """The main file's own come first, then those of each file in the order of inclusion; each with file and line."""
    found = loaded(tmp_path)

    assert [(each.name, each.place) for each in found.snapshot.routes] == [
        ("rest", "routes.yaml:7"),
        ("orders", "orders.yaml:5"),
        ("order", "orders.yaml:6"),
        ("search", "teams/search.yaml:2"),
    ]
    assert [each.index for each in found.snapshot.routes] == [0, 1, 2, 3]
    assert set(found.snapshot.upstreams) == {"legacy", "new"}
    assert found.texts == Texts(MAIN, ALL)


def test_one_file_alone_names_none(tmp_path: Path) -> None:
    """Without an include, a route's place is its line."""
    found = loaded(
        tmp_path, {}, MAIN.replace("include: [orders.yaml, teams/search.yaml]\n", "").replace("legacy:", "legacy: ")
    )

    assert [(each.file, each.place) for each in found.snapshot.routes] == [("", "line 6")]


def test_an_included_file_includes_by_paths_from_where_it_lies(tmp_path: Path) -> None:
    """Its routes stand before those of the files that it includes, and these before the next file's."""
    nested = {
        "orders.yaml": ORDERS,
        "teams/search.yaml": "include: [./deep/more.yaml, ../last.yaml]\n" + SEARCH,
        "teams/deep/more.yaml": SEARCH.replace("search", "more"),
        "last.yaml": SEARCH.replace("search", "last"),
    }
    (tmp_path / "teams").mkdir()

    names = [route.place for route in loaded(tmp_path, nested).snapshot.routes]
    assert names[3:] == ["teams/search.yaml:3", "teams/deep/more.yaml:2", "last.yaml:2"]


def test_the_revision_is_another_after_an_edit_of_any_file(tmp_path: Path) -> None:
    """One text, one byte: one revision; the same texts elsewhere have the same one, and those that were kept too."""
    first = loaded(tmp_path)
    revisions = {first.snapshot.revision}
    for edited in ({**ALL, "orders.yaml": ORDERS + "#"}, {**ALL, "teams/search.yaml": SEARCH + "\n"}):
        revisions.add(loaded(tmp_path, edited).snapshot.revision)
    revisions.add(loaded(tmp_path, ALL, MAIN + "#").snapshot.revision)
    (tmp_path / "copy").mkdir()
    again = loaded(tmp_path / "copy").snapshot.revision
    kept = load_texts(first.texts, tmp_path / "none" / "routes.yaml", NOTHING)

    assert len(revisions) == 4
    assert isinstance(kept, Loaded)
    assert again == kept.snapshot.revision == first.snapshot.revision


def test_problems_stand_in_their_file_and_count_its_routes(tmp_path: Path) -> None:
    """Each problem has file, line and column of the text to change, files in order; in each, routes count from 0."""
    bad = {
        "orders.yaml": ORDERS.replace("stage: legacy}\n  -", "stage: legacy, split: 200%}\n  -"),
        "teams/search.yaml": SEARCH.replace("stage: legacy", "stage: legcy, cohort: '${NO}'"),
    }

    found = told(tmp_path, bad, MAIN.replace("version: 1", "version: 2"))

    assert [": ".join(each.split(": ")[:2]) for each in found] == [
        "routes.yaml:1:10: version",
        "orders.yaml:5:61: routes[0].split",
        "teams/search.yaml:2:43: routes[0].stage",
        "teams/search.yaml:2:58: routes[0].cohort",
    ]


def test_what_is_said_twice_names_both_places(tmp_path: Path) -> None:
    """A key at the top, a name of a mapping, a route's name, and two routes for the same requests: in two files."""
    twice = {
        "orders.yaml": ORDERS + "listen: 127.0.0.1:8081\n",
        "teams/search.yaml": 'upstreams:\n  new: {url: "http://127.0.0.1:3001"}\n' + SEARCH,
    }
    problems = told(tmp_path, twice)
    same = told(tmp_path, {**ALL, "teams/search.yaml": ORDERS[ORDERS.index("routes") :]})
    own = f"the other is {tmp_path}/"

    assert problems == [
        f"orders.yaml:7:1: listen: is said in two files; {own}routes.yaml:3:1; take one out",
        f"teams/search.yaml:2:3: upstreams.new: is said in two files; {own}orders.yaml:3:3; take one out",
    ]
    assert (
        same[0]
        == f'teams/search.yaml:2:12: routes[0].name: "orders" is taken by routes[0] ({tmp_path}/orders.yaml:5:12)'
    )
    conflicts = [each for each in same if "on the same path" in each]
    assert conflicts[0].startswith(
        f'teams/search.yaml:2:27: routes[0].match: takes requests that routes[0] "orders" ({tmp_path}/'
    )


@pytest.mark.parametrize(
    ("key", "value"), [("upstreams", "[]"), ("routes", "{}"), ("windows", "[]"), ("compare", "{secrets: [a]}")]
)
def test_what_cannot_be_put_together_is_said_twice(tmp_path: Path, key: str, value: str) -> None:
    """Settings stand in one file whole, lists but that of routes as well, and so does what is no mapping or list."""
    both = MAIN + "windows: []\ncompare: {secrets: [b]}\n"

    assert (
        f"orders.yaml:1:1: {key}: is said in two files; "
        in told(tmp_path, {**ALL, "orders.yaml": f"{key}: {value}\n"}, both)[0]
    )


def test_a_list_that_an_alias_stands_for_is_not_added_to(tmp_path: Path) -> None:
    """What other files add to a mapping of names goes nowhere else where its text is used again."""
    main = MAIN.replace("upstreams:\n", "upstreams: &all\n") + "databases: *all\n"
    problems = told(tmp_path, ALL, main)

    assert any("databases.legacy" in each for each in problems)
    assert not any("databases.new" in each for each in problems)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("orders.yaml", "must be a list of paths, such as [orders.yaml, teams/search.yaml]"),
        ("[]", "must be a list of paths, such as [orders.yaml, teams/search.yaml]"),
        ("[{}]", "include[0]: must be the path of a file"),
        ("['']", "include[0]: must be the path of a file"),
        ('["a\\0b"]', "has a character that is in no name of a file"),
        ("['*.yaml']", "is a pattern; files are named one by one"),
        ("['${TEAM}.yaml']", "has a variable; which files are read does not depend on the environment"),
        ("[/etc/passwd]", "leaves the folder of the main file"),
        ("[../orders.yaml]", "leaves the folder of the main file"),
        ("[teams/../../orders.yaml]", "leaves the folder of the main file"),
        ("[..]", "leaves the folder of the main file"),
        ("[gone.yaml]", '"gone.yaml" is not there; put it there, or take it out'),
        ("[.]", '"." is a directory'),
        ("[routes.yaml]", "is the file with which everything begins; includes go one way"),
        ("[orders.yaml, ./orders.yaml]", "is included already, at "),
    ],
)
def test_an_include_that_cannot_be_is_told_at_its_place(tmp_path: Path, written: str, why: str) -> None:
    """Where it stands, and what to do; nothing else is said of a configuration that is not whole."""
    (problem,) = told(tmp_path, {"orders.yaml": ORDERS}, MAIN.replace("[orders.yaml, teams/search.yaml]", written))

    assert problem.startswith("routes.yaml:2:")
    assert why in problem


def test_a_circle_is_told_where_it_closes(tmp_path: Path) -> None:
    """The file that leads back says so, and by which way it came."""
    circle = {"orders.yaml": "include: [teams/search.yaml]\n", "teams/search.yaml": "include: [../orders.yaml]\n"}
    (problem,) = told(tmp_path, circle, MAIN.replace(", teams/search.yaml", ""))

    assert problem == (
        'teams/search.yaml:1:11: include[0]: "../orders.yaml" leads here itself, '
        f"from {tmp_path}/routes.yaml:2:11; includes go one way, take one out"
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "1:1: the file is empty; write routes or upstreams into it, or take it out of include"),
        ("# later\n", "1:1: the file holds comments alone; write routes"),
        ("- a\n", "1:1: the file must be a mapping, got a list"),
        ("a: [\n", "2:1: "),
        ("a: \udcff\n", "1:4: the byte 0xFF is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_no_empty_one(tmp_path: Path, text: str, place: str) -> None:
    """What is wrong is told in that file, and no route that it might have had is missed elsewhere."""
    (problem,) = told(tmp_path, {**ALL, "orders.yaml": text})

    assert problem.startswith(f"orders.yaml:{place}")


def test_files_bytes_and_values_are_bounded_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file too many is told where it is named, and so is one too large with the others, or with too many values."""
    many = "".join(f"  - f{at}.yaml\n" for at in range(MAX_FILES + 1))
    main = MAIN.replace(" [orders.yaml, teams/search.yaml]\n", "\n" + many)
    (number,) = told(tmp_path, {f"f{at}.yaml": f"x{at}: 1\n" for at in range(MAX_FILES + 1)}, main)
    with monkeypatch.context() as small:
        small.setattr(inclusion, "MAX_BYTES", len(ORDERS) + len(SEARCH) - 1)
        (size,) = told(tmp_path, ALL)
    with monkeypatch.context() as small:
        small.setattr(document, "MAX_VALUES", 25)
        (values,) = told(tmp_path, ALL)

    assert number.startswith(
        f'routes.yaml:{MAX_FILES + 3}:5: include[{MAX_FILES}]: "f{MAX_FILES}.yaml" is one file more'
    )
    assert size.startswith('routes.yaml:2:24: include[1]: with "teams/search.yaml" more than')
    assert "orders.yaml:" in values
    assert "this file and those before it hold more than 25 values" in values


def test_paths_in_an_included_file_begin_at_the_main_files_folder(tmp_path: Path) -> None:
    """A block means the same in whichever file it stands: no path of it changes when it is moved there."""
    grant = "tls: {cert: certs/a.pem, key: certs/a.key}\n"
    own = loaded(tmp_path, ALL, MAIN + grant).snapshot.tls
    moved = loaded(tmp_path, {**ALL, "teams/search.yaml": SEARCH + grant}).snapshot.tls

    assert own is not None
    assert own == moved
