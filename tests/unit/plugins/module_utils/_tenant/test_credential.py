# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application's credential out of its files: every shape it comes in, and every way it can be
wrong."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import itertools
import textwrap
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    certificate_reading as _certificate_reading,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    credential as _credential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.public_certificate import (
    public_certificate,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Pair, Papers
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

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
    return (
        found.thumbprint == thumbprint and found.key.private_numbers() == pair.key.private_numbers()
    )


def refused(credential: dict[str, t.Any]) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        _credential.read(credential)
    return caught.value


@pytest.mark.parametrize("secret", ["s3cret with spaces", "~!@#$%^&*()_+{}|:<>?`-=[];',./\\\""])
def test_a_secret_is_itself(secret: str) -> None:
    assert _credential.read({"client_secret": secret}) == secret


ENDS = ["", " ", "\n", "\r\n", "\t", "\ufeff", "\ufeff\r\n ", "\u00a0"]


@pytest.mark.parametrize("before", ENDS)
@pytest.mark.parametrize("after", ENDS)
def test_marks_and_white_space_around_a_secret_are_taken_off(
    desk: Desk, before: str, after: str
) -> None:
    text = f"{before}s3cret~x{after}"
    assert _credential.read({"client_secret": text}) == "s3cret~x"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path = desk.put("secret", text.encode(encoding))
        assert _credential.read({"client_secret_file": path}) == "s3cret~x"
        assertion = _credential.read({"assertion_file": path})
        assert callable(assertion)
        assert assertion() == "s3cret~x"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_its_mark_is_read_and_without_it_named(desk: Desk, encoding: str) -> None:
    path = desk.put("secret", f"\ufeff{'s3cret~x'}\r\n".encode(encoding))
    assert _credential.read({"client_secret_file": path}) == "s3cret~x"
    path = desk.put("secret", "s3cret~x\r\n".encode(encoding))
    error = refused({"client_secret_file": path})
    assert error.message == f"client_secret_file is {path}, which is not UTF-8 text."


@pytest.mark.parametrize(
    ("stray", "name"),
    [
        ("\u201c", "U+201C (left double quotation mark)"),
        ("\u200b", "U+200B (zero width space)"),
        ("\n", "U+000A (a control character)"),
        ("\u00fc", "U+00FC (latin small letter u with diaeresis)"),
        ("\ufeff", "U+FEFF (zero width no-break space)"),
        ("\x7f", "U+007F (a control character)"),
        ("\U0001f600", "U+1F600 (grinning face)"),
    ],
)
@pytest.mark.parametrize("option", ["client_secret", "client_secret_file", "assertion_file"])
def test_a_character_that_no_secret_holds_is_named_and_the_secret_is_not(
    desk: Desk, option: str, stray: str, name: str
) -> None:
    text = f"s3c{stray}ret-long-and-unique"
    given = text if option == "client_secret" else desk.put("secret", text.encode())
    where = option if option == "client_secret" else f"{option} {given}"

    def read() -> None:
        found = _credential.read({option: given})
        assert callable(found)
        found()

    with pytest.raises(DefenderError) as caught:
        read()
    error = caught.value
    assert error.message == (
        f"{where}: the character at position 4 is {name}; a secret may contain only printable"
        " ASCII characters."
    )
    assert (error.category, error.who) == ("bad_credentials", "caller")
    assert "ret-long-and-unique" not in str(error.as_result())


@given(text=st.text())
def test_no_secret_is_sent_that_rfc_6749_does_not_allow(text: str) -> None:
    try:
        secret = _credential.read({"client_secret": text})
    except DefenderError:
        return
    assert isinstance(secret, str)
    assert secret == secret.strip()
    assert all(0x20 <= ord(character) <= 0x7E for character in secret)


@pytest.mark.parametrize("text", ["{'secret': 'x'}", "['x']", "{}"])
def test_a_dictionary_in_place_of_a_secret_is_told(text: str) -> None:
    error = refused({"client_secret": text})
    assert error.message == "client_secret is a dictionary or a list, but must be a string."
    assert error.who == "caller"


@pytest.mark.parametrize("content", [b"\0" * 40, b"s3c\0ret", b"\xff\xfe\x00", b"caf\xe9"])
@pytest.mark.parametrize("option", ["client_secret_file", "assertion_file"])
def test_a_file_that_is_no_text_is_told_by_its_name(
    desk: Desk, option: str, content: bytes
) -> None:
    path = desk.put("secret", content)

    def read() -> None:
        found = _credential.read({option: path})
        assert callable(found)
        found()

    with pytest.raises(DefenderError) as caught:
        read()
    assert caught.value.message == f"{option} is {path}, which is not UTF-8 text."


@pytest.mark.parametrize("option", ["client_secret_file", "certificate_path"])
def test_a_folder_is_told(desk: Desk, option: str) -> None:
    error = refused({option: str(desk.folder)})
    assert error.message == f"{option} is {desk.folder}, which cannot be read: Is a directory."
    assert refused({option: "a\0b"}).message == f"{option} is 'a\\x00b', which is not a valid path."


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
    assert (
        caught.value.message
        == f"{option} is {path}, which cannot be read: No such file or directory."
    )
    assert (caught.value.category, caught.value.who) == ("bad_credentials", "caller")


@pytest.mark.parametrize("content", [b"", b" \n\t"])
def test_an_empty_file_is_told(desk: Desk, content: bytes) -> None:
    path = desk.put("secret", content)
    assert (
        refused({"client_secret_file": path}).message
        == f"client_secret_file is {path}, which is empty."
    )


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


# Forms


def base64_text(content: bytes, *, width: int = 0) -> str:
    text = base64.b64encode(content).decode()
    return "\n".join(textwrap.wrap(text, width)) if width else text


WRAPPINGS: dict[str, t.Callable[[bytes], bytes]] = {
    "base64": lambda content: base64_text(content).encode(),
    "base64 with line breaks": lambda content: base64_text(content, width=64).encode() + b"\r\n",
    "base64 with marks": lambda content: b"\xef\xbb\xbf" + base64_text(content).encode(),
    "base64 in UTF-16": lambda content: base64_text(content, width=76).encode("utf-16"),
    "base64 with two characters for a line end": lambda content: (
        base64_text(content, width=64).replace("\n", "\\n").encode()
    ),
    "base64 without padding": lambda content: base64_text(content).rstrip("=").encode(),
    "base64 for URLs": base64.urlsafe_b64encode,
}
PEM_WRAPPINGS: dict[str, t.Callable[[bytes], bytes]] = {
    **WRAPPINGS,
    "two characters for a line end": lambda pem: pem.replace(b"\n", b"\\n"),
    "four characters for a line end": lambda pem: pem.replace(b"\n", b"\\r\\n"),
    "no line ends": lambda pem: pem.replace(b"\n", b" "),
    "old line ends": lambda pem: pem.replace(b"\n", b"\r"),
    "Windows line ends and a mark": lambda pem: b"\xef\xbb\xbf" + pem.replace(b"\n", b"\r\n"),
    "UTF-16": lambda pem: pem.decode().encode("utf-16"),
    "indented": lambda pem: textwrap.indent(pem.decode(), "    ").encode(),
    "comments": lambda pem: "Bag Attributes\n  friendlyName: Müller\n".encode("latin-1") + pem,
}


def given_both_ways(desk: Desk, content: bytes, **more: str) -> list[dict[str, t.Any]]:
    """The certificate as a file and, where it is text, as text."""
    ways: list[dict[str, t.Any]] = [{"certificate_path": desk.put("app", content), **more}]
    if content.isascii():
        ways.append({"certificate": content.decode(), **more})
    return ways


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
@pytest.mark.parametrize("password", [None, PASSWORD])
def test_a_pfx_is_read_out_of_base64(
    desk: Desk, papers: Papers, wrap: t.Callable[[bytes], bytes], password: str | None
) -> None:
    app = papers.application
    more = {"certificate_password": password} if password else {}
    for way in given_both_ways(desk, wrap(app.pfx(password)), **more):
        assert is_of(signer(way), app)


@pytest.mark.parametrize("wrap", PEM_WRAPPINGS.values(), ids=PEM_WRAPPINGS)
@pytest.mark.parametrize("password", [None, PASSWORD])
def test_a_pem_is_read_whatever_became_of_its_lines(
    desk: Desk, papers: Papers, wrap: t.Callable[[bytes], bytes], password: str | None
) -> None:
    app = papers.application
    more = {"certificate_password": password} if password else {}
    key = app.encrypted_key_pem(password) if password else app.key_pem
    for way in given_both_ways(desk, wrap(app.certificate_pem + key), **more):
        assert is_of(signer(way), app)


def key_der(pair: Pair, password: str | None = None) -> bytes:
    how: t.Any = serialization.NoEncryption()
    if password:
        how = serialization.BestAvailableEncryption(password.encode())
    form = serialization.PrivateFormat.PKCS8
    return t.cast("bytes", pair.key.private_bytes(DER, form, how))


def test_certificate_and_key_come_in_files_of_either_form(desk: Desk, papers: Papers) -> None:
    app = papers.application
    der = app.certificate.public_bytes(DER)
    for certificate in (app.certificate_pem, der, base64.b64encode(der)):
        for key in (app.key_pem, key_der(app), base64.b64encode(key_der(app)), app.pfx(None)):
            path = desk.put("app.key", key)
            for way in given_both_ways(desk, certificate, private_key_path=path):
                assert is_of(signer(way), app)
        for key in (app.encrypted_key_pem(PASSWORD), key_der(app, PASSWORD), app.pfx(PASSWORD)):
            more = {"private_key_path": desk.put("app.key", key), "certificate_password": PASSWORD}
            for way in given_both_ways(desk, certificate, **more):
                assert is_of(signer(way), app)


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


def test_a_renewed_certificate_is_taken_before_the_old_one(desk: Desk, papers: Papers) -> None:
    # the same key three times: expired, valid, and not yet valid
    app = papers.application
    for order in itertools.islice(
        itertools.permutations([papers.expired, app, papers.not_yet_valid]), 0, None, 2
    ):
        pem = b"".join(pair.certificate_pem for pair in order) + app.key_pem
        assert is_of(signer({"certificate_path": desk.put("app.pem", pem)}), app)


def test_the_right_key_of_several_is_taken(desk: Desk, papers: Papers) -> None:
    app, other = papers.application, papers.stranger
    for keys in (app.key_pem + other.key_pem, other.key_pem + app.key_pem):
        path = desk.put("app.pem", app.certificate_pem + keys)
        assert is_of(signer({"certificate_path": path}), app)


def test_the_chain_is_in_order_and_without_strangers(desk: Desk, papers: Papers) -> None:
    app, authority = papers.application, papers.authority
    others = [papers.other_authority, papers.stranger]
    wanted = [
        base64.b64encode(pair.certificate.public_bytes(DER)).decode() for pair in (app, authority)
    ]
    for order in itertools.islice(itertools.permutations([app, authority, *others]), 0, None, 5):
        pem = b"".join(pair.certificate_pem for pair in order) + app.key_pem
        path = desk.put("app.pem", pem)
        assert signer({"certificate_path": path, "certificate_chain": True}).x5c == wanted


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


@pytest.mark.parametrize("wrap", PEM_WRAPPINGS.values(), ids=PEM_WRAPPINGS)
def test_a_public_certificate_is_read_in_the_same_forms(
    papers: Papers, wrap: t.Callable[[bytes], bytes]
) -> None:
    der = papers.application.certificate.public_bytes(DER)
    for content in (papers.application.certificate_pem, der):
        wrapped = wrap(content) if content != der or wrap in WRAPPINGS.values() else der
        assert public_certificate("public_certificate", "x", wrapped).der == der


def test_an_old_cryptography_is_told(papers: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_certificate_reading, "NEW_ENOUGH", False)
    app = papers.application
    error = refused({"certificate": (app.certificate_pem + app.key_pem).decode()})
    assert error.category == "bad_request"
    assert "cryptography, version 42 or newer" in error.message


def test_a_certificate_without_its_key_and_a_key_without_its_certificate_are_told(
    desk: Desk, papers: Papers
) -> None:
    for content in (papers.application.certificate_pem, papers.application.key_pem):
        assert (
            refused({"certificate_path": desk.put("app.pem", content)}).category
            == "bad_credentials"
        )


def test_the_text_of_a_certificate_is_not_in_its_error(papers: Papers) -> None:
    text = papers.application.key_pem.decode()
    error = refused({"certificate": text})
    assert error.message.startswith(
        "certificate cannot be read as a certificate with its private key: "
    )
    assert text.splitlines()[1] not in str(error.as_result())


def test_key_and_certificate_have_to_be_a_pair(desk: Desk, papers: Papers) -> None:
    path = desk.put("app.pem", papers.application.certificate_pem)
    error = refused(
        {"certificate_path": path, "private_key_path": desk.put("key.pem", papers.stranger.key_pem)}
    )
    assert (
        error.message == f"certificate_path {path}: the private key does not match any certificate."
    )


def test_a_certificate_out_of_its_time_is_told_with_the_time(desk: Desk, papers: Papers) -> None:
    for pair, said in (
        (papers.expired, "expired on {0.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"),
        (papers.not_yet_valid, "is not valid before {0.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"),
    ):
        path = desk.put("app.pem", pair.certificate_pem + pair.key_pem)
        error = refused({"certificate_path": path})
        assert (error.category, error.who) == ("credential_expired", "partner")
        assert (
            error.message
            == f"certificate_path {path}: the certificate {said.format(pair.certificate)}."
        )


def test_an_elliptic_key_is_refused(desk: Desk, papers: Papers) -> None:
    path = desk.put("app.pem", papers.elliptic.certificate_pem + papers.elliptic.key_pem)
    assert (
        refused({"certificate_path": path}).message
        == f"certificate_path {path}: the key is not an RSA key, but Entra ID accepts only RSA"
        " keys."
    )


def test_the_chain_is_sent_only_when_asked_for_and_begins_with_the_own_certificate(
    desk: Desk, papers: Papers
) -> None:
    app, authority = papers.application, papers.authority
    wanted = [
        base64.b64encode(each.certificate.public_bytes(DER)).decode() for each in (app, authority)
    ]
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


@pytest.mark.parametrize(
    "option", ["client_secret_file", "assertion_file", "certificate_path", "private_key_path"]
)
def test_a_fingerprint_changes_when_the_content_of_the_file_changes(
    desk: Desk, option: str
) -> None:
    credential = {option: desk.put("file", b"one")}
    before = _credential.fingerprint(credential, "salt")
    assert _credential.fingerprint(credential, "salt") == before
    desk.put("file", b"two")
    assert _credential.fingerprint(credential, "salt") != before


def test_a_fingerprint_tells_nothing_of_the_secret() -> None:
    assert "secret" not in _credential.fingerprint({"client_secret": "secret"}, "salt")
