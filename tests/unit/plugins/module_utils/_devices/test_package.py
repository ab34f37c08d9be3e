# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An investigation package: collected, then downloaded as a whole or not at all."""

from __future__ import annotations

import hashlib
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import package as _package
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.endpoint import (
    MACHINE,
    Endpoint,
    Json,
)

KIND: t.Final = "CollectInvestigationPackage"


def collect(
    endpoint: Endpoint, dest: Path | None, *, check_mode: bool = False, **options: t.Any
) -> Json:
    params = {
        "device": MACHINE,
        "override_protection": False,
        "comment": "Ticket 4711",
        "dest": str(dest) if dest else None,
        "wait": True,
        "wait_timeout": 1800,
        **options,
    }
    return _package.collect(endpoint.tenant, params, check_mode=check_mode)


def failed(endpoint: Endpoint, dest: Path | None, **options: t.Any) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        collect(endpoint, dest, **options)
    return caught.value


def test_a_package_is_collected_and_downloaded(tmp_path: Path) -> None:
    endpoint, dest = Endpoint(), tmp_path / "package.zip"
    predicted = collect(endpoint, dest, check_mode=True)
    assert (endpoint.sent, list(tmp_path.iterdir())) == ([], [])
    result = collect(endpoint, dest)
    for name in ("changed", "before", "after"):
        assert predicted[name] == result[name]
    assert (result["changed"], result["after"]) == (True, {"package": "collected"})
    assert result["action"]["status"] == "succeeded"
    digest = hashlib.sha256(b"content").hexdigest()
    assert (result["dest"], result["size"], result["sha256"]) == (str(dest), 7, digest)
    assert dest.stat().st_mode & 0o777 == 0o600
    second = collect(endpoint, dest)
    assert second["changed"]
    assert second["action"]["id"] != result["action"]["id"]


def test_the_package_of_an_open_collection_is_downloaded_too(tmp_path: Path) -> None:
    endpoint, dest = Endpoint(), tmp_path / "package.zip"
    theirs = endpoint.start(KIND)
    predicted = collect(endpoint, dest, check_mode=True)
    assert (predicted["changed"], dest.exists()) == (False, False)
    result = collect(endpoint, dest)
    assert (result["changed"], endpoint.sent) == (False, [])
    assert result["action"]["id"] == theirs["id"]
    assert dest.read_bytes() == b"content"


def test_a_package_that_is_not_there_yet_is_asked_for_as_often_as_the_quota_allows(
    tmp_path: Path,
) -> None:
    endpoint = Endpoint(missing=2)
    collect(endpoint, tmp_path / "package.zip")
    assert 60 < endpoint.now < 70
    endpoint = Endpoint(missing=99)
    error = failed(endpoint, tmp_path / "other.zip", wait_timeout=100)
    assert (error.category, error.facts["changed"]) == ("not_found", True)
    assert error.facts["action"]["status"] == "succeeded"
    assert endpoint.now < 101
    assert [path.name for path in tmp_path.iterdir()] == ["package.zip"]


def test_an_expired_link_is_replaced_once(tmp_path: Path) -> None:
    endpoint, dest = Endpoint(stale=1), tmp_path / "package.zip"
    assert collect(endpoint, dest)["size"] == 7
    assert len(endpoint.downloads) == 2
    dest.write_text("of the last run")
    error = failed(Endpoint(stale=2), dest)
    assert (error.category, error.facts["changed"]) == ("unavailable", True)
    assert dest.read_text() == "of the last run"


def test_without_waiting_nothing_is_downloaded() -> None:
    endpoint = Endpoint(seconds=(60.0, 60.0))
    result = collect(endpoint, None, wait=False)
    assert (result["changed"], result["action"]["status"]) == (True, "pending")
    assert endpoint.downloads == []
    assert "dest" not in result


def test_a_destination_that_cannot_be_written_is_refused_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    endpoint, missing = Endpoint(), tmp_path / "later" / "package.zip"
    assert failed(endpoint, tmp_path).category == "bad_request"
    assert failed(endpoint, missing).category == "bad_request"
    assert endpoint.now == 0
    # an earlier task may create the folder, and did not run
    assert collect(endpoint, missing, check_mode=True)["changed"]
    assert failed(endpoint, tmp_path, check_mode=True).category == "bad_request"


def test_a_collection_that_fails_leaves_the_file_alone(tmp_path: Path) -> None:
    endpoint, dest = Endpoint(outcome="Failed"), tmp_path / "package.zip"
    error = failed(endpoint, dest)
    assert (error.category, dest.exists(), endpoint.downloads) == ("action_failed", False, [])


def test_a_lost_response_is_settled_and_the_package_downloaded(tmp_path: Path) -> None:
    endpoint = Endpoint(fates=["lost"], seconds=(0.0, 0.0))
    result = collect(endpoint, tmp_path / "package.zip")
    assert (result["changed"], result["size"], len(endpoint.sent)) == (True, 7, 1)
