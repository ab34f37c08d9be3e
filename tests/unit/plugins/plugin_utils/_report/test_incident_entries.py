# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The incidents of a report."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._report.reports import (
    alert,
    incident,
    made,
    tenant,
)


def test_an_incident_has_its_products_devices_and_users_or_none_if_unknown() -> None:
    full = incident(
        alerts=[alert(), alert(category="Impact")],
        custom_tags=["vip"],
        system_tags=["Ransomware"],
        classification="true_positive",
    )
    known, unknown = made(tenant("a", full, incident(id="8")))["incidents"]
    assert {
        key: known[key]
        for key in ("tenant_name", "service_sources", "alerts", "devices", "users", "tactics")
    } == {
        "tenant_name": "A",
        "service_sources": ["microsoft_defender_for_endpoint"],
        "alerts": 2,
        "devices": 1,
        "users": 1,
        "tactics": ["InitialAccess", "Impact"],
    }
    assert (known["tags"], known["ransomware"]) == (["Ransomware", "vip"], True)
    assert (known["device_names"], known["user_names"]) == (
        ["PC-1.contoso.example"],
        ["ana@contoso.example"],
    )
    assert [unknown[key] for key in ("alerts", "devices", "users")] == [None, None, None]
    assert (unknown["ransomware"], unknown["new"]) == (False, None)
