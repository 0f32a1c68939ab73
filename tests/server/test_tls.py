from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from toolreel.errors import MachineError
from toolreel.server import tls
from toolreel.server.tls import AUTHORITY, CERTIFICATE, Authority, authority, certify

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Somebody else's")])


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ca"))


def foreign(*, ca: bool = True, expired: bool = False) -> bytes:
    """An authority that somebody else has made, with what is wrong with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC) - timedelta(days=400 if expired else 1)
    builder = x509.CertificateBuilder(NAME, NAME, key.public_key(), 1, now, now + timedelta(days=100))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem + builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_it_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "home"
    first = authority(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert authority(folder).certificate == first.certificate
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert set(before) == {AUTHORITY, CERTIFICATE}, "no unfinished file is left"
    assert before[CERTIFICATE] == first.pem
    assert b"PRIVATE KEY" not in first.pem


def test_its_key_is_for_its_user_only(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    old = os.umask(0)
    try:
        authority(folder)
    finally:
        os.umask(old)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    key = folder / AUTHORITY
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o644)
    authority(folder)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_folder_that_is_there_stays_as_open_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    authority(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_the_certificate_beside_it_is_its_own(tmp_path: Path) -> None:
    found = authority(tmp_path)
    for wrong in (b"", foreign()):
        (tmp_path / CERTIFICATE).write_bytes(wrong)
        authority(tmp_path)
        assert (tmp_path / CERTIFICATE).read_bytes() == found.pem


def test_of_two_processes_that_make_it_at_once_the_first_one_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quicker, real = foreign(), tls._made

    def made() -> bytes:
        (tmp_path / AUTHORITY).write_bytes(quicker)
        return real()

    monkeypatch.setattr(tls, "_made", made)
    assert authority(tmp_path).certificate.subject == NAME
    assert (tmp_path / AUTHORITY).read_bytes() == quicker
    assert {path.name for path in tmp_path.iterdir()} == {AUTHORITY, CERTIFICATE}


def test_one_that_somebody_else_made_is_used(tmp_path: Path) -> None:
    (tmp_path / AUTHORITY).write_bytes(foreign())
    found = authority(tmp_path)
    assert found.certificate.subject == NAME
    assert b"EC PRIVATE KEY" in certify(found)


def leaf(by: Authority) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certify(by))


def test_a_certificate_names_this_machine_and_its_issuer(ours: Authority) -> None:
    made = leaf(ours)
    made.verify_directly_issued_by(ours.certificate)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert made.not_valid_before_utc < datetime.now(UTC) - timedelta(days=1)
    assert made.not_valid_after_utc < datetime.now(UTC) + timedelta(days=199)
    assert leaf(ours).serial_number != made.serial_number


def test_a_certificate_is_valid_no_longer_than_its_authority(tmp_path: Path) -> None:
    (tmp_path / AUTHORITY).write_bytes(foreign())
    found = authority(tmp_path)
    made = leaf(found)
    assert made.not_valid_after_utc == found.certificate.not_valid_after_utc
    assert made.not_valid_before_utc == found.certificate.not_valid_before_utc


def _ed25519() -> bytes:
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


USELESS: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "it holds no key and certificate in PEM"),
    "garbage": (lambda: b"-----BEGIN NONSENSE-----", "it holds no key and certificate in PEM"),
    "cut short": (lambda: foreign()[:-40], "it holds no key and certificate in PEM"),
    "no key": (lambda: foreign().partition(b"-----BEGIN CERT")[2], "it holds no key and certificate in PEM"),
    "no certificate": (lambda: foreign().partition(b"-----BEGIN CERT")[0], "it holds no key and certificate in PEM"),
    "no authority": (lambda: foreign(ca=False), "its certificate is not that of an authority"),
    "another key": (
        lambda: foreign().partition(b"-----BEGIN CERT")[0] + foreign(),
        "its key and its certificate do not belong together",
    ),
    "a strange key": (lambda: _ed25519() + foreign(), "its key is neither RSA nor of an elliptic curve"),
    "expired": (lambda: foreign(expired=True), "it expired on "),
}


@pytest.mark.parametrize("case", USELESS)
def test_one_that_is_of_no_use_is_named_and_never_written_over(case: str, tmp_path: Path) -> None:
    make, reason = USELESS[case]
    path = tmp_path / AUTHORITY
    path.write_bytes(content := make())
    with pytest.raises(MachineError) as raised:
        authority(tmp_path)
    assert str(raised.value).startswith(f"The certificate authority {path} is of no use: {reason}")
    assert str(raised.value).endswith("; move it away and a new one is made.")
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.touch()
    for folder in (taken, taken / "below"):
        with pytest.raises(
            MachineError, match=r"cannot be had .*; mend that, or name another folder in TOOLREEL_HOME"
        ):
            authority(folder)
