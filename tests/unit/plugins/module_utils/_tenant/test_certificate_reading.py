# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and certificates from files and text, and the reasons why they cannot be read."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    certificate_reading as _certificate_reading,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    credential as _credential,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.desk import (
    DER,
    PASSWORD,
    Desk,
    given_both_ways,
    is_of,
    key_der,
    refused,
    signer,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Pair, Papers
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st


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
    assert is_of(
        signer(
            {"certificate_path": desk.put("app.pem", app.certificate_pem), "private_key_path": key}
        ),
        app,
    )
    assert is_of(
        signer({"certificate": app.certificate_pem.decode(), "private_key_path": key}), app
    )


@pytest.mark.parametrize(
    "form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
)
def test_an_encrypted_key_needs_its_password(desk: Desk, papers: Papers, form: t.Any) -> None:
    app = papers.application
    path = desk.put("app.pem", app.certificate_pem + app.encrypted_key_pem(PASSWORD, form=form))
    assert is_of(signer({"certificate_path": path, "certificate_password": PASSWORD}), app)
    assert "certificate_password is required" in refused({"certificate_path": path}).message
    wrong = refused(
        {"certificate_path": path, "certificate_password": "another-password-altogether"}
    )
    assert wrong.category == "bad_credentials"
    assert "another-password-altogether" not in str(wrong.as_result())


def test_a_password_too_many_does_no_harm(desk: Desk, papers: Papers) -> None:
    app = papers.application
    assert is_of(
        signer(
            {
                "certificate_path": desk.put("app.pem", app.certificate_pem + app.key_pem),
                "certificate_password": PASSWORD,
            }
        ),
        app,
    )


def test_a_pfx_needs_its_password(desk: Desk, papers: Papers) -> None:
    app = papers.application
    path = desk.put("app.pfx", app.pfx(PASSWORD))
    assert is_of(signer({"certificate_path": path, "certificate_password": PASSWORD}), app)
    for wrong in (
        {"certificate_path": path},
        {"certificate_path": path, "certificate_password": "another-password-altogether"},
    ):
        error = refused(wrong)
        assert (error.category, error.who) == ("bad_credentials", "caller")
        assert "certificate_password" in error.advice
        assert error.message.startswith(
            f"certificate_path {path} cannot be read as a certificate with its private key: "
        )


def test_a_pfx_without_a_password_is_read(desk: Desk, papers: Papers) -> None:
    assert is_of(
        signer({"certificate_path": desk.put("app.pfx", papers.application.pfx(None))}),
        papers.application,
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"-----BEGIN",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"\x30\x82garbage",
        b"text",
    ],
)
def test_what_is_no_certificate_is_told_and_never_quoted(desk: Desk, content: bytes) -> None:
    path = desk.put("app", content)
    error = refused({"certificate_path": path})
    assert (error.category, error.who) == ("bad_credentials", "caller")
    assert error.message.startswith(
        f"certificate_path {path} cannot be read as a certificate with its private key: "
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\ufeff"])
def test_a_line_end_behind_the_password_does_no_harm(desk: Desk, papers: Papers, end: str) -> None:
    app = papers.application
    for content in (app.pfx(PASSWORD), app.certificate_pem + app.encrypted_key_pem(PASSWORD)):
        path = desk.put("app", content)
        assert is_of(
            signer({"certificate_path": path, "certificate_password": PASSWORD + end}), app
        )
        # one that is part of the password is tried first
    path = desk.put("app", app.pfx(f"{PASSWORD}{end}"))
    assert is_of(signer({"certificate_path": path, "certificate_password": PASSWORD + end}), app)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda app: app.certificate_pem, "it contains a certificate without its private key"),
        (
            lambda app: app.certificate.public_bytes(DER),
            "it contains a certificate without its private key",
        ),
        (lambda app: app.key_pem, "it contains a private key without a certificate"),
        (key_der, "it contains a private key without a certificate"),
        (
            lambda app: app.pfx(PASSWORD),
            "the PFX is encrypted, so certificate_password is required",
        ),
        (
            lambda app: app.certificate_pem + app.encrypted_key_pem(PASSWORD),
            "the private key is encrypted, so certificate_password is required",
        ),
        (
            lambda app: app.certificate_pem + app.key_pem[:300],
            "it contains a certificate without its private key",
        ),
        (
            lambda app: app.certificate_pem + app.key_pem.replace(b"MII", b"AAA", 1),
            "its private key is damaged",
        ),
        (
            lambda app: app.certificate_pem.replace(b"MII", b"AAA", 1) + app.key_pem,
            "its certificate is damaged",
        ),
        (
            lambda app: b"-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----",
            "it contains PEM of the type PKCS7",
        ),
        (lambda app: b"-----BEGIN CERTIFICATE-----\nAAAA", "its PEM block has no end"),
        (lambda app: b"", "it is empty"),
        (lambda app: b" \n", "it is empty"),
        (lambda app: b"\0" * 99, "it is neither PEM, DER, PFX nor base64 of one of them"),
        (lambda app: b"some-word", "it is neither PEM, DER, PFX nor base64 of one of them"),
        (lambda app: app.pfx(None)[:99], "it is neither PEM, DER, PFX nor base64 of one of them"),
        (
            lambda app: b"/etc/app.pem",
            "it is text that looks like a path, which belongs in certificate_path",
        ),
    ],
)
def test_what_was_found_is_said(
    desk: Desk, papers: Papers, content: t.Callable[[Pair], bytes], reason: str
) -> None:
    for way in given_both_ways(desk, content(papers.application)):
        error = refused(way)
        assert (error.category, error.who) == ("bad_credentials", "caller")
        assert error.message.endswith(
            f" cannot be read as a certificate with its private key: {reason}."
        )
        assert error.advice.endswith(".")


