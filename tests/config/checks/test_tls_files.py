from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from proxy.config.checks.tls_files import newly_bad
from proxy.config.load import Loaded, load_text
from tests.edge.authority import Authority

FILE = """\
version: 1
listen: :8443
tls: {{cert: {site}.pem, key: {key}.key}}
upstreams: {{legacy: {{url: "https://legacy.internal", tls: {{ca: {ca}.pem, cert: own.pem, key: own.key}},
                     host: upstream}}}}
routes: [{{name: rest, match: /**, stage: legacy}}]
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """With a good certificate for each use."""
    authority = Authority(tmp_path)
    authority.sign("site.test", to="site")
    authority.sign("other.test", to="other")
    authority.sign("me", to="own")
    authority.sign("ended.test", to="ended", ends=timedelta(days=-2))
    authority.sign("early.test", to="early", begins=timedelta(days=2))
    authority.sign("soon.test", to="soon", ends=timedelta(days=13))
    return tmp_path


def load(directory: Path, site: str = "site", key: str = "", ca: str = "authority") -> Loaded:
    found = load_text(FILE.format(site=site, key=key or site, ca=ca), str(directory / "routes.yaml"), {})
    assert isinstance(found, Loaded), [str(each) for each in found]
    return found


def said(found: Loaded) -> list[str]:
    return [f"{each.problem.line}:{each.problem.column} {each.problem.where}" for each in found.bad_files]


def test_good_files_are_not_mentioned(directory: Path) -> None:
    """What can be used makes no problem and no warning."""
    found = load(directory)

    assert (found.bad_files, found.warnings) == ((), ())


def test_bad_files_stand_at_their_keys(directory: Path) -> None:
    """What is missing, and a key of another certificate, are found at the line and column that name them."""
    assert said(load(directory, "nowhere")) == ["3:13 tls.cert"]
    assert said(load(directory, "site", "other")) == ["3:28 tls.key"]
    assert said(load(directory, ca="none")) == ["4:64 upstreams.legacy.tls.ca"]
    (problem,) = load(directory, "site", "other").bad_files
    assert str(problem.problem).endswith(
        f"{directory}/other.key is not the key of the certificate in {directory}/site.pem; name its own"
    )


def test_an_ended_certificate_is_bad_and_usable(directory: Path) -> None:
    """`check` refuses it; `serve` would rather serve with it than not at all."""
    (bad,) = load(directory, "ended").bad_files

    assert bad.usable
    assert "has ended on 20" in bad.problem.message


def test_a_certificate_that_holds_later_points_at_the_clock(directory: Path) -> None:
    """Whoever renewed in time may have a machine whose clock is behind: the sentence says so."""
    (bad,) = load(directory, "early").bad_files

    assert bad.usable
    assert "look at this machine's clock" in bad.problem.message


def test_a_certificate_that_ends_soon_is_warned_about(directory: Path) -> None:
    """Within fourteen days of its end."""
    (warning,) = load(directory, "soon").warnings

    assert "tls.cert: ends on 20" in warning


def test_only_what_is_new_refuses_an_edit(directory: Path) -> None:
    """Files that are named as before, and were lost since, do not stand in the way of an edit; new ones do."""
    before = load(directory).snapshot
    (directory / "own.key").unlink()
    same, other = load(directory), load(directory, ca="site")

    assert len(same.bad_files) == 1
    assert newly_bad(same.bad_files, before, same.snapshot) == []
    assert [each.where for each in newly_bad(other.bad_files, before, other.snapshot)] == ["upstreams.legacy.tls.key"]
    wrong = load(directory, "nowhere")
    assert next(each.where for each in newly_bad(wrong.bad_files, before, wrong.snapshot)) == "tls.cert"
