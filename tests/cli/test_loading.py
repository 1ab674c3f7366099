from __future__ import annotations

import pytest

from tests.cli.conftest import Banyan


@pytest.mark.parametrize("command", ["replay {} --to http://127.0.0.1:1", "export {} 3f2a9c01d4e5"])
def test_a_route_that_the_file_does_not_have_may_be_another(banyan: Banyan, command: str) -> None:
    """The nearest name is told; where none is near, only where they are listed."""
    near, far = (banyan(command.format(name)) for name in ("order.show", "zzz"))

    assert (near.exit_code, far.exit_code) == (2, 2)
    assert "no route 'order.show' with two sides" in near.stderr
    assert "Did you mean orders.show? `banyan status` lists the routes." in near.stderr
    assert "Did you mean" not in far.stderr
