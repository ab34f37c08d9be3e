# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which devices are looked up, from names and from evidence."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.contain_targets import contain_targets
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._containment import targets
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.containments import (
    NAMES,
    WEB,
    swept,
)

EVIDENCE = {
    "odata_type": "#microsoft.graph.security.deviceEvidence",
    "mde_device_id": WEB.upper(),
    "device_dns_name": NAMES[WEB],
}


def test_devices_are_looked_up_by_id_and_by_name_each_once() -> None:
    alerts = [{"id": "x", "evidence": [EVIDENCE]}, {"id": "y", "evidence": [EVIDENCE]}]
    found = targets.targets(
        {"contoso": [WEB, "PC.contoso.example "], "nobody": []},
        {"contoso": [12]},
        [swept({"contoso": 12}, {"contoso": {"incidents": [{"id": "12", "alerts": alerts}]}})],
    )
    assert found["lookups"] == [
        {"contoso": {"id": [WEB]}},
        {"contoso": {"name": ["pc.contoso.example"]}},
    ]
    assert found["hosts"]["contoso"]["incidents"][WEB] == ["12"]
    assert list(found["hosts"]) == ["contoso"]


def test_an_incident_without_devices_and_one_that_cannot_be_read_are_problems() -> None:
    gone = {"category": "not_consented", "msg": "No token.", "who": "customer", "advice": "Ask."}
    found = targets.targets(
        {},
        {"contoso": "12", "litware": ["7"]},
        [
            swept(
                {"contoso": "12", "litware": "7"},
                {"contoso": {"incidents": [{"id": "12", "alerts": []}]}},
                {"litware": gone},
            )
        ],
    )
    (empty,) = found["hosts"]["contoso"]["problems"]
    (unread,) = found["hosts"]["litware"]["problems"]
    assert (empty["category"], empty["incidents"], empty["is_read"]) == ("not_found", ["12"], True)
    assert "has no device in its evidence" in empty["text"]
    assert (unread["category"], unread["text"], unread["is_read"]) == (
        "not_consented",
        "No token.",
        False,
    )
    assert found["lookups"] == []


def test_what_is_no_dictionary_is_an_error() -> None:
    with pytest.raises(AnsibleFilterError, match="must be dictionaries"):
        contain_targets(["contoso"])
