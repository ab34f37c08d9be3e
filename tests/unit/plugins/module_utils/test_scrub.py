# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown: no secret, no token, at any depth."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module, _scrub
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CONTOSO,
    SECRET,
    graph_token,
)
from hypothesis import given
from hypothesis import strategies as st

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
JWT = graph_token()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@pytest.mark.parametrize(
    ("given_text", "told"),
    [
        (f"the secret {SECRET}.", f"the secret {HIDDEN}."),
        (f"{SECRET}{SECRET}", f"{HIDDEN}{HIDDEN}"),
        (f"token {JWT} here", f"token {HIDDEN} here"),
        ("Authorization: Bearer an-opaque-token-0001", f"Authorization: {HIDDEN}"),
        ("bearer abcdefghijklmnop", HIDDEN),
        ("the bearer of this letter", "the bearer of this letter"),
        ("eyJ is how they begin", "eyJ is how they begin"),
    ],
)
def test_secrets_and_tokens_are_hidden_in_text(given_text: str, told: str) -> None:
    assert _scrub.text(given_text, [SECRET]) == told


def test_the_secrets_of_a_call_are_its_no_log_options_the_longest_first() -> None:
    spec = {
        "client_secret": {"no_log": True},
        "certificate_password": {"no_log": True},
        "access_token": {"no_log": True},
        "client_id": {},
        "proxy": {},
    }
    given_ones = {
        "client_secret": "abc",
        "certificate_password": "abcdef",
        "access_token": None,
        "client_id": "id",
    }
    assert _scrub.secrets_of(spec, given_ones) == ["abcdef", "abc"]
    assert _scrub.text("abcdef abc", ["abc", "abcdef"]) == f"{HIDDEN} {HIDDEN}"


def test_a_short_secret_is_hidden_in_text_only_where_it_stands_alone() -> None:
    """A hole in a GUID that is known otherwise would tell it."""
    told = _scrub.text("the password '1234' of 12345678-1234-4123-8123-123412341234", ["1234"])
    assert told == f"the password '{HIDDEN}' of 12345678-1234-4123-8123-123412341234"


def test_a_secret_is_known_in_the_body_of_a_form_too() -> None:
    secrets = _scrub.secrets_of({"client_secret": {"no_log": True}}, {"client_secret": "a+b/c=d e"})
    assert (
        _scrub.text("client_secret=a%2Bb%2Fc%3Dd+e&grant_type=client_credentials", secrets)
        == f"client_secret={HIDDEN}&grant_type=client_credentials"
    )


def test_the_specs_secrets_are_all_of_a_module() -> None:
    spec = _module.spec({})["argument_spec"]
    assert {name for name, option in spec.items() if option.get("no_log")} == {
        "client_secret",
        "certificate",
        "certificate_password",
    }


@given(value=JSON)
def test_a_secret_is_hidden_at_any_depth_and_the_rest_is_untouched(value: t.Any) -> None:
    bearer = f"Bearer {JWT}"
    data = {
        "tenant": CONTOSO,
        "deep": [{"key": [value, {SECRET: bearer}]}],
        "text": f"it is {SECRET}",
    }
    told = _scrub.result(data, [SECRET])
    assert SECRET not in json.dumps(told)
    assert told["deep"] == [{"key": [value, {HIDDEN: bearer}]}], (
        "what only looks like a token is the service's data"
    )
    (warning,) = told["warnings"]
    assert warning.startswith(
        "2 values in the result of tenant contoso contained a secret of this call"
    )


@given(value=JSON)
def test_data_without_a_secret_of_the_call_is_what_the_service_sent(value: t.Any) -> None:
    data = {
        "tenant": CONTOSO,
        "rows": [value, {"": f"Bearer {JWT}", "id": "12345678-1234-4123-8123-123412341234"}],
    }
    assert _scrub.result(data, [SECRET, "1234", "eight-ch"]) == data
    assert _scrub.result(data, []) == data


def test_a_failure_is_text_for_people_and_loses_what_looks_like_a_token() -> None:
    told = _scrub.result(
        {"failed": True, "msg": f"Bearer {JWT}", "error": {"code": [SECRET]}, "access_token": JWT},
        [SECRET],
    )
    assert told == {
        "failed": True,
        "msg": HIDDEN,
        "error": {"code": [HIDDEN]},
        "access_token": HIDDEN,
    }


def test_a_short_password_leaves_ids_in_a_failure_alone() -> None:
    failure = {
        "failed": True,
        "msg": "Incident 1234 of tenant contoso-production was not found.",
        "tenant": CONTOSO,
    }
    assert _scrub.result(failure, ["1234", "contoso-prod"]) == failure


def test_warnings_are_text_for_people_too() -> None:
    told = _scrub.result({"rows": [JWT], "warnings": [f"{SECRET} and {JWT}"]}, [SECRET])
    assert told == {"rows": [JWT], "warnings": [f"{HIDDEN} and {HIDDEN}"]}


