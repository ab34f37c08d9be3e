# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests for devices."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import pages as _pages
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import reading as _reading
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.device import Wanted
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

Json = dict[str, t.Any]
A, B = "a" * 40, "b" * 40
EIGHT: t.Final = _times.read_time("2026-11-20T08:00:00Z")


class FakeApi:
    def __init__(self, *pages: list[Json]) -> None:
        self.pages = list(pages)
        self.asked: list[tuple[str, t.Any]] = []
        options = types.SimpleNamespace(tenant_id="t1", label="contoso")
        self.tenant = types.SimpleNamespace(options=options)

    def get(self, path: str, params: Json | None = None) -> Json:
        self.asked.append((path, params))
        return {"value": self.pages.pop(0)}


def machine(key: str, name: str = "pc.contoso.example", **members: t.Any) -> Json:
    return {"id": key, "computerDnsName": name, "lastSeen": "2026-11-22T11:00:00Z", **members}


def read(api: FakeApi, **wanted: t.Any) -> list[str]:
    return [one["id"] for one in _reading.devices(t.cast("t.Any", api), Wanted(**wanted))]


def test_all_pages_are_read_and_those_seen_last_come_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_pages, "MOST", 2)
    newer = machine("c" * 40, lastSeen="2026-11-23T11:00:00Z")
    api = FakeApi([machine(B), machine(A)], [newer])
    assert read(api) == ["c" * 40, A, B]
    assert [params for _path, params in api.asked] == [{"$top": "2"}, {"$top": "2", "$skip": "2"}]


def test_each_option_that_the_service_can_compare_is_in_its_filter() -> None:
    api = FakeApi([])
    options: Json = {
        "risk_score": ("high", "medium"),
        "health_status": ("no_sensor_data",),
        "os_platform": ("Windows11",),
        "tag": ("o'hara", "b"),
        "onboarding_status": ("onboarded",),
        "filter": "rbacGroupId eq 1 or rbacGroupId eq 2",
        "last_seen_since": EIGHT,
    }
    assert read(api, **options) == []
    ((_path, params),) = api.asked
    assert params["$filter"] == (
        "(rbacGroupId eq 1 or rbacGroupId eq 2) and healthStatus eq 'NoSensorData' and (riskScore"
        " eq 'High' or riskScore eq 'Medium') and osPlatform eq 'Windows11' and"
        " (machineTags/any(tag: tag eq 'o''hara') or machineTags/any(tag: tag eq 'b')) and lastSeen"
        " ge 2026-11-20T08:00:00Z"
    )


def test_an_id_that_the_tenant_does_not_have_is_not_found_unlike_one_that_does_not_match() -> None:
    assert read(FakeApi([machine(A, riskScore="Low")]), id=(A,), risk_score=("high",)) == []
    with pytest.raises(DefenderError, match=f"no device with the id {B}") as caught:
        read(FakeApi([machine(A)]), id=(A, B))
    assert caught.value.category == "not_found"


def test_many_ids_are_requested_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pages, "BATCH", 1)
    api = FakeApi([machine(A)], [machine(B)])
    assert read(api, id=(A, B)) == [A, B]
    assert [params["$filter"] for _path, params in api.asked] == [f"id eq '{A}'", f"id eq '{B}'"]


def test_a_name_that_the_service_spells_otherwise_is_found_among_all_devices() -> None:
    api = FakeApi([], [machine(A, "Pc.Contoso.example"), machine(B, "other")])
    assert read(api, name=("PC.contoso.example",)) == [A]
    assert [params.get("$filter") for _path, params in api.asked] == [
        "(computerDnsName eq 'PC.contoso.example' or computerDnsName eq 'pc.contoso.example')",
        None,
    ]
    api = FakeApi([machine(A), machine(B)])
    assert read(api, name=("pc.contoso.example",)) == [A, B]
    assert len(api.asked) == 1


def test_an_address_is_looked_up_at_its_time() -> None:
    api = FakeApi([machine(A)])
    assert read(api, ip="fe80::1", at=EIGHT + 1) == [A]
    assert api.asked == [
        ("/api/machines/findbyip(ip='fe80::1',timestamp=2026-11-20T08:00:00Z)", None)
    ]


def test_a_response_that_names_another_tenant_or_no_device_is_not_used() -> None:
    for row, category in (
        (machine(A, tenantId="99999999-8888-7777-6666-555555555555"), "wrong_tenant"),
        ({"computerDnsName": "pc"}, "unavailable"),
    ):
        with pytest.raises(DefenderError) as caught:
            read(FakeApi([row]))
        assert caught.value.category == category


@pytest.mark.parametrize("count", [0, 2, 12])
def test_single_lists_the_candidates(count: int) -> None:
    devices = [
        {"id": f"{n:040x}", "computer_dns_name": "pc", "last_seen": "x"} for n in range(count)
    ]
    with pytest.raises(DefenderError, match="single is true") as caught:
        _reading.check_single(devices, "contoso")
    assert caught.value.category == "bad_request"
    assert caught.value.message.count("last seen") == min(count, 10)
    assert ("2 more" in caught.value.message) == (count == 12)
    _reading.check_single([{"id": A}], "contoso")
