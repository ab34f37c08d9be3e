# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's world: the same every time, in Graph's shapes, and coherent from mail to alert."""

from __future__ import annotations

import json
import typing as t
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import defender_lab.world.world
import pytest
from defender_lab.hunting.engine import hunting_tables
from defender_lab.world.world import Story, World, WorldTenant, build_world

NOW = datetime(2026, 9, 20, 12, tzinfo=UTC)
GRAPH = Path(__file__).parents[4] / "shared" / "reference" / "graph-openapi" / "graph-v1.0.json"
_JSON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "guid": (str,),
    "datetime": (str,),
    "int": (int,),
    "long": (int,),
    "real": (int, float),
    "bool": (bool,),
    "dynamic": (dict, list),
}


def tenants(count: int, incidents: int = 12) -> list[WorldTenant]:
    return [
        WorldTenant(
            str(uuid.uuid5(uuid.NAMESPACE_DNS, f"t{number}")),
            f"t{number}",
            f"t{number}.onmicrosoft.com",
            incidents,
        )
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(tenants(12), seed=7, now=NOW)


def stories(world: World) -> dict[str, Story]:
    return {story.name: story for story in world.stories}


class Graph:
    """Checks values against the OpenAPI 3.0 document, stricter than it asks: a property nobody
    declared is an error."""

    def __init__(self, document: dict[str, t.Any]) -> None:
        self.schemas = document["components"]["schemas"]

    def named(self, name: str) -> dict[str, t.Any]:
        return {"$ref": f"#/components/schemas/{name}"}

    def properties(self, schema: dict[str, t.Any]) -> dict[str, t.Any]:
        if "$ref" in schema:
            return self.properties(self.schemas[schema["$ref"].rpartition("/")[2]])
        found = dict(schema.get("properties", {}))
        for part in schema.get("allOf", ()):
            found.update(self.properties(part))
        return found

    def problems(self, value: t.Any, schema: dict[str, t.Any], where: str) -> list[str]:
        if "$ref" in schema:
            return self.problems(value, self.schemas[schema["$ref"].rpartition("/")[2]], where)
        if "anyOf" in schema:
            tries = [self.problems(value, part, where) for part in schema["anyOf"]]
            return [] if any(not one for one in tries) else tries[0]
        if value is None:
            return [] if schema.get("nullable") else [f"{where} is null"]
        if "enum" in schema:
            return (
                []
                if value in schema["enum"]
                else [f"{where}: {value!r} is none of {schema['enum']}"]
            )
        if mapping := schema.get("discriminator", {}).get("mapping"):
            kind = value.get("@odata.type")
            if kind not in mapping:
                return [f"{where}: no such kind {kind}"]
            if mapping[kind] != where:
                return self._object(value, {"$ref": mapping[kind]}, where)
        kind = schema.get("type", "object")
        if kind == "object":
            return self._object(value, schema, where)
        if kind == "array":
            if not isinstance(value, list):
                return [f"{where} is no array"]
            return [
                one
                for number, item in enumerate(value)
                for one in self.problems(item, schema["items"], f"{where}[{number}]")
            ]
        if not isinstance(value, _JSON[kind]) or (isinstance(value, bool) and kind != "boolean"):
            return [f"{where}: {value!r} is no {kind}"]
        if schema.get("format") == "date-time":
            datetime.fromisoformat(str(value)[:26] + "Z")
        return []

    def _object(self, value: t.Any, schema: dict[str, t.Any], where: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        known = self.properties(schema)
        strange = [
            f"{where}.{key} is not declared"
            for key in value
            if key not in known and key != "@odata.type"
        ]
        return strange + [
            one
            for key, item in value.items()
            if key in known
            for one in self.problems(item, known[key], f"{where}.{key}")
        ]


@pytest.fixture(scope="module")
def graph() -> Graph:
    if not GRAPH.exists():
        pytest.skip(
            "the reference folder with Graph's OpenAPI document does not lie beside this checkout"
        )
    return Graph(json.loads(GRAPH.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("incidents", "microsoft.graph.security.incident"),
        ("alerts", "microsoft.graph.security.alert"),
    ],
)
def test_incidents_and_alerts_have_the_shape_of_graph(
    world: World, graph: Graph, kind: str, name: str
) -> None:
    found = [
        one
        for tenant in world.tenants
        for value in getattr(world, kind)(tenant)
        for one in graph.problems(value, graph.named(name), kind)
    ]
    assert found == []


def test_the_checker_of_shapes_does_find_faults(world: World, graph: Graph) -> None:
    alert = world.alerts(next(iter(world.tenants)))[0]
    bad = {
        **alert,
        "severity": "High",
        "surprise": 1,
        "evidence": [{**alert["evidence"][0], "@odata.type": "#microsoft.graph.security.toaster"}],
    }
    assert len(graph.problems(bad, graph.named("microsoft.graph.security.alert"), "alert")) == 3


def test_the_same_arguments_make_the_same_world(world: World) -> None:
    again = build_world(tenants(12), seed=7, now=NOW)
    for tenant in reversed(list(world.tenants)):
        # in another order and with the rows first: what is asked for must not change what there is
        assert again.tables(tenant) == world.tables(tenant)
        assert again.incidents(tenant) == world.incidents(tenant)
        assert again.alerts(tenant) == world.alerts(tenant)


def test_another_seed_makes_another_world(world: World) -> None:
    other = build_world(tenants(12), seed=8, now=NOW)
    tenant = next(iter(world.tenants))
    assert other.tables(tenant) != world.tables(tenant)
    assert (
        stories(other)["intrusion"].indicators["payload_sha256"]
        != stories(world)["intrusion"].indicators["payload_sha256"]
    )


def test_every_row_fits_its_documented_table(world: World) -> None:
    schema = hunting_tables()
    wrong = [
        f"{table}.{column}={value!r}"
        for tenant in world.tenants
        for table, rows in world.tables(tenant).items()
        for row in rows
        for column, value in row.items()
        if not isinstance(value, _TYPES[schema[table][column]])
        or (isinstance(value, bool) and schema[table][column] != "bool")
    ]
    assert wrong == []


def test_times_have_seven_decimals_and_lie_in_the_past(world: World) -> None:
    for tenant in world.tenants:
        for row in (
            row for rows in world.tables(tenant).values() for row in rows if "Timestamp" in row
        ):
            assert len(row["Timestamp"]) == 28
            assert (
                NOW - timedelta(days=30)
                <= datetime.fromisoformat(row["Timestamp"][:26] + "Z")
                <= NOW
            )
        for incident in world.incidents(tenant):
            assert incident["createdDateTime"] < incident["lastUpdateDateTime"] < "2026-09-20T12"
            assert incident["lastUpdateDateTime"][-2] != "0"


def test_incidents_come_newest_first_and_have_every_state_somewhere(world: World) -> None:
    everything = [incident for tenant in world.tenants for incident in world.incidents(tenant)]
    for tenant in world.tenants:
        times = [incident["lastUpdateDateTime"] for incident in world.incidents(tenant)]
        assert len(times) == 12
        assert times == sorted(times, reverse=True)
    assert {incident["status"] for incident in everything} == {
        "active",
        "inProgress",
        "resolved",
        "redirected",
    }
    assert {incident["severity"] for incident in everything} == {
        "informational",
        "low",
        "medium",
        "high",
    }
    assert {incident["classification"] for incident in everything} >= {
        "unknown",
        "truePositive",
        "falsePositive",
        "informationalExpectedActivity",
    }
    assert any(incident["createdDateTime"] < "2026-08-10" for incident in everything)
    assert any(incident["comments"] for incident in everything)
    assert any(incident["customTags"] for incident in everything)


def test_a_redirected_incident_names_a_live_one_and_has_no_alerts_left(world: World) -> None:
    for tenant in world.tenants:
        by_id = {incident["id"]: incident for incident in world.incidents(tenant)}
        (gone,) = [incident for incident in by_id.values() if incident["status"] == "redirected"]
        assert by_id[gone["redirectIncidentId"]]["status"] != "redirected"
        linked = {alert["incidentId"] for alert in world.alerts(tenant)}
        assert linked == set(by_id) - {gone["id"]}


@pytest.mark.parametrize("count", [4, 12, 25, 60])
def test_campaigns_reach_three_tenants_or_more_and_never_all(count: int) -> None:
    world = build_world(tenants(count), seed=3, now=NOW)
    touched = {tenant for members in world.cast.stories.values() for tenant in members}
    assert len(touched) < count
    for name in ("phishing", "intrusion"):
        assert 3 <= len(world.cast.stories[name]) < count
    for name, members in world.cast.stories.items():
        assert members
        assert not set(members) & set(world.cast.decoys[name])


def test_indicators_are_in_the_tenants_of_their_story_and_nowhere_else(world: World) -> None:
    text = {tenant: json.dumps(world.tables(tenant)) for tenant in world.tenants}
    for name, story in stories(world).items():
        for key, value in story.indicators.items():
            if name == "phishing" and key == "sender_ip":
                assert value.startswith("203.0.113.")
            found = {tenant for tenant, rows in text.items() if json.dumps(value)[1:-1] in rows}
            assert found == set(story.tenants), (name, key)


def test_every_story_has_an_incident_whose_evidence_names_it(world: World) -> None:
    telling = {
        "phishing": "url",
        "intrusion": "payload_sha256",
        "consent": "app_id",
        "ransomware": "tool_sha256",
        "exfiltration": "rclone_sha256",
    }
    for name, story in stories(world).items():
        assert set(story.incidents) == set(story.tenants)
        for tenant, numbers in story.incidents.items():
            evidence = json.dumps(
                [
                    alert["evidence"]
                    for alert in world.alerts(tenant)
                    if alert["incidentId"] in numbers
                ]
            )
            assert story.indicators[telling[name]] in evidence


def test_evidence_names_devices_people_and_mails_that_the_tables_know(world: World) -> None:
    for tenant in world.tenants:
        tables = world.tables(tenant)
        devices = {row["DeviceId"]: row["DeviceName"] for row in tables["DeviceInfo"]}
        upns = {row["AccountUpn"] for row in tables["IdentityInfo"]}
        mails = {row["NetworkMessageId"] for row in tables["EmailEvents"]}
        for alert in world.alerts(tenant):
            recent = alert["createdDateTime"] > "2026-08-22"
            for one in alert["evidence"]:
                if one["@odata.type"].endswith("deviceEvidence"):
                    assert devices[one["mdeDeviceId"]] == one["deviceDnsName"]
                if one["@odata.type"].endswith("userEvidence"):
                    assert one["userAccount"]["userPrincipalName"] in upns
                if one["@odata.type"].endswith("analyzedMessageEvidence") and recent:
                    assert one["networkMessageId"] in mails
        for table in (
            "DeviceProcessEvents",
            "DeviceNetworkEvents",
            "DeviceFileEvents",
            "DeviceLogonEvents",
        ):
            assert {row["DeviceId"] for row in tables[table]} <= set(devices)


def test_alert_rows_agree_with_the_alerts_of_the_portal(world: World) -> None:
    for tenant in world.tenants:
        recent = {
            alert["id"]: alert
            for alert in world.alerts(tenant)
            if alert["createdDateTime"] >= "2026-08-21T12"
        }
        info = {row["AlertId"]: row for row in world.tables(tenant)["AlertInfo"]}
        assert set(info) == set(recent)
        for number, row in info.items():
            assert (row["Title"], row["Severity"].lower(), row["Category"]) == tuple(
                recent[number][key] for key in ("title", "severity", "category")
            )
            evidence = [
                one for one in world.tables(tenant)["AlertEvidence"] if one["AlertId"] == number
            ]
            assert len(evidence) == len(recent[number]["evidence"])


def test_decoys_are_planted_where_no_alert_speaks_of_them(world: World) -> None:
    for story in world.stories:
        assert story.decoys
        for decoy in story.decoys:
            assert [
                row
                for row in world.tables(decoy.tenant_id)[decoy.table]
                if row.get(decoy.column) == decoy.value
            ]
            assert decoy.value not in json.dumps(world.alerts(decoy.tenant_id))


def test_a_tenant_without_rows_still_has_its_incidents() -> None:
    (tenant, *others) = tenants(5)
    bare = WorldTenant(tenant.id, tenant.name, tenant.domain, 3, rows=False)
    world = build_world([bare, *others], seed=1, now=NOW)
    assert world.tables(bare.id) == {}
    assert len(world.incidents(bare.id)) == 3
    assert all(bare.id not in members for members in world.cast.stories.values())


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_small_fleets_and_tenants_without_incidents_are_worlds_too(count: int) -> None:
    world = build_world(tenants(count, incidents=0), seed=1, now=NOW)
    assert all(world.incidents(tenant) == [] and world.tables(tenant) for tenant in world.tenants)
    busy = build_world(tenants(count, incidents=1), seed=1, now=NOW)
    assert all(len(busy.incidents(tenant)) == 1 for tenant in busy.tenants)
    assert len(busy.stories) == 5


def test_of_a_large_fleet_only_the_tenant_that_is_asked_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []

    def counting(
        real: t.Callable[[WorldTenant, World], t.Any],
    ) -> t.Callable[[WorldTenant, World], t.Any]:
        def make(tenant: WorldTenant, world: World) -> t.Any:
            made.append(tenant.id)
            return real(tenant, world)

        return make

    for name in ("open_portal", "telemetry"):
        monkeypatch.setattr(
            defender_lab.world.world, name, counting(getattr(defender_lab.world.world, name))
        )
    world = build_world(tenants(1000, incidents=5), seed=1, now=NOW)
    assert made == []
    first = next(iter(world.tenants))
    assert len(world.incidents(first)) == 5
    assert world.tables(first)
    assert made == [first, first]
