# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No two tenants of a sweep write the same file, in whatever spelling it was named."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.modules import (
    application_credential,
    hunting_query,
    incident_info,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    destinations as _destinations,
)


def of(*paths: t.Any) -> list[tuple[str, dict[str, t.Any]]]:
    return [(f"h{number}", {"dest": path, "query": "T"}) for number, path in enumerate(paths)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rows", "rows"),
        ("rows", "./rows"),
        ("{tmp}/rows", "{tmp}//a/../rows"),
        ("rows", "{tmp}/rows"),
        ("~/rows", "$HOME/rows"),
        ("real/rows", "link/rows"),
    ],
)
def test_one_file_for_two_tenants_is_refused_with_their_names_and_the_remedy(
    one: str, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(DefenderError) as refused:
        _destinations.check(
            of(one.format(tmp=tmp_path), "elsewhere", other.format(tmp=tmp_path)), own=None
        )
    assert refused.value.category == "bad_request"
    assert all(
        part in refused.value.message
        for part in ("h0, h2", str(tmp_path), "{{ inventory_hostname }}")
    )
    assert "h1" not in refused.value.message


def test_many_tenants_with_one_file_are_counted() -> None:
    with pytest.raises(DefenderError, match=r"h0, h1, h2, h3, h4 and 995 more,"):
        _destinations.check(of(*["/tmp/rows"] * 1000), own=None)


def test_the_file_of_the_sweep_itself_is_none_for_a_tenant() -> None:
    with pytest.raises(DefenderError, match="for h0 and for the sweep;"):
        _destinations.check(of("/tmp/rows"), own="/tmp/./rows")


@pytest.mark.parametrize(
    "paths", [("a", "b"), (None, None), ("", ""), (["x"], ["x"]), ("dir/rows", "rows")]
)
def test_other_files_and_no_files_are_not_refused(paths: t.Any) -> None:
    _destinations.check(of(*paths), own="/tmp/all")


@pytest.mark.parametrize(
    ("module", "given", "defaults", "expected"),
    [
        (hunting_query, {"query": "T"}, [], False),
        (hunting_query, {"query": "T", "dest": "x"}, [], True),
        (hunting_query, "{{ arguments }}", [], True),
        (hunting_query, {}, [{"mssp.defender_xdr.hunting_query": {"dest": "x"}}], True),
        (hunting_query, {}, [{"group/mssp.defender_xdr.tenant": "{{ them }}"}], True),
        (hunting_query, {}, [{"group/mssp.defender_xdr.tenant": {"api": "xdr"}}], False),
        (application_credential, {"dest": "x"}, [], True),
        (incident_info, {"dest": "x"}, [], False),
    ],
)
def test_arguments_are_only_compared_where_a_file_may_be_named(
    module: t.Any, given: t.Any, defaults: t.Any, expected: bool
) -> None:
    assert _destinations.are_given(module.SPEC, given, defaults) is expected
