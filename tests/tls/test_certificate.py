from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from proxy.tls.certificate import Certificate, read_certificate
from proxy.tls.contexts import UnusableError, certificate_in

DER = bytes.fromhex("30030201ff")


def issued(directory: Path, *names: str, ends: datetime) -> Certificate:
    """As read back from a file."""
    made = trustme.CA().issue_cert(*names, not_after=ends)
    (directory / "a.pem").write_bytes(b"".join(pem.bytes() for pem in made.cert_chain_pems))
    return certificate_in(str(directory / "a.pem"))


@pytest.mark.parametrize("year", [2049, 2050, 2080])
def test_times_and_names_are_read(tmp_path: Path, year: int) -> None:
    """The end in either form of a time (two digits up to 2049, then four), and names of both kinds."""
    ends = datetime(year, 3, 4, 5, 6, 7, tzinfo=UTC)

    found = issued(tmp_path, "a.test", "*.b.test", "10.0.0.7", "::1", ends=ends)

    assert found.ends == ends.timestamp()
    assert found.begins < found.ends
    assert found.names == ("a.test", "*.b.test", "10.0.0.7", "::1")


def test_a_star_is_one_label() -> None:
    """`*.b.test` is neither b.test nor x.y.b.test."""
    certificate = Certificate(begins=0, ends=1, names=("a.test", "*.b.test"))

    assert [certificate.fits(host) for host in ("a.test", "x.b.test", "b.test", "x.y.b.test", ".b.test")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("der", [b"", b"\x30", DER, b"\x30\x80" + DER, b"\x30\x03" + b"\x30\x01\x00", bytes(200)])
def test_what_is_no_certificate_is_refused(der: bytes) -> None:
    """Whatever the bytes, the answer is one kind of error."""
    with pytest.raises(ValueError, match="certificate"):
        read_certificate(der)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "holds no certificate"), ("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", "holds no")],
)
def test_a_file_without_a_certificate_is_named(tmp_path: Path, text: str, said: str) -> None:
    """The error names the file."""
    (tmp_path / "a.pem").write_text(text)

    with pytest.raises(UnusableError, match=f"a.pem {said}"):
        certificate_in(str(tmp_path / "a.pem"))
