"""What a bound may cost somebody: the closed list of reasons under which `banyan_shed_total` counts."""

from __future__ import annotations

from enum import StrEnum


class Shed(StrEnum):
    """Which bound of docs/limits.md was met; counted once per request, or per connection where there is none."""

    CONNECTIONS = "connections"
    CONNECTIONS_PER_CLIENT = "connections_per_client"
    REQUESTS_PER_CONNECTION = "requests_per_connection"
    PIPELINE = "pipeline"
    RATE = "rate"
    ROUTE_RATE = "route_rate"
    MEMORY = "memory"
    REQUEST_LINE = "request_line"
    HEAD = "head"
    FIELDS = "fields"
    HEAD_TIME = "head_time"
    BODY_SIZE = "body_size"
    BODY_TIME = "body_time"
    BODY_RATE = "body_rate"
    WRITE_TIME = "write_time"
