# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application's credential out of its files: every shape it comes in, and every way it can be
wrong."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    credential as _credential,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.desk import (
    Desk,
    refused,
)
from hypothesis import given
from hypothesis import strategies as st


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
