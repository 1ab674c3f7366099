"""The kinds of values in routes.yaml: how each is read, and how the JSON Schema describes it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.readers import bounds, match_values, scalars, units
from proxy.config.readers.address import Address, Url, read_address, read_listen, read_network, read_url
from proxy.config.readers.state import read_state
from proxy.core.http.leniency import OF_REQUESTS, OF_RESPONSES, Leniency
from proxy.core.routing.cohort import CohortSource
from proxy.core.routing.effects import Effects
from proxy.core.routing.path import PathPattern
from proxy.core.routing.predicate import HostIs
from proxy.core.routing.route import Balance, Expectation, HostMode, RateLimit
from proxy.core.routing.snapshot import Network
from proxy.core.stage import Stage

_LENGTH = WithJsonSchema({"type": "string", "pattern": units.LENGTH_PATTERN})
_SHARE = {"type": "string", "pattern": r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?) ?%$"}
_FRACTION = {"type": "number", "minimum": 0, "maximum": 1}
_SIZE = WithJsonSchema({"type": "string", "pattern": "^[0-9]+ ?(B|KB|MB|GB|KiB|MiB|GiB)$"})
_TEXT = WithJsonSchema({"type": "string"})
_ADDRESS = WithJsonSchema({"type": "string", "pattern": ":[0-9]+$"})
_LISTEN = WithJsonSchema({"type": "string", "pattern": "(^unix:/.|:[0-9]+$)"})
_URL = WithJsonSchema(
    {
        "type": "string",
        "pattern": "^([Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+|[Hh][Tt][Tt][Pp]\\+[Uu][Nn][Ii][Xx]://[^?#]+)$",
    }
)
_SLASHED = WithJsonSchema({"type": "string", "pattern": "^/"})
_NAME = WithJsonSchema({"type": "string", "pattern": f"^{scalars.NAME_PATTERN}$"})
_METHOD = {"type": "string", "enum": list(match_values.METHODS)}
_METHODS = WithJsonSchema({"anyOf": [{"type": "array", "items": _METHOD, "minItems": 1}, {"type": "string"}]})
_SOURCE = WithJsonSchema({"type": "string", "pattern": "^(header:.+|cookie:.+|query:.+|path:.+|client_ip|anonymous)$"})
_CONDITION = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "description": "exactly this value"},
            {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "any of these values"},
            {"type": "boolean", "description": "true: present; false: absent"},
        ]
    }
)
_WORKERS = WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 256}, {"const": "auto"}]})
_MEMORY = WithJsonSchema(
    {"anyOf": [{"type": "string", "pattern": "^[0-9]+ ?(B|KB|MB|GB|KiB|MiB|GiB)$"}, {"enum": ["auto", "off"]}]}
)
_STATE = WithJsonSchema(
    {"anyOf": [{"enum": ["memory", "embedded"]}, {"type": "string", "pattern": "^postgres(ql)?://"}]}
)
_UPGRADES = WithJsonSchema({"type": "array", "items": {"type": "string", "enum": ["websocket"]}})


MatchText = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^([A-Z-]+(,[A-Z-]+)* )?/"})]
"""The short form of a match; how it is read stands at the model, which needs it whole."""


def _whole(least: int, most: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": least, "maximum": most})


def choices(*words: str) -> WithJsonSchema:
    """One of these words."""
    return WithJsonSchema({"type": "string", "enum": list(words)})


Length = Annotated[float, BeforeValidator(units.read_length), _LENGTH]
LengthAboveZero = Annotated[float, BeforeValidator(units.read_length_above_zero), _LENGTH]
Span = Annotated[float, BeforeValidator(units.read_span), _LENGTH]
Share = Annotated[float, BeforeValidator(units.read_share), WithJsonSchema(_SHARE)]
ShareOrFraction = Annotated[
    float, BeforeValidator(units.read_share_or_fraction), WithJsonSchema({"anyOf": [_SHARE, _FRACTION]})
]
Size = Annotated[int, BeforeValidator(units.read_size), _SIZE]
Connections = Annotated[int, BeforeValidator(units.Whole(1, 1_000_000)), _whole(1, 1_000_000)]
Queue = Annotated[int, BeforeValidator(units.Whole(0, 1_000_000)), _whole(0, 1_000_000)]
Few = Annotated[int, BeforeValidator(units.Whole(1, 3)), _whole(1, 3)]
AtLeastOne = Annotated[int, BeforeValidator(units.Whole(1, 1_000_000)), _whole(1, 1_000_000)]
Bytes = Annotated[int, BeforeValidator(units.read_bounded_size), _SIZE]
ByteRate = Annotated[
    int,
    BeforeValidator(bounds.read_byte_rate),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+ ?(B|KB|MB|KiB|MiB) ?/ ?s$"}),
]
RateText = Annotated[
    RateLimit,
    BeforeValidator(bounds.read_rate),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]* ?/ ?(s|m|h)$"}),
]
Memory = Annotated[int, BeforeValidator(bounds.read_memory), _MEMORY]
RequestPoint = Annotated[
    Leniency, BeforeValidator(bounds.read_request_point), WithJsonSchema({"enum": [*map(str, OF_REQUESTS)]})
]
ResponsePoint = Annotated[
    Leniency, BeforeValidator(bounds.read_response_point), WithJsonSchema({"enum": [*map(str, OF_RESPONSES)]})
]
Status = Annotated[int, BeforeValidator(units.Whole(200, 599)), _whole(200, 599)]

ListenAddress = Annotated[Address, BeforeValidator(read_listen), _LISTEN]
AdminAddress = Annotated[Address, BeforeValidator(read_address), _ADDRESS]
NetworkText = Annotated[Network, BeforeValidator(read_network), _TEXT]
UpstreamUrl = Annotated[Url, BeforeValidator(read_url), _URL]

Name = Annotated[str, BeforeValidator(scalars.read_name), _NAME]
Version = Annotated[int, BeforeValidator(scalars.read_version), WithJsonSchema({"const": 1})]
Workers = Annotated[int, BeforeValidator(scalars.read_workers), _WORKERS]
State = Annotated[str, BeforeValidator(read_state), _STATE]
FilePath = Annotated[str, BeforeValidator(scalars.read_file_path), _TEXT]
HealthPath = Annotated[str, BeforeValidator(scalars.read_health_path), _SLASHED]
Authority = Annotated[str, BeforeValidator(scalars.read_authority), _TEXT]
Body = Annotated[bytes, BeforeValidator(scalars.read_body), _TEXT]
ContentType = Annotated[str, BeforeValidator(scalars.read_content_type), _TEXT]
StageWord = Annotated[Stage, BeforeValidator(scalars.Choice(Stage))]
EffectsWord = Annotated[Effects, BeforeValidator(scalars.Choice(Effects))]
BalanceWord = Annotated[Balance, BeforeValidator(scalars.Choice(Balance))]
HostModeWord = Annotated[HostMode, BeforeValidator(scalars.Choice(HostMode))]
ExpectWord = Annotated[Expectation, BeforeValidator(scalars.Choice(Expectation))]

Methods = Annotated[frozenset[bytes], BeforeValidator(match_values.read_methods), _METHODS]
Pattern = Annotated[PathPattern, BeforeValidator(match_values.read_path), _SLASHED]
HostText = Annotated[HostIs, BeforeValidator(match_values.read_host), _TEXT]
FieldName = Annotated[str, BeforeValidator(match_values.read_field_name), _TEXT]
FieldCondition = Annotated[match_values.Condition, BeforeValidator(match_values.read_field_condition), _CONDITION]
QueryCondition = Annotated[match_values.Condition, BeforeValidator(match_values.read_condition), _CONDITION]
Fields = Annotated[dict[FieldName, FieldCondition], BeforeValidator(match_values.read_fields)]
Query = Annotated[dict[str, QueryCondition], BeforeValidator(match_values.read_query)]
Source = Annotated[CohortSource, BeforeValidator(match_values.read_source), _SOURCE]
Cohort = Annotated[
    tuple[Source, ...], BeforeValidator(match_values.read_cohort, json_schema_input_type=Source | list[Source])
]
Upgrades = Annotated[bool, BeforeValidator(match_values.read_upgrades), _UPGRADES]
