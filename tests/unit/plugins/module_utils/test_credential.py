# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application's credential out of its files: every shape it comes in, and every way it can be wrong."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _credential
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Pair, Papers
from cryptography.hazmat.primitives import serialization

PASSWORD = "a-password-that-is-long-and-unique"
DER = serialization.Encoding.DER


@dataclasses.dataclass
class Desk:
    """Where the tests lay their files."""

    folder: Path

    def put(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def signer(credential: dict[str, t.Any]) -> _credential.Signer:
    found = _credential.read(credential)
    assert isinstance(found, _credential.Signer)
    return found


def is_of(found: _credential.Signer, pair: Pair) -> bool:
    thumbprint = hashlib.sha256(pair.certificate.public_bytes(DER)).hexdigest()
    return found.thumbprint == thumbprint and found.key.private_numbers() == pair.key.private_numbers()


def refused(credential: dict[str, t.Any]) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        _credential.read(credential)
    return caught.value


def test_a_secret_is_itself() -> None:
    assert _credential.read({"client_secret": "s3cret with spaces "}) == "s3cret with spaces "


def test_a_secret_out_of_a_file_loses_the_white_space_around_it(desk: Desk) -> None:
    assert _credential.read({"client_secret_file": desk.put("secret", b"\n s3cret~x \r\n")}) == "s3cret~x"


def test_an_assertion_is_read_anew_each_time(desk: Desk) -> None:
    path = desk.put("assertion", b"first\n")
    read = _credential.read({"assertion_file": path})
    assert callable(read)
    assert read() == "first"
    desk.put("assertion", b"second\n")
    assert read() == "second"


@pytest.mark.parametrize("option", ["client_secret_file", "assertion_file", "certificate_path"])
def test_a_file_that_is_missing_is_told_by_option_and_path(desk: Desk, option: str) -> None:
    path = str(desk.folder / "nothing")

    def read() -> None:
        found = _credential.read({option: path})
        assert callable(found)
        found()

    with pytest.raises(DefenderError) as caught:
        read()
    assert caught.value.message == f"{option} is {path}, which cannot be read: No such file or directory."
    assert (caught.value.category, caught.value.who) == ("bad_credentials", "caller")


@pytest.mark.parametrize("content", [b"", b" \n\t"])
def test_an_empty_file_is_told(desk: Desk, content: bytes) -> None:
    path = desk.put("secret", content)
    assert refused({"client_secret_file": path}).message == f"client_secret_file is {path}, which is empty."


def test_certificate_and_key_come_in_one_file_in_either_order(desk: Desk, papers: Papers) -> None:
    app = papers.application
    for content in (
        app.certificate_pem + app.key_pem,
        app.key_pem + app.certificate_pem,
        b"Bag Attributes\n  x: y\n" + app.key_pem + b"\n" + app.certificate_pem,
    ):
        assert is_of(signer({"certificate_path": desk.put("app.pem", content)}), app)
        assert is_of(signer({"certificate": content.decode()}), app)


def test_the_key_comes_in_a_file_of_its_own(desk: Desk, papers: Papers) -> None:
    app = papers.application
    key = desk.put("key.pem", app.key_pem)
    assert is_of(signer({"certificate_path": desk.put("app.pem", app.certificate_pem), "private_key_path": key}), app)
    assert is_of(signer({"certificate": app.certificate_pem.decode(), "private_key_path": key}), app)


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL])
def test_an_encrypted_key_needs_its_password(desk: Desk, papers: Papers, form: t.Any) -> None:
    app = papers.application
    path = desk.put("app.pem", app.certificate_pem + app.encrypted_key_pem(PASSWORD, form=form))
    assert is_of(signer({"certificate_path": path, "certificate_password": PASSWORD}), app)
    assert "certificate_password is needed" in refused({"certificate_path": path}).message
    wrong = refused({"certificate_path": path, "certificate_password": "another-password-altogether"})
    assert wrong.category == "bad_credentials"
    assert "another-password-altogether" not in str(wrong.as_result())


def test_a_password_too_many_does_no_harm(desk: Desk, papers: Papers) -> None:
    app = papers.application
    assert is_of(signer({"certificate_path": desk.put("app.pem", app.certificate_pem + app.key_pem), "certificate_password": PASSWORD}), app)


def test_a_pfx_needs_its_password(desk: Desk, papers: Papers) -> None:
    app = papers.application
    path = desk.put("app.pfx", app.pfx(PASSWORD))
    assert is_of(signer({"certificate_path": path, "certificate_password": PASSWORD}), app)
    for wrong in ({"certificate_path": path}, {"certificate_path": path, "certificate_password": "another-password-altogether"}):
        error = refused(wrong)
        assert (error.category, error.who) == ("bad_credentials", "caller")
        assert "certificate_password" in error.advice
        assert error.message.startswith(f"certificate_path {path} cannot be read as a certificate with its private key: ")


