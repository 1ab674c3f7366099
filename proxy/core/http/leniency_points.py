"""Single points of strictness that can be opened for a party that depends on them (`leniency:` in routes.yaml).

Rule 1: a head that the strict reader takes is never looked at here. One that it refuses is mended into what a strict
        sender would have written, and read again, strictly: so what goes on is canonical whatever came in (R2).
Rule 2: each point mends one thing, and says so; a head that needs a point which is not open stays refused.
Rule 3: nothing mends what decides where a body ends or which host is meant, but for equal lengths: CL beside TE, TE
        in HTTP/1.0, two Hosts, a blank before a request's colon, a folded framing field are refused for ever.
Rule 4: bodies are never mended: chunk lines of requests and trailers stay strict (CVE-2025-55315).
"""

from __future__ import annotations

import re
from enum import StrEnum


class Leniency(StrEnum):
    """The points. Which of them exist for requests, and which for responses, say the two sets below."""

    BARE_LF = "bare_lf"
    OBS_FOLD = "obs_fold"
    EQUAL_CONTENT_LENGTHS = "equal_content_lengths"
    UNKNOWN_METHODS = "unknown_methods"
    AMBIGUOUS_PATH = "ambiguous_path"
    SPACE_BEFORE_COLON = "space_before_colon"
    CTL_IN_VALUES = "ctl_in_values"
    RAW_UTF8_TARGET = "raw_utf8_target"
    PERCENT_NUL = "percent_nul"
    FRAGMENT_IN_TARGET = "fragment_in_target"


Points = frozenset[Leniency]
NONE: Points = frozenset()
_BARE_LF, _OBS_FOLD, _EQUAL_LENGTHS = Leniency.BARE_LF, Leniency.OBS_FOLD, Leniency.EQUAL_CONTENT_LENGTHS
_SPACE, _CTL, _METHODS = Leniency.SPACE_BEFORE_COLON, Leniency.CTL_IN_VALUES, Leniency.UNKNOWN_METHODS

_RAW, _NUL, _FRAGMENT = Leniency.RAW_UTF8_TARGET, Leniency.PERCENT_NUL, Leniency.FRAGMENT_IN_TARGET

OF_REQUESTS = (_BARE_LF, _OBS_FOLD, _EQUAL_LENGTHS, _METHODS, Leniency.AMBIGUOUS_PATH, _RAW, _NUL, _FRAGMENT)
"""What a client may be forgiven, at the top or on a route."""
OF_RESPONSES = (_BARE_LF, _OBS_FOLD, _EQUAL_LENGTHS, _SPACE, _CTL)
"""What an upstream may be forgiven."""
OF_FRAMING: Points = frozenset({_BARE_LF, _OBS_FOLD, _EQUAL_LENGTHS})
"""Points about which a proxy before Banyan may think otherwise: such a request is the last of its connection."""

_END = b"\r\n\r\n"
_LOOSE_END = re.compile(rb"\n\r?\n")
_BLANKS = (b" ", b"\t")
_LENGTH = b"content-length"
_NEVER_FOLDED = frozenset({_LENGTH, b"transfer-encoding", b"host", b"connection", b"te", b"upgrade", b"expect"})
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROLS = bytes(0x20 if (byte < 0x20 and byte not in b"\t\n") or byte == 0x7F else byte for byte in range(256))
_LONE_LF = re.compile(rb"(?<!\r)\n")
_ABOVE_ASCII = re.compile(rb"[\x80-\xff]")
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?= )")


def end_of_head(data: bytes, points: Points, start: int) -> int:
    """Where the head in `data` ends, its empty line included; -1 while that has not come. `start`: looked at before."""
    if _BARE_LF in points:
        loose = _LOOSE_END.search(data, start)
        return loose.end() if loose is not None else -1
    found = data.find(_END, start)
    return found + len(_END) if found >= 0 else -1


def is_hopeless(data: bytes, points: Points) -> bool:
    """Whether what has come of a head can never be mended, so that nobody waits for its end."""
    return _BARE_LF not in points and _LONE_LF.search(data) is not None


def mend(head: bytes, points: Points) -> tuple[bytes, Points]:
    """A whole head as a strict sender would have written it, and which points that took; to be read strictly after."""
    used: set[Leniency] = set()
    lines = _lines(head, points, used)
    lines[0] = _plain_target(lines[0], points, used)
    if _OBS_FOLD in points:
        lines = _unfold(lines, used)
    if _SPACE in points:
        lines = [lines[0], *(_close_up(line, used) for line in lines[1:])]
    if _CTL in points:
        lines = [lines[0], *(_blank_out(line, used) for line in lines[1:])]
    if _EQUAL_LENGTHS in points:
        lines = _one_length(lines, used)
    return b"\r\n".join([*lines, b"", b""]), frozenset(used)


