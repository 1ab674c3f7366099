"""Adapters are named in `routes.yaml`, import `proxy.core` only, and are never imported by `proxy`."""
