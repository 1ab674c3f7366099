from __future__ import annotations

from proxy.core.store_errors import StoreRefused, StoreUnavailable
from proxy.store import unavailable


def test_control_and_store_mean_the_same_errors() -> None:
    """What the store raises is what control catches; a schema that does not fit counts as a store that is away."""
    assert unavailable.StoreUnavailable is StoreUnavailable
    assert unavailable.StoreRefused is StoreRefused
    assert issubclass(unavailable.SchemaRefused, StoreUnavailable)
    assert not issubclass(StoreRefused, StoreUnavailable)
