"""What goes wrong with a store."""

from __future__ import annotations


class StoreUnavailable(Exception):  # noqa: N818 - the name that all of Banyan uses
    """The store does not answer, or not in time. What was asked may or may not have happened; asking again is safe.

    The text names the cause, never a password.
    """


class StoreRefused(Exception):  # noqa: N818 - as above
    """The store answered and would not take it: a defect of ours. Asking again would give the same answer."""


class SchemaRefused(StoreUnavailable):
    """The database holds a schema that this version of Banyan cannot work with; only an operator can change that."""
