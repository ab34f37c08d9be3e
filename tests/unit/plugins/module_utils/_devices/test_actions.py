# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machine actions in the words of results, from older and newer payloads."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.endpoint import MACHINE, Endpoint


def test_types_statuses_and_names_are_in_snake_case() -> None:
    action = _actions.normalized(
        {
            "@odata.context": "https://example/$metadata",
            "id": "1",
            "type": "RunAntiVirusScan",
            "status": "TimeOut",
            "relatedFileInfo": {"fileIdentifier": "AbC", "fileIdentifierType": "Sha1"},
            "errorHResult": -1,
        }
    )
    assert action == {
        "id": "1",
        "type": "run_anti_virus_scan",
        "status": "timed_out",
        "related_file_info": {"file_identifier": "AbC", "file_identifier_type": "Sha1"},
        "error_h_result": -1,
    }
    assert _actions.normalized({"status": "Paused", "type": "Dance"})["status"] == "paused"


@pytest.mark.parametrize("name", ["lastUpdateDateTimeUtc", "lastUpdateTimeUtc"])
def test_the_last_update_has_one_name_whatever_the_payload_calls_it(name: str) -> None:
    action = _actions.normalized({name: "2019-01-02T14:40:44.6596267Z", "status": "InProgress"})
    assert action["last_update_date_time_utc"] == "2019-01-02T14:40:44.6596267Z"
    assert "last_update_time_utc" not in action
    assert _actions.updated(action) > _actions.created(action) == 0
    assert _actions.is_open(action)


@pytest.mark.parametrize(("name", "word"), _actions.TYPES.items())
def test_each_type_is_read_as_it_is_written(name: str, word: str) -> None:
    assert _actions.normalized({"type": word})["type"] == name


def test_actions_of_a_device_come_newest_first() -> None:
    endpoint = Endpoint()
    for kind in ("Isolate", "Unisolate", "RunAntiVirusScan"):
        endpoint.start(kind)
        endpoint.settle()
    listed = _actions.of_device(t.cast("t.Any", endpoint), MACHINE, ["isolate", "unisolate"])
    assert [action["type"] for action in listed] == ["unisolate", "isolate"]
    assert endpoint.filters == [
        f"machineId eq '{MACHINE}' and (type eq 'Isolate' or type eq 'Unisolate')"
    ]


def test_a_hash_has_forty_digits() -> None:
    assert _actions.sha1(f" {'A' * 40}") == "a" * 40
    with pytest.raises(DefenderError, match="sha1 is 'abc', but a SHA-1 hash has 40"):
        _actions.sha1("abc")
