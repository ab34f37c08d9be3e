# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is templated for each tenant, and what is the same for all."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _tenant_options
from hypothesis import given
from hypothesis import strategies as st

VALUES: t.Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.sampled_from("ab {}%#:"))
    | st.just("#jinja2: x:y\na"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab{", max_size=3), inner, max_size=3)
    ),
)


@given(value=VALUES)
def test_what_is_taken_as_plain_is_what_templating_would_give_back(value: t.Any) -> None:
    if _tenant_options.is_plain(value):
        assert Templar(loader=DataLoader(), variables={}).template(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "{{ a }}",
        "x{% if a %}{% endif %}",
        "{# a #}",
        "#jinja2: variable_start_string:'[['\n[[ a ]]",
        ["x", {"y": "{{ z }}"}],
        object(),
    ],
)
def test_a_template_is_never_taken_as_plain(value: t.Any) -> None:
    assert not _tenant_options.is_plain(value)
    assert not _tenant_options.is_plain({"member": [value]})


def test_arguments_lose_cores_tags_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "vars.yml").write_text(
        "text: words\nlist: [a, 1, 2.5, true, null]\nmap: {b: {c: d}}\n"
    )
    tagged = DataLoader().load_from_file(str(tmp_path / "vars.yml"))
    found = _tenant_options.native(tagged)
    assert found == {"text": "words", "list": ["a", 1, 2.5, True, None], "map": {"b": {"c": "d"}}}
    assert {
        type(each) for each in (found["text"], *found, found["list"][0], found["map"]["b"]["c"])
    } == {str}
    assert (type(found), type(found["list"]), type(found["map"]["b"])) == (dict, list, dict)