def mend_target(head: bytes, points: Points) -> tuple[bytes, Points]:
    """A head that is strict but for its target, as `mend` says."""
    used: set[Leniency] = set()
    line, end, rest = head.partition(b"\r\n")
    return _plain_target(line, points, used) + end + rest, frozenset(used)


def _plain_target(line: bytes, points: Points, used: set[Leniency]) -> bytes:
    """A request line with a target that the strict reader takes, but for `%00`, which stays.

    Bytes above ASCII are encoded one by one (RFC 3986 section 2.5), whatever charset they are of. A fragment is no part
    of a target (RFC 9112 section 3.2): nginx routes by what stands before it, and so it is cut off.
    """
    start, end = line.find(b" ") + 1, line.rfind(b" ")
    if not 0 < start < end:
        return line
    target = line[start:end]
    if _FRAGMENT in points and b"#" in target:
        target = target[: target.index(b"#")]
        used.add(_FRAGMENT)
    if _RAW in points and _ABOVE_ASCII.search(target) is not None:
        target = _ABOVE_ASCII.sub(_percent, target)
        used.add(_RAW)
    if _NUL in points and b"%00" in target:
        used.add(_NUL)
    return line[:start] + target + line[end:]


def _percent(byte: re.Match[bytes]) -> bytes:
    return b"%%%02X" % byte[0][0]


def with_known_method(head: bytes) -> bytes:
    """The head with a method that every parser knows, so that the rest of it can be judged; as it is without any."""
    return _METHOD.sub(b"GET", head, count=1) if _METHOD.match(head) else head


def _lines(head: bytes, points: Points, used: set[Leniency]) -> list[bytes]:
    """The lines up to the empty one."""
    if _BARE_LF not in points:
        return head.removesuffix(_END).split(b"\r\n")
    if head.count(b"\n") != head.count(b"\r\n"):
        used.add(_BARE_LF)
    return head.replace(b"\r\n", b"\n").removesuffix(b"\n\n").split(b"\n")


def _unfold(lines: list[bytes], used: set[Leniency]) -> list[bytes]:
    """RFC 9112 section 5.2: the fold becomes a blank. What frames or routes a message is never put together so."""
    unfolded = lines[:1]
    for line in lines[1:]:
        name = unfolded[-1].partition(b":")[0].strip(b" \t").lower()
        if line.startswith(_BLANKS) and line.strip(b" \t") and len(unfolded) > 1 and name not in _NEVER_FOLDED:
            unfolded[-1] = unfolded[-1].rstrip(b" \t") + b" " + line.lstrip(b" \t")
            used.add(_OBS_FOLD)
        else:
            unfolded.append(line)
    return unfolded


def _close_up(line: bytes, used: set[Leniency]) -> bytes:
    """RFC 9112 section 5.1: a proxy removes blanks between name and colon from a response."""
    name, colon, value = line.partition(b":")
    bare = name.rstrip(b" \t")
    if not colon or bare == name or _NAME.fullmatch(bare) is None:
        return line
    used.add(_SPACE)
    return bare + colon + value


def _blank_out(line: bytes, used: set[Leniency]) -> bytes:
    """RFC 9110 section 5.5: control characters in a value become blanks; LF is `bare_lf`'s."""
    name, colon, value = line.partition(b":")
    clean = value.translate(_CONTROLS)
    if clean == value:
        return line
    used.add(_CTL)
    return name + colon + clean


def _one_length(lines: list[bytes], used: set[Leniency]) -> list[bytes]:
    """RFC 9110 section 8.6: the same decimal number said several times is said once; different ones stay, and fail."""
    said: list[bytes] = []
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == _LENGTH:
            said += [part.strip(b" \t") for part in value.split(b",")]
    if len(said) < 2 or len(set(said)) > 1 or not said[0].isdigit():
        return lines
    used.add(_EQUAL_LENGTHS)
    kept: list[bytes] = []
    for line in lines:
        name, colon, _ = line.partition(b":")
        if not colon or name.lower() != _LENGTH:
            kept.append(line)
        elif said:
            kept.append(name + b": " + said[0])
            said = []
    return kept