def test_a_pfx_without_a_password_is_read(desk: Desk, papers: Papers) -> None:
    assert is_of(signer({"certificate_path": desk.put("app.pfx", papers.application.pfx(None))}), papers.application)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x30\x82garbage", b"text"])
def test_what_is_no_certificate_is_told_and_never_quoted(desk: Desk, content: bytes) -> None:
    path = desk.put("app", content)
    error = refused({"certificate_path": path})
    assert (error.category, error.who) == ("bad_credentials", "caller")
    assert error.message.startswith(f"certificate_path {path} cannot be read as a certificate with its private key: ")


def test_a_certificate_without_its_key_and_a_key_without_its_certificate_are_told(desk: Desk, papers: Papers) -> None:
    for content in (papers.application.certificate_pem, papers.application.key_pem):
        assert refused({"certificate_path": desk.put("app.pem", content)}).category == "bad_credentials"


def test_the_text_of_a_certificate_is_not_in_its_error(papers: Papers) -> None:
    text = papers.application.key_pem.decode()
    error = refused({"certificate": text})
    assert error.message.startswith("certificate cannot be read as a certificate with its private key: ")
    assert text.splitlines()[1] not in str(error.as_result())


def test_key_and_certificate_have_to_be_a_pair(desk: Desk, papers: Papers) -> None:
    path = desk.put("app.pem", papers.application.certificate_pem)
    error = refused({"certificate_path": path, "private_key_path": desk.put("key.pem", papers.stranger.key_pem)})
    assert error.message == f"certificate_path {path}: the private key belongs to no certificate in it."


def test_a_certificate_out_of_its_time_is_told_with_the_time(desk: Desk, papers: Papers) -> None:
    for pair, said in (
        (papers.expired, "expired on {0.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"),
        (papers.not_yet_valid, "is not valid before {0.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"),
    ):
        path = desk.put("app.pem", pair.certificate_pem + pair.key_pem)
        error = refused({"certificate_path": path})
        assert (error.category, error.who) == ("credential_expired", "partner")
        assert error.message == f"certificate_path {path}: the certificate {said.format(pair.certificate)}."


def test_an_elliptic_key_is_refused(desk: Desk, papers: Papers) -> None:
    path = desk.put("app.pem", papers.elliptic.certificate_pem + papers.elliptic.key_pem)
    assert refused({"certificate_path": path}).message == f"certificate_path {path}: the key is no RSA key, and Entra ID takes no other."


def test_the_chain_is_sent_only_when_asked_for_and_begins_with_the_own_certificate(desk: Desk, papers: Papers) -> None:
    app, authority = papers.application, papers.authority
    wanted = [base64.b64encode(each.certificate.public_bytes(DER)).decode() for each in (app, authority)]
    pem = desk.put("app.pem", authority.certificate_pem + app.certificate_pem + app.key_pem)
    pfx = desk.put("app.pfx", app.pfx(None, chain=[authority.certificate]))
    for path in (pem, pfx):
        assert signer({"certificate_path": path}).x5c is None
        assert signer({"certificate_path": path, "certificate_chain": True}).x5c == wanted


def test_a_signer_shows_no_key(papers: Papers) -> None:
    app = papers.application
    assert "RSA" not in repr(signer({"certificate": (app.certificate_pem + app.key_pem).decode()}))


def test_a_fingerprint_is_told_apart_by_option_value_and_salt() -> None:
    prints = {
        _credential.fingerprint({"client_secret": "one"}, "salt"),
        _credential.fingerprint({"client_secret": "two"}, "salt"),
        _credential.fingerprint({"client_secret": "one"}, "pepper"),
        _credential.fingerprint({"certificate": "one"}, "salt"),
        _credential.fingerprint({"certificate": "one", "certificate_password": "two"}, "salt"),
    }
    assert len(prints) == 5
    assert {len(each) for each in prints} == {16}
    assert _credential.fingerprint({"client_secret": "one"}, "salt") in prints


@pytest.mark.parametrize("option", ["client_secret_file", "assertion_file", "certificate_path", "private_key_path"])
def test_a_fingerprint_changes_when_the_content_of_the_file_changes(desk: Desk, option: str) -> None:
    credential = {option: desk.put("file", b"one")}
    before = _credential.fingerprint(credential, "salt")
    assert _credential.fingerprint(credential, "salt") == before
    desk.put("file", b"two")
    assert _credential.fingerprint(credential, "salt") != before


def test_a_fingerprint_tells_nothing_of_the_secret() -> None:
    assert "secret" not in _credential.fingerprint({"client_secret": "secret"}, "salt")
