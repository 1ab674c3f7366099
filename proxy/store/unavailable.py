"""What goes wrong with a store; the classes stand in the core, since control must know them and not the store."""

from __future__ import annotations

from proxy.core.store_errors import StoreRefused, StoreUnavailable

__all__ = ["SchemaRefused", "StoreRefused", "StoreUnavailable"]


class SchemaRefused(StoreUnavailable):
    """The database holds a schema that this version of Banyan cannot work with; only an operator can change that."""
