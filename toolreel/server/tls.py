"""This user's certificate authority, and certificates of it for servers on this machine.

The authority is one file, key and certificate in PEM, named and laid out as mitmproxy keeps its own, so that both
doors have the same one. It is made once and never written again. This module needs cryptography, which is an extra.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from toolreel.errors import MachineError

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

AUTHORITY, CERTIFICATE = "mitmproxy-ca.pem", "mitmproxy-ca-cert.pem"
"""The files of the authority: its key and certificate, and the certificate alone for those who are to trust it."""

NAMES = ("localhost", "127.0.0.1", "::1")
"""What a server on this machine is called."""

_NAME = "toolreel"
_BACK = timedelta(days=2)
"""How long before now a certificate begins to be valid, for clients whose clock is slow."""
_AUTHORITY_LASTS = timedelta(days=3650)
_SERVER_LASTS = timedelta(days=197)
_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority: whoever trusts its certificate trusts what `certify` makes."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """The certificate, for clients that are to trust it."""
        return self.certificate.public_bytes(Encoding.PEM)


def authority(folder: Path) -> Authority:
    """This user's authority, which is kept in `folder`, and made if there is none.

    Raises MachineError if the file is broken, or cannot be read or written.
    """
    path, public = folder / AUTHORITY, folder / CERTIFICATE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _put(path, _made(), mode=0o600, once=True)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        found = _loaded(path)
        if not public.exists() or public.read_bytes() != found.pem:
            _put(public, found.pem, mode=0o644)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MachineError(
            f"The certificate authority {path} cannot be had ({reason}); mend that, or name another folder in "
            f"TOOLREEL_HOME."
        ) from None
    return found


def certify(by: Authority, names: Iterable[str] = NAMES) -> bytes:
    """A server's key and its certificate for `names`, host names or addresses, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    begins = max(now - _BACK, by.certificate.not_valid_before_utc)
    ends = min(now + _SERVER_LASTS, by.certificate.not_valid_after_utc)
    builder = _builder(f"{_NAME} on this machine", by.certificate.subject, key, (begins, ends))
    alternatives = x509.SubjectAlternativeName([_general(name) for name in dict.fromkeys(names)])
    builder = builder.add_extension(alternatives, critical=False)
    builder = builder.add_extension(_issuer_of(by.certificate), critical=False)
    return _pem(key, builder.sign(by.key, hashes.SHA256()))


def _builder(
    called: str, issuer: x509.Name | None, key: Key, valid: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    """What all our certificates have; without an issuer it is its own."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    builder = x509.CertificateBuilder(
        issuer_name=issuer or subject,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=valid[0],
        not_valid_after=valid[1],
    )
    return builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _issuer_of(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Who signed, in the words of the signer's own certificate; strict clients compare them byte by byte."""
    try:
        own = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        own = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _loaded(path: Path) -> Authority:
    data = path.read_bytes()
    try:
        key = load_pem_private_key(data, None)
        certificate = x509.load_pem_x509_certificate(data)
        of_authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        of_authority = False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _useless(path, "it holds no key and certificate in PEM") from None
    if not of_authority:
        raise _useless(path, "its certificate is not that of an authority")
    if not isinstance(key, Key):
        raise _useless(path, "its key is neither RSA nor of an elliptic curve")
    if key.public_key() != certificate.public_key():
        raise _useless(path, "its key and its certificate do not belong together")
    if certificate.not_valid_after_utc < datetime.now(UTC):
        raise _useless(path, f"it expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
    return Authority(certificate, key)


def _useless(path: Path, reason: str) -> MachineError:
    return MachineError(
        f"The certificate authority {path} is of no use: {reason}; move it away and a new one is made."
    )


def _made() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())  # one of RSA would cost each start of mitmproxy a tenth of a second
    now = datetime.now(UTC)
    builder = _builder(_NAME, None, key, (now - _BACK, now + _AUTHORITY_LASTS))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    usage = x509.KeyUsage(**{usage: usage in ("key_cert_sign", "crl_sign") for usage in _USAGES})
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return _pem(key, builder.sign(key, hashes.SHA256()))


def _pem(key: Key, certificate: x509.Certificate) -> bytes:
    shown = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return shown + certificate.public_bytes(Encoding.PEM)


def _put(path: Path, data: bytes, *, mode: int, once: bool = False) -> None:
    """Writes a file that is never seen half written; with `once`, one that another process has written stays."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        unfinished.touch(mode, exist_ok=False)
        unfinished.write_bytes(data)
        if once:
            path.hardlink_to(unfinished)
        else:
            unfinished.replace(path)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink(missing_ok=True)
