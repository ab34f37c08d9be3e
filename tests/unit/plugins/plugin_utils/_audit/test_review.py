# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a folder of audit files."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit.folder import Folder
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit.review import review
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    OTHER_TENANT,
    TENANT,
)

Json = dict[str, t.Any]
TIMES: t.Final = ("2026-11-23T12:00:00Z", "2026-11-23T12:00:00.5Z", "2026-11-24T00:00:00Z")


@pytest.fixture
def trails(tmp_path: Path) -> Path:
    """Two trails whose records alternate in time."""
    folder = Folder(str(tmp_path))
    folder.append({TENANT: [record(TENANT, TIMES[0]), record(TENANT, TIMES[2])]})
    folder.append({OTHER_TENANT: [record(OTHER_TENANT, TIMES[1])]})
    return tmp_path


def record(tenant_id: str, time: t.Any) -> Json:
    return {"time": time, "tenant": {"id": tenant_id}, "object": "incident 1"}


def problems(path: Path) -> list[tuple[str, int | None, str]]:
    found = review(str(path), since=None).problems
    return [(Path(one["file"]).name, one["line"], one["code"]) for one in found]


def test_intact_trails_are_read_in_the_order_of_time(trails: Path) -> None:
    (trails / "notes.txt").write_text("not ours")
    found = review(str(trails), since=None)
    assert found.problems == []
    assert [one["time"] for one in found.records] == list(TIMES)
    since = _times.read_time(TIMES[1])
    assert [one["time"] for one in review(str(trails), since=since).records] == list(TIMES[1:])


def test_an_empty_folder_is_intact(tmp_path: Path) -> None:
    assert review(str(tmp_path), since=None).problems == []


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefenderError, match=r"cannot be read: No such file or directory"):
        review(str(tmp_path / "none"), since=None)


def test_a_file_without_the_other_is_found(trails: Path) -> None:
    (trails / f"{TENANT}.head").unlink()
    (trails / f"{OTHER_TENANT}.ndjson").unlink()
    assert problems(trails) == [
        (f"{TENANT}.head", None, "head_missing"),
        (f"{OTHER_TENANT}.ndjson", None, "file_missing"),
    ]


def test_trails_that_changed_places_are_found(trails: Path) -> None:
    for suffix in (".ndjson", ".head"):
        first, second = trails / f"{TENANT}{suffix}", trails / f"{OTHER_TENANT}{suffix}"
        first.rename(trails / "spare")
        second.rename(first)
        (trails / "spare").rename(second)
    assert problems(trails) == [
        (f"{TENANT}.ndjson", 1, "other_tenant"),
        (f"{OTHER_TENANT}.ndjson", 1, "other_tenant"),
        (f"{OTHER_TENANT}.ndjson", 2, "other_tenant"),
    ]


def test_damaged_and_unreadable_files_are_found(trails: Path) -> None:
    (trails / f"{TENANT}.head").write_text("[]")
    other = trails / f"{OTHER_TENANT}.ndjson"
    other.unlink()
    other.symlink_to(trails / "elsewhere")
    codes = problems(trails)
    assert (f"{TENANT}.head", None, "not_json") in codes
    assert (f"{OTHER_TENANT}.ndjson", None, "unreadable") in codes


def test_what_others_can_access_is_found(trails: Path) -> None:
    (trails / f"{TENANT}.ndjson").chmod(0o640)
    trails.chmod(0o770)
    assert problems(trails) == [
        (f"{TENANT}.ndjson", None, "accessible_to_others"),
        (trails.name, None, "accessible_to_others"),
    ]


def test_a_record_without_a_valid_time_is_left_out_by_a_time_only(tmp_path: Path) -> None:
    Folder(str(tmp_path)).append({TENANT: [record(TENANT, None), record(TENANT, TIMES[0])]})
    assert len(review(str(tmp_path), since=None).records) == 2
    assert len(review(str(tmp_path), since=1).records) == 1