@pytest.mark.parametrize("key", ["access_token", "secret_text"])
def test_only_the_secret_that_was_asked_for_is_kept_at_the_top(key: str) -> None:
    told = _scrub.result({key: SECRET, "inner": {key: SECRET}, "list": [{key: SECRET}]}, [SECRET])
    assert {name: told[name] for name in (key, "inner", "list")} == {
        key: SECRET,
        "inner": {key: HIDDEN},
        "list": [{key: HIDDEN}],
    }


def test_two_names_that_become_the_same_stay_apart() -> None:
    told = _scrub.result(
        {"row": {SECRET: 1, HIDDEN: 2, quote_plus(f"{SECRET}"): 1, f"{SECRET}{SECRET}": 3}},
        [SECRET],
    )
    assert told["row"] == {HIDDEN: 1, f"{HIDDEN}_": 2, f"{HIDDEN}{HIDDEN}": 3}


def test_other_values_pass_and_tuples_become_lists() -> None:
    assert _scrub.result({"a": 1, "b": None, "c": 1.5, "d": True, "e": ("x",)}, [SECRET]) == {
        "a": 1,
        "b": None,
        "c": 1.5,
        "d": True,
        "e": ["x"],
    }


PEM = (
    "-----BEGIN CERTIFICATE-----\n"
    + "C" * 64
    + "\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n"
    + "\n".join(c * 64 for c in "KLM")
)
PEM += "\nNNN=\n-----END PRIVATE KEY-----\n"


def test_of_a_certificate_only_its_private_key_is_secret() -> None:
    secrets = _scrub.secrets_of({"certificate": {"no_log": True}}, {"certificate": PEM})
    data = {
        "public": "C" * 64,
        "one line": "a " + "L" * 64,
        "whole": PEM,
        "as JSON": json.dumps(PEM),
        "short": "NNN=",
    }
    told = _scrub.result(data, secrets)
    assert told.pop("warnings")[0].startswith("3 values in the result contained")
    assert told == {
        "public": "C" * 64,
        "one line": f"a {HIDDEN}",
        "whole": HIDDEN,
        "as JSON": f'"{HIDDEN}"',
        "short": "NNN=",
    }


def test_the_secrets_in_files_are_known_too(tmp_path: Path) -> None:
    for name, content in {
        "secret": f" {SECRET}\n",
        "assertion": JWT,
        "key": PEM,
        "public": PEM.split("-----BEGIN PRIVATE", maxsplit=1)[0],
    }.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "pfx").write_bytes(b"\xff\xfe\x00\x80")
    (tmp_path / "utf-16").write_text(f"{SECRET}\r\n", encoding="utf-16")
    for name in ("secret", "utf-16"):
        assert SECRET in _scrub.secrets_in_files(
            {"client_secret_file": str(tmp_path / name), "client_secret": "x"}
        )
    assert JWT in _scrub.secrets_in_files({"assertion_file": str(tmp_path / "assertion")})
    assert "K" * 64 in _scrub.secrets_in_files({"certificate_path": str(tmp_path / "key")})
    for path in (tmp_path / "public", tmp_path / "pfx", tmp_path / "absent", tmp_path, None):
        assert _scrub.secrets_in_files({"certificate_path": path and str(path)}) == []


def test_the_arguments_are_shown_without_secrets_and_logins() -> None:
    spec = {
        "client_secret": {"no_log": True},
        "certificate": {"no_log": True},
        "proxy": {},
        "parameters": {},
        "limit": {},
    }
    given_ones = {
        "client_secret": SECRET,
        "certificate": None,
        "proxy": "http://soc:pass:w@rd@proxy.example:3128",
        "parameters": {"a": [SECRET]},
        "limit": 1234,
    }
    assert _scrub.arguments(spec, given_ones, [SECRET, "1234"]) == {
        "client_secret": HIDDEN,
        "certificate": None,
        "proxy": "http://***@proxy.example:3128",
        "parameters": {"a": [HIDDEN]},
        "limit": 1234,
    }


def crashed(error: BaseException) -> dict[str, t.Any]:
    """What is told of an error that was raised from another."""

    def fail() -> None:
        raise error from KeyError(SECRET)

    with pytest.raises(type(error)) as caught:
        fail()
    return _scrub.crash(caught.value, [SECRET])


def test_a_crash_is_told_whole_but_for_the_secrets() -> None:
    told = crashed(RuntimeError(f"lost {SECRET} and {JWT}"))
    assert (told["failed"], told["changed"]) == (True, False)
    assert (
        told["msg"]
        == f"The module failed with an unexpected error: RuntimeError: lost {HIDDEN} and {HIDDEN}"
    )
    assert "raise error from KeyError" in told["exception"]
    assert f"KeyError: '{HIDDEN}'" in told["exception"], "its cause is told too"
    assert SECRET not in str(told)
    assert JWT not in str(told)
