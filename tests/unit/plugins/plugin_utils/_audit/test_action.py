# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of `audit_info`."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit import action as _action
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit.folder import Folder
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import TENANT

Json = dict[str, t.Any]


def params(**options: t.Any) -> Json:
    return {"audit_dir": None, "since": None, "on_problem": "fail", **options}


def test_the_folder_is_that_of_the_task_or_of_the_configuration(tmp_path: Path) -> None:
    Folder(str(tmp_path)).append({TENANT: [{"tenant": {"id": TENANT}}]})
    for options, default in (({"audit_dir": str(tmp_path)}, "/nowhere"), ({}, str(tmp_path))):
        result = _action.audited(params(**options), default)
        assert (result["count"], result["valid"], result["problems"]) == (1, True, [])
    with pytest.raises(DefenderError, match="audit_dir is not set"):
        _action.audited(params(), None)


def test_many_problems_are_summed_up_and_all_in_the_result(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"{number}.ndjson").touch(mode=0o600)
    with pytest.raises(DefenderError) as caught:
        _action.audited(params(), str(tmp_path))
    assert caught.value.message.count("head, but no trail") == 0
    assert caught.value.message.count("there is a trail, but no head") == 5
    assert caught.value.message.endswith("and 2 more.")
    assert len(caught.value.facts["problems"]) == 7
    assert not _action.audited(params(on_problem="report"), str(tmp_path))["valid"]


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefenderError, match="since is"):
        _action.audited(params(since="yesterday"), str(tmp_path))
