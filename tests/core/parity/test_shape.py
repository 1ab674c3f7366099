from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.parity.shape import shape_of
from tests.core.parity.pairs import answer, asking, pair


@pytest.mark.parametrize(
    ("target", "keys"),
    [
        (b"/orders", ""),
        (b"/orders?page=2&expand=x&page=3", "expand&page"),
        (b"/orders?a+b=1&%66oo=2&filter[name]=x&&b", "*&b&filter[name]&foo"),
        (b"/orders?7=1&8=2&%ff=1", "*"),
        (
            b"/orders?" + b"&".join(b"k%d" % n for n in range(20)),
            "k0&k1&k10&k11&k12&k13&k14&k15&k16&k17&k18&k19&k2&k3&k4&k5&…",
        ),
        (b"/orders?" + b"a" * 100, "a" * 40),
    ],
)
def test_a_shape_is_made_of_names(target: bytes, keys: str) -> None:
    """Query keys sorted, each once, without values; what is data is a star; bounded."""
    assert shape_of(pair(answer({}), answer(), request=asking(target))) == (
        f"GET orders.show ?{keys} 2xx application/json"
    )


def test_status_class_and_type_are_legacy_s() -> None:
    """What the authoritative past answered; no type is a dash."""
    both = pair(answer(status=404, fields=()), answer({}))

    assert shape_of(replace(both, route="a")) == "GET a ? 4xx -"
