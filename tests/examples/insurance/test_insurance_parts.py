"""What the insurance story needs from the machine, and what it says where that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.insurance.stage import names, parts
from examples.stage.parts import MissingPartError


def test_without_botocore_it_says_which_extra_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be signed, and no signature checked."""
    monkeypatch.setattr(parts, "find_spec", lambda _: None)

    with pytest.raises(MissingPartError, match="botocore is not here") as told:
        parts.find_parts()
    assert told.value.cure == "pip install 'banyan-proxy[aws]'"


def test_without_curl_it_says_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is started; in the last phase a service that has moved is asked by it."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingPartError, match="curl is not here") as told:
        parts.find_parts()
    assert told.value.cure == "apt-get install curl"


def test_all_parts_are_here() -> None:
    """CI plays the story: a part that is missing there fails."""
    assert parts.find_parts().backend.major >= 15


def test_without_the_right_to_mount_services_are_called_by_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No prefix: nobody is started in a setting in which names would be known."""
    monkeypatch.setattr(names, "_MOUNT", "false")
    assert names._prefix(tmp_path, "127.53.1.1") == ()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert names._prefix(tmp_path, "127.53.1.1") == ()
