# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entities in evidence of every documented kind, and the filter over them."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.entities import entities
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import entities as _all
from ansible_collections.mssp.defender_xdr.plugins.module_utils._odata import snake

Json = dict[str, t.Any]
TYPES: t.Final[Json] = json.loads(
    Path(__file__).with_name("graph_alert_types.json").read_text(encoding="utf-8")
)["types"]


def evidence(kind: str, **members: t.Any) -> Json:
    return {"odata_type": f"#microsoft.graph.security.{kind}", **members}


def alert(*pieces: Json, **members: t.Any) -> Json:
    origin = {"id": "da1", "incident_id": "7", "tenant_id": "t1"}
    return {**origin, "evidence": list(pieces), **members}


def values(groups: t.Mapping[str, list[Json]]) -> Json:
    return {name: [one["value"] for one in group] for name, group in groups.items() if group}


PROCESS: t.Final = evidence(
    "processEvidence",
    mde_device_id="a" * 40,
    image_file={"sha1": "1" * 40, "sha256": "2" * 64, "file_name": "x.exe"},
    user_account={"account_name": "anna", "user_principal_name": "anna@contoso.example"},
)
DEVICE: t.Final = evidence(
    "deviceEvidence", mde_device_id="A" * 40, device_dns_name="pc.contoso.example"
)


def test_each_entity_has_its_incident_alert_and_tenant() -> None:
    origin = {"incident_id": "7", "alert_id": "da1", "tenant_id": "t1"}
    groups = entities(alert(PROCESS, DEVICE))
    assert list(groups) == list(_all.GROUPS)
    assert groups["devices"] == [{"value": "a" * 40, **origin, "name": "pc.contoso.example"}]
    assert groups["users"] == [{"value": "anna@contoso.example", **origin}]
    assert groups["hashes"] == [
        {"value": "2" * 64, **origin, "type": "sha256"},
        {"value": "1" * 40, **origin, "type": "sha1"},
    ]
    assert groups["other"] == []


def test_the_same_entity_of_two_alerts_is_listed_for_both() -> None:
    groups = entities([alert(DEVICE), alert(DEVICE, id="da2"), alert(DEVICE, id="da2")])
    assert [one["alert_id"] for one in groups["devices"]] == ["da1", "da2"]


@pytest.mark.parametrize(
    ("piece", "wanted"),
    [
        (evidence("ipEvidence", ip_address="192.0.2.1"), {"addresses": ["192.0.2.1"]}),
        (evidence("urlEvidence", url="https://x.example"), {"urls": ["https://x.example"]}),
        (
            evidence("dnsEvidence", domain_name="x.example", ip_addresses=[{"ip_address": "::1"}]),
            {"domains": ["x.example"], "addresses": ["::1"]},
        ),
        (
            evidence("mailboxEvidence", primary_address="a@x.example", upn="b@x.example"),
            {"mailboxes": ["a@x.example"]},
        ),
        (
            evidence("malwareEvidence", files=[{"file_details": {"sha1": "1"}}]),
            {"hashes": ["1"], "other": ["malwareEvidence"]},
        ),
        (evidence("alienEvidence", ip_address="192.0.2.1"), {"other": ["alienEvidence"]}),
        (evidence("userEvidence", user_account=None), {"other": ["userEvidence"]}),
        ({"future": 1}, {"other": ["unknown"]}),
        ({"entity_type": "ip", "ip_address": "192.0.2.1"}, {"addresses": ["192.0.2.1"]}),
        ({"entity_type": "mail_box", "mailbox_address": "a@x"}, {"mailboxes": ["a@x"]}),
    ],
)
def test_each_kind_goes_to_its_groups_and_what_nobody_knows_is_kept(
    piece: Json, wanted: Json
) -> None:
    groups = entities(alert(piece))
    assert values(groups) == wanted
    assert all(one["evidence"] == piece for one in groups["other"])


def test_urls_that_differ_in_case_are_two_and_hashes_are_one() -> None:
    pieces = [evidence("urlEvidence", url=url) for url in ("https://x/A", "https://x/a")]
    pieces += [evidence("fileHashEvidence", value=text, algorithm="md5") for text in ("AB", "ab")]
    groups = entities(alert(*pieces))
    assert values(groups) == {"urls": ["https://x/A", "https://x/a"], "hashes": ["AB"]}
    assert groups["hashes"][0]["type"] == "md5"


def test_the_device_of_a_session_has_its_name() -> None:
    host = {"mde_device_id": "b" * 40, "device_dns_name": "pc2.contoso.example"}
    session = evidence("hostLogonSessionEvidence", host=host)
    (device,) = entities(alert(session))["devices"]
    assert (device["value"], device["name"]) == ("b" * 40, "pc2.contoso.example")


def test_the_devices_of_the_older_api_are_devices() -> None:
    older = {"mdatp_device_id": "a" * 40, "device_dns_name": "pc.contoso.example"}
    groups = entities(alert(devices=[older]))
    assert values(groups) == {"devices": ["a" * 40]}
    assert groups["devices"][0]["name"] == "pc.contoso.example"


def test_kinds_and_members_are_those_of_the_metadata() -> None:
    for kind, paths in _all.EVIDENCE.items():
        assert kind in TYPES, kind
        members = {snake(name) for name in TYPES[kind]}
        for _group, path in paths:
            first = path.partition(".")[0]
            assert members & set(first.split("+")), (kind, path)


def test_incidents_results_and_sweeps_are_read_alike() -> None:
    incident = {"id": "7", "tenant_id": "t1", "alerts": [alert(DEVICE)]}
    result = {"tenant": {"id": "t1"}, "incidents": [incident], "count": 1}
    wanted = entities(alert(DEVICE))
    for source in (
        incident,
        [incident],
        result,
        {"results": {"contoso": result}},
        {"results": [result]},
        {"tenant": {"id": "t1"}, "alerts": [alert(DEVICE, tenant_id=None)]},
        {"tenant": {"id": "t1"}, "incident": incident, "changed": True},
    ):
        assert entities(source) == wanted
    assert values(entities({"incidents": []})) == {}


@pytest.mark.parametrize("source", ["text", 7, None, {"failed": True, "msg": "No."}, [1]])
def test_an_input_without_incidents_is_an_error_and_not_an_empty_list(source: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="must be incidents, alerts, or a result"):
        entities(source)
