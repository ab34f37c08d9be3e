# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and certificates for the tests, made on first use and kept."""

from __future__ import annotations

import datetime
import functools
import ipaddress
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

DAY = datetime.timedelta(days=1)
PEM = serialization.Encoding.PEM


class Pair(t.NamedTuple):
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: t.Any

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)

    @property
    def key_pem(self) -> bytes:
        return t.cast(
            "bytes",
            self.key.private_bytes(
                PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )

    def encrypted_key_pem(
        self, password: str, *, form: t.Any = serialization.PrivateFormat.PKCS8
    ) -> bytes:
        return t.cast(
            "bytes",
            self.key.private_bytes(
                PEM, form, serialization.BestAvailableEncryption(password.encode())
            ),
        )

    def pfx(self, password: str | None, *, chain: t.Sequence[x509.Certificate] = ()) -> bytes:
        how: t.Any = (
            serialization.BestAvailableEncryption(password.encode())
            if password
            else serialization.NoEncryption()
        )
        return pkcs12.serialize_key_and_certificates(b"app", self.key, self.certificate, chain, how)


class Papers:
    """One authority, one application, its other faces, and servers for the loopback."""

    def make_all(self) -> None:
        """Make them now, for processes that are forked later."""
        for name, value in vars(Papers).items():
            if isinstance(value, functools.cached_property):
                getattr(self, name)

    @functools.cached_property
    def authority(self) -> Pair:
        return self._issue("an authority of the tests", None)

    @functools.cached_property
    def other_authority(self) -> Pair:
        return self._issue("an authority nobody trusts", None)

    @functools.cached_property
    def application(self) -> Pair:
        return self._issue("the application", self.authority)

    @functools.cached_property
    def stranger(self) -> Pair:
        return self._issue("another application", self.authority)

    @functools.cached_property
    def expired(self) -> Pair:
        return self._issue(
            "an old application", self.authority, days=(-9, -1), key=self.application.key
        )

    @functools.cached_property
    def not_yet_valid(self) -> Pair:
        return self._issue(
            "a future application", self.authority, days=(1, 9), key=self.application.key
        )

    @functools.cached_property
    def elliptic(self) -> Pair:
        return self._issue(
            "an elliptic application", self.authority, key=ec.generate_private_key(ec.SECP256R1())
        )

    @functools.cached_property
    def server(self) -> Pair:
        return self._issue(
            "localhost",
            self.authority,
            names=[x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))],
        )

    @functools.cached_property
    def server_of_another_name(self) -> Pair:
        return self._issue(
            "elsewhere.example", self.authority, names=[x509.DNSName("elsewhere.example")]
        )

    def _issue(
        self,
        name: str,
        by: Pair | None,
        *,
        days: tuple[int, int] = (-1, 30),
        key: t.Any = None,
        names: t.Any = None,
    ) -> Pair:
        key = key or rsa.generate_private_key(65537, 2048)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(by.certificate.subject if by else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + days[0] * DAY)
            .not_valid_after(now + days[1] * DAY)
            .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )
        if by:
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()),
                critical=False,
            )
        else:
            sign = {"key_cert_sign", "crl_sign"}
            uses = (
                "digital_signature content_commitment key_encipherment data_encipherment"
                " key_agreement key_cert_sign crl_sign encipher_only decipher_only"
            )
            builder = builder.add_extension(
                x509.KeyUsage(**{use: use in sign for use in uses.split()}), critical=True
            )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return Pair(builder.sign(by.key if by else key, hashes.SHA256()), key)