@pytest.mark.parametrize(
    "content",
    [
        lambda app: app.pfx(PASSWORD),
        lambda app: app.certificate_pem + app.encrypted_key_pem(PASSWORD),
    ],
)
def test_a_wrong_password_is_told_as_that(
    desk: Desk, papers: Papers, content: t.Callable[[Pair], bytes]
) -> None:
    path = desk.put("app", content(papers.application))
    error = refused(
        {"certificate_path": path, "certificate_password": "another-password-altogether"}
    )
    assert ": certificate_password is wrong for the " in error.message
    assert error.advice == "Correct certificate_password."


def test_a_key_file_that_cannot_be_read_is_told_by_its_name(desk: Desk, papers: Papers) -> None:
    app = papers.application
    path = desk.put("app.pem", app.certificate_pem)
    for content, reason in (
        (b"nonsense", "it is neither PEM, DER, PFX nor base64 of one of them"),
        (app.certificate_pem, "it contains no private key"),
        (b"", "it is empty"),
        (
            app.encrypted_key_pem(PASSWORD),
            "the private key is encrypted, so certificate_password is required",
        ),
    ):
        key = desk.put("app.key", content)
        error = refused({"certificate_path": path, "private_key_path": key})
        assert error.message == f"private_key_path {key} cannot be read as a private key: {reason}."


@given(content=st.binary(max_size=200) | st.text().map(str.encode))
def test_nothing_is_too_strange_to_be_told(content: bytes) -> None:
    with pytest.raises(DefenderError):
        _credential.read({"certificate": content.decode("utf-8", "surrogateescape")})


def test_an_old_cryptography_is_told(papers: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_certificate_reading, "NEW_ENOUGH", False)
    app = papers.application
    error = refused({"certificate": (app.certificate_pem + app.key_pem).decode()})
    assert error.category == "bad_request"
    assert "cryptography, version 42 or newer" in error.message


def test_the_text_of_a_certificate_is_not_in_its_error(papers: Papers) -> None:
    text = papers.application.key_pem.decode()
    error = refused({"certificate": text})
    assert error.message.startswith(
        "certificate cannot be read as a certificate with its private key: "
    )
    assert text.splitlines()[1] not in str(error.as_result())


def test_a_wrong_password_is_tried_once_for_all_tenants(
    desk: Desk, papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = papers.application
    path = desk.put("app.pem", app.certificate_pem + app.encrypted_key_pem(PASSWORD))
    loads: list[bytes] = []
    load = serialization.load_pem_private_key

    def counted(data: bytes, *args: t.Any, **kwargs: t.Any) -> t.Any:
        loads.append(data)
        return load(data, *args, **kwargs)

    monkeypatch.setattr(serialization, "load_pem_private_key", counted)
    options = {"certificate_path": path, "certificate_password": "tried only once"}
    first = refused(options)
    tries = len(loads)
    second = refused(options)
    assert len(loads) == tries > 0
    assert second is not first
    assert second.as_result() == first.as_result()
