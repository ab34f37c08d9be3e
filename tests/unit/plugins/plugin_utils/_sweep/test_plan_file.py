# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a plan is read as it was written, or not at all."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    plan_file as _plan_file,
)
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]
KEY: t.Final = b"k" * 32
HEAD: t.Final = {"collection": "mssp.defender_xdr", "module": "incident", "changes": 1}
VALUES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)
STATES = st.dictionaries(st.text(max_size=5), VALUES, max_size=3)
ENTRIES = st.lists(
    st.builds(
        lambda name, before, after: {
            "tenant": {"id": "1", "name": name, "cloud": "public"},
            "module": "incident",
            "arguments": {"id": "1"},
            "object": name,
            "before": before,
            "after": after,
        },
        st.text(max_size=5),
        STATES,
        STATES,
    ),
    max_size=4,
)


def parse(content: bytes, key: bytes | None = None) -> _plan_file.Plan:
    return _plan_file.parse("/tmp/plan", content, key)


def refused(content: bytes, key: bytes | None = None) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        parse(content, key)
    return caught.value


@given(ENTRIES, st.sampled_from([None, KEY]))
def test_a_plan_is_read_as_it_was_written(entries: list[Json], key: bytes | None) -> None:
    plan = parse(_plan_file.text(HEAD, entries, key), key)
    assert (plan.module, plan.entries) == ("incident", entries)
    assert plan.head["plan_version"] == 1


@given(ENTRIES, st.sampled_from([None, KEY]), st.data())
def test_every_edit_refuses_the_plan(
    entries: list[Json], key: bytes | None, data: st.DataObject
) -> None:
    lines = _plan_file.text(HEAD, entries, key).splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines) - 1))
    edit = data.draw(st.sampled_from(["remove", "repeat", "swap", "change", "add"]))
    edited = list(lines)
    if edit == "remove":
        del edited[place]
    elif edit == "repeat":
        edited.insert(place, lines[place])
    elif edit == "swap":
        other = data.draw(st.integers(0, len(lines) - 1))
        edited[place], edited[other] = edited[other], edited[place]
    elif edit == "change":
        value = json.loads(lines[place])
        name = data.draw(st.sampled_from(sorted(value)))
        value[name] = "edited"
        edited[place] = json.dumps(value).encode() + b"\n"
    else:
        edited.insert(place + 1, b'{"tenant": {"id": "2"}}\n')
    if edited != lines:
        assert refused(b"".join(edited), key).category in ("refused", "bad_request")


def test_the_digests_are_a_chain_that_others_can_check() -> None:
    lines = [json.loads(line) for line in _plan_file.text(HEAD, [], None).splitlines()]
    assert lines[-1]["lines"] == 2
    assert all(len(line["digest"]) == 64 for line in lines)


def test_a_plan_with_a_key_needs_the_same_key() -> None:
    with_key, without = (_plan_file.text(HEAD, [], key) for key in (KEY, None))
    assert "was made with a key, but plan_key_file names no key" in refused(with_key).message
    assert "was made with no key, but" in refused(without, KEY).message
    assert "its digest is wrong" in refused(with_key, b"x" * 32).message


@pytest.mark.parametrize("content", [b"", b"[]\n", b"no json\n", b'{"id": 1}\n'])
def test_what_is_no_plan_is_said_to_be_none(content: bytes) -> None:
    error = refused(content)
    assert (error.category, error.who) == ("bad_request", "caller")
    assert "/tmp/plan, which is not a plan of a sweep" in error.message


def test_a_plan_of_another_version_is_refused() -> None:
    lines = _plan_file.text(HEAD, [], None).replace(b'"plan_version": 1', b'"plan_version": 2')
    assert "is a plan of version 2, but this collection applies only" in refused(lines).message


def test_a_key_is_a_file_of_at_least_sixteen_bytes(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b" short\n")
    for wrong in (str(path), str(tmp_path / "none")):
        with pytest.raises(DefenderError, match="plan_key_file is") as caught:
            _plan_file.key_from(wrong)
        assert caught.value.category == "bad_request"
        assert "short" not in caught.value.message
    path.write_bytes(KEY + b"\n")
    assert _plan_file.key_from(str(path)) == KEY
    assert _plan_file.key_from(None) is None


@pytest.mark.parametrize(
    "change",
    [
        {"module": "alert"},
        {"tenant": "contoso"},
        {"tenant": {"id": "1"}},
        {"arguments": None},
        {"before": []},
    ],
)
def test_a_line_that_lacks_what_is_used_of_it_is_refused_with_good_digests_too(
    change: Json,
) -> None:
    entry = {
        "tenant": {"id": "1", "name": "contoso", "cloud": "public"},
        "module": "incident",
        "arguments": {},
        "object": "incident 1",
        "before": {},
        "after": {},
    }
    assert parse(_plan_file.text(HEAD, [entry], None)).entries == [entry]
    error = refused(_plan_file.text(HEAD, [{**entry, **change}], None))
    assert (error.category, "line 2: it is no change of" in error.message) == ("refused", True)
