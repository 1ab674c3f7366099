"""A route predicate: `match: { path: /files/**, extension: pdf }`."""

from __future__ import annotations

from tests.additions.addition import Addition, Edit

_CLASS = '''
@dataclass(frozen=True, slots=True)
class ExtensionIs:
    """`extension: pdf`: what follows the last dot of the path's last segment."""

    extension: str

    @property
    def fields(self) -> frozenset[bytes]:
        """None: the path is part of the target."""
        return frozenset()

    def matches(self, head: RequestHead) -> bool:
        """Compare without regard to case."""
        return extension_of(head.path) == self.extension

    def overlaps(self, other: Predicate) -> bool:
        """A path has one extension."""
        return not isinstance(other, ExtensionIs) or other.extension == self.extension


def extension_of(path: bytes) -> str:
    """Of `/files/a.PDF` it is `pdf`; empty where there is none."""
    return path.rpartition(b"/")[2].rpartition(b".")[2].decode("latin-1").lower()


'''
_KEY = """    extension: Annotated[str, TEXT] | None = optional("What follows the path's last dot.", "pdf")
"""
_BUILT = """    if block.extension is not None:
        yield ExtensionIs(block.extension)
"""
_COMPARED = """        case ExtensionIs():
            return Variable("extension"), _some(frozenset({predicate.extension}))
"""
_LOOKS_AT = """        case ExtensionIs(extension=extension):
            return f"extension {extension}"
"""
_DECLINED = """        case ExtensionIs(extension=extension):
            return f"the route wants the extension {extension}"
"""
_IMPORT = "from proxy.core.routing.predicate import ExtensionIs\n"
_IMPORTS = "from proxy.core.routing.predicate import"
_PREDICATE, _MATCH = "proxy/core/routing/predicate.py", "proxy/config/blocks/match.py"
_OVERLAP = "proxy/config/checks/overlap.py"
_EXPLAIN = "proxy/cli/explain/candidates.py"

PREDICATE = Addition(
    name="a route predicate",
    earlier=5,
    edits=(
        Edit(_PREDICATE, _CLASS, before="def query_values("),
        Edit(_MATCH, _IMPORT, before=_IMPORTS),
        Edit(_MATCH, _KEY, before="    host: HostText | None"),
        Edit(_MATCH, _BUILT, before="    if block.host is not None:"),
        Edit(_OVERLAP, _IMPORT, before=_IMPORTS),
        Edit(_OVERLAP, _COMPARED, before="        case HostIs():"),
        Edit(_EXPLAIN, _IMPORT, before=_IMPORTS),
        Edit(_EXPLAIN, _LOOKS_AT, after='return f"host {pattern}"'),
        Edit(_EXPLAIN, _DECLINED, after='return f"host is {head.host}, the route wants {pattern}"'),
    ),
)
