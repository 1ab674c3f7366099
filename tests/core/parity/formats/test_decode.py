from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from random import Random

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.parity.formats.decode import Bounds, Undecodable, decode

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}
BOMB = b"\0" * (64 << 20)


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("coding", CODINGS)
@given(data=st.binary(max_size=2000))
def test_what_was_packed_is_unpacked(coding: str, data: bytes) -> None:
    """Every coding, also where its name is in capitals and stands beside identity."""
    assert decode(CODINGS[coding](data), f" {coding.upper()} , identity") == data


@pytest.mark.thorough
@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_is_not_unpacked(coding: str) -> None:
    """64 MiB of zeros stay packed: beyond the size, and beyond what so few bytes may become."""
    packed = CODINGS[coding](BOMB)

    assert len(packed) < len(BOMB) // 900
    for bounds in (Bounds(), Bounds(size=1 << 40), Bounds(ratio=1 << 20)):
        with pytest.raises(Undecodable, match=r"more than \d+ bytes"):
            decode(packed, coding, bounds)


def test_a_bomb_within_a_bomb_is_bounded_at_every_layer() -> None:
    """Each coding has its own bound, and there are few of them."""
    with pytest.raises(Undecodable):
        decode(gzip.compress(gzip.compress(BOMB)), "gzip, gzip")
    with pytest.raises(Undecodable, match="3 codings"):
        decode(b"", "gzip, gzip, gzip")
    assert decode(brotli.compress(gzip.compress(b"a")), "gzip, br") == b"a"


@pytest.mark.parametrize("coding", CODINGS)
def test_half_a_stream_is_none(coding: str) -> None:
    """A body that ends early, is followed by something else, or is no such stream."""
    packed = CODINGS[coding](bytes(range(256)) * 40)

    for wrong in (packed[:-3], packed[: len(packed) // 2], packed + b"and more", b"plain text"):
        with pytest.raises(Undecodable):
            decode(wrong, coding)


def test_streams_that_follow_each_other() -> None:
    """Members of gzip and frames of zstd are one body; so is a deflate stream without its frame, and an empty body."""
    assert decode(gzip.compress(b"a") + gzip.compress(b"b"), "gzip") == b"ab"
    assert decode(zstandard.compress(b"a") + zstandard.compress(b"b"), "zstd") == b"ab"
    assert decode(bare_deflate(b"abc"), "deflate") == b"abc"
    assert [decode(b"", coding) for coding in CODINGS] == [b""] * len(CODINGS)


@pytest.mark.thorough
def test_a_large_answer_is_unpacked_in_pieces() -> None:
    """What is large and honest comes out whole."""
    data = Random(1).randbytes(150_000) * 2

    assert all(decode(pack(data), coding) == data for coding, pack in CODINGS.items())


def test_what_nobody_knows_is_not_unpacked() -> None:
    """An unknown coding, and a plain body beyond the bound."""
    with pytest.raises(Undecodable, match="unknown coding lzma"):
        decode(b"a", "lzma")
    with pytest.raises(Undecodable, match="5 bytes, more than 4"):
        decode(b"abcde", "", Bounds(size=4))


def test_members_of_gzip_are_bounded() -> None:
    """Empty ones are twenty bytes each, and would be looked at one after the other."""
    empty, told = gzip.compress(b""), gzip.compress(b"whole")

    assert decode(empty * 499 + told, "gzip") == b"whole"
    with pytest.raises(Undecodable, match="more than 500 members"):
        decode(empty * 50_000 + told, "gzip")
