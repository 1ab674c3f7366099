from __future__ import annotations

from proxy.store.errors import SchemaRefused, StoreRefused, StoreUnavailable


def test_a_schema_that_does_not_fit_counts_as_a_store_that_is_away() -> None:
    """Who waits for a store that is away waits for a schema that fits as well; a refusal is waited for by nobody."""
    assert issubclass(SchemaRefused, StoreUnavailable)
    assert not issubclass(StoreRefused, StoreUnavailable)
