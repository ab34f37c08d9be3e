# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret on its way through a module's output: only the action that asked can read it."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _sealed
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import SECRET, graph_token
from hypothesis import given, settings
from hypothesis import strategies as st

TOKEN = graph_token()


def sent(result: dict[str, t.Any], reader: _sealed.Reader) -> dict[str, t.Any]:
    """The result as it comes out of the module's process."""
    return t.cast(
        "dict[str, t.Any]", json.loads(json.dumps(_sealed.Writer(reader.public_key).sealed(result)))
    )


@settings(max_examples=settings().max_examples // 5)
@given(secret=st.text(min_size=1))
def test_what_was_sealed_is_opened_as_it_was(secret: str) -> None:
    reader = _sealed.Reader()
    result = {
        "tenant": {"name": "contoso"},
        "access_token": secret,
        "roles": [],
        "secret_text": f"{secret}2",
    }
    assert list(sent(result, reader).items()) != list(result.items())
    assert list(reader.opened(sent(result, reader)).items()) == list(result.items()), (
        "the order stays as well"
    )


def test_nothing_that_is_written_tells_the_secret_or_the_same_twice() -> None:
    reader = _sealed.Reader()
    result = {"access_token": TOKEN, "secret_text": SECRET}
    first, second = sent(result, reader), sent(result, reader)
    for part in (TOKEN, SECRET, TOKEN.split(".")[1], SECRET[5:25]):
        assert part not in json.dumps(first)
    assert first["access_token"] != second["access_token"]


def test_results_without_a_secret_and_modules_without_an_action_are_as_they_were() -> None:
    reader = _sealed.Reader()
    result = {"api": "graph", "access_token": None, "rows": [{"access_token": "evidence"}]}
    assert sent(result, reader) == result
    assert reader.opened(result) == result
    for nobody in (None, ""):
        assert _sealed.Writer(nobody).sealed({"access_token": TOKEN}) == {"access_token": TOKEN}


@pytest.mark.parametrize("change", ["other task", "other name", "cut", "no message"])
def test_what_was_not_sealed_for_this_task_is_an_error_without_a_secret(change: str) -> None:
    reader = _sealed.Reader()
    message = sent({"access_token": TOKEN}, _sealed.Reader() if change == "other task" else reader)[
        "access_token"
    ]
    name = "secret_text" if change == "other name" else "access_token"
    if change == "cut":
        message = {"sealed": message["sealed"][:-8]}
    if change == "no message":
        message = {"sealed": "nonsense"}
    with pytest.raises(DefenderError) as caught:
        reader.opened({name: message})
    assert caught.value.category == "outcome_unknown"
    assert caught.value.message.startswith(f"{name} was damaged on the way")


@pytest.mark.parametrize("key", ["nonsense", "AAAA"])
def test_a_key_that_is_none_is_refused_before_the_module_runs(key: str) -> None:
    with pytest.raises(ValueError, match=r"point|padded|multiple of 4|encod"):
        _sealed.Writer(key)


def test_without_cryptography_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    public_key = _sealed.Reader().public_key
    monkeypatch.setattr(_sealed, "CRYPTOGRAPHY_ERROR", ImportError("cryptography"))
    with pytest.raises(DefenderError, match="cryptography is not installed"):
        _sealed.Writer(public_key)
    with pytest.raises(DefenderError, match="cryptography is not installed"):
        _sealed.Reader()
