# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reports of slices merge into the report of the whole, or are refused; no tenant is counted
twice, and none is forgotten."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import json
import re
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import action as _report
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    hunt_rows as _hunt_rows,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    incident_entries as _incident_entries,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import model as _model
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import slices as _slices
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import (
    Setting,
    Tenant,
)
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]
NOW: t.Final = _times.parse_time("now", "2026-11-24T06:00:00Z", at=0)
HOUR: t.Final = 3600 * _times.SECOND
ASKED: t.Final = {"status": ["active"], "severity": [], "limit": 10}
HUNTS: t.Final[dict[str, Json]] = {
    "script": {
        "title": "Encoded commands",
        "severity": "high",
        "tactics": ["Execution"],
        "techniques": ["T1059.001"],
        "timespan": "7d",
        "limit": 100,
    },
    "a name/with anything": {"pack": "mail", "timespan": None, "limit": 5},
}


def setting(at: int = NOW, **changes: t.Any) -> Setting:
    return Setting(
        title="Morning",
        at=at,
        versions={"ours": "0"},
        zone=datetime.UTC,
        zone_name="UTC",
        **{"sla": {"default": {"high": 4.0}, "gold": {"medium": 1.0}}, **changes},
    )


def write(dest: Path, tenants: t.Sequence[Tenant], hunts: Json, made: Setting) -> tuple[Json, str]:
    """Write a report as the action does; its data, and the path of its report.json."""
    hosts = {one.tenant_id.lower(): one.host for one in tenants}
    rows = _hunt_rows.read(hunts, hosts, str(dest))
    report = _model.build(tenants, hunts, rows, made)
    _report.write(str(dest), _report.files(report, ["json"]))
    columns = {one.host: {"tenant_id": one.tenant_id, "tenant_name": one.name} for one in tenants}
    _hunt_rows.keep(hunts, rows, columns, str(dest), check_mode=False)
    return report, str(dest / "report.json")


def part_of(hunts: Json, hosts: t.Collection[str], asked_at: str) -> Json:
    """The hunts as a run on these hosts alone would have returned them."""
    return {
        name: {
            **hunt,
            "asked_at": asked_at,
            **{
                key: {host: each for host, each in hunt[key].items() if host in hosts}
                for key in ("hits", "failures", "rows")
            },
            "truncated": [host for host in hunt["truncated"] if host in hosts],
        }
        for name, hunt in hunts.items()
    }


def clock(hour: int) -> str:
    return f"2026-11-23T{hour:02}:00:00Z"


def failure(category: str, text: str) -> Json:
    return {"category": category, "text": text, "msg": text, "missing_roles": ["A.Read"]}


FAILURES = st.builds(
    failure,
    st.sampled_from(["not_consented", "throttled", "wrong_tenant", "role_missing", "unavailable"]),
    st.sampled_from(["Refused.", "{{ 7 * 7 }} <b>", "https://l.example/adminconsent?client_id=1"]),
)
TIMES = st.integers(0, 900).map(lambda hours: _times.format_time(NOW - hours * HOUR - 1234567))
ALERTS = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["Ransomware", "Phishing"]),
        "category": st.sampled_from(["Execution", "InitialAccess"]),
        "service_source": st.just("microsoft_defender_for_endpoint"),
        "evidence": st.lists(
            st.sampled_from(
                [
                    {"device_dns_name": "PC-1.a.example"},
                    {"user_account": {"user_principal_name": "ana@a.example"}},
                ]
            ),
            max_size=2,
        ),
    }
)
INCIDENTS = st.fixed_dictionaries(
    {
        "id": st.integers(1, 9).map(str),
        "display_name": st.sampled_from(["Phishing", "ransom", "=1+1", "\ud800\u202e", ""]),
        "severity": st.sampled_from(["high", "medium", "odd", None]),
        "status": st.sampled_from(["active", "resolved", "new_one"]),
        "assigned_to": st.sampled_from([None, "ana"]),
        "custom_tags": st.lists(st.sampled_from(["a", "b"]), max_size=2),
        "system_tags": st.lists(st.sampled_from(["a", "c"]), max_size=2),
        "created_date_time": st.one_of(TIMES, st.sampled_from([None, "yesterday"])),
        "last_update_date_time": TIMES,
        "alerts": st.one_of(st.none(), st.lists(ALERTS, max_size=3)),
    }
).map(_incident_entries.kept)
ROWS = st.lists(
    st.sampled_from(
        [
            {"DeviceName": "pc-1", "RemoteIP": "203.0.113.9"},
            {"AccountName": "CONTOSO\\Ana", "SHA256": "a" * 64, "Timestamp": "2026-11-24T01:00Z"},
            {"odd": "\u2028"},
        ]
    ),
    max_size=5,
)
ANSWERS = st.one_of(
    st.fixed_dictionaries(
        {
            "read": st.just(True),
            "incidents": st.lists(INCIDENTS, max_size=3),
            "truncated": st.booleans(),
        }
    ),
    FAILURES.map(lambda each: {**each, "read": False}),
)


@st.composite
def fleets(draw: t.Callable[..., t.Any]) -> tuple[list[Tenant], Json, list[list[Tenant]]]:
    """Tenants with what was read of them, the hunts, and the same tenants in slices."""
    number = draw(st.integers(1, 8))
    questions = st.sampled_from([(True, True), (False, True), (True, False)])
    with_access, with_incidents = draw(questions)
    hunts: Json = copy.deepcopy(draw(st.sampled_from([{}, HUNTS])))
    for hunt in hunts.values():
        hunt |= {"hits": {}, "failures": {}, "rows": {}, "truncated": []}
    tenants = []
    for place in range(number):
        host = f"t{place}"
        ready = st.just({"ready": True})
        refused = FAILURES.map(lambda each: {**each, "ready": False})
        tenants.append(
            Tenant(
                host=host,
                name=f"Tenant {place}",
                tenant_id=f"ID-{place}",
                tier=draw(st.sampled_from(["default", "gold"])),
                preflight=draw(st.one_of(ready, refused)) if with_access else None,
                incidents={**draw(ANSWERS), "asked": ASKED, "asked_at": clock(place)}
                if with_incidents
                else None,
            )
        )
        for hunt in hunts.values():
            if draw(st.booleans()):
                rows = draw(ROWS)
                hunt["hits"][host] = len(rows)
                hunt["rows"][host] = rows
                hunt["truncated"] += [host] if rows and draw(st.booleans()) else []
            elif draw(st.booleans()):
                hunt["failures"][host] = draw(FAILURES)
    cuts = sorted(draw(st.sets(st.integers(1, max(1, number - 1)), max_size=3)) - {number})
    edges = [0, *cuts, number]
    parts = [tenants[start:end] for start, end in zip(edges, edges[1:], strict=False)]
    return tenants, hunts, parts


@given(fleets())
def test_the_reports_of_slices_merge_into_the_report_of_the_whole(
    fleet: tuple[list[Tenant], Json, list[list[Tenant]]],
) -> None:
    tenants, hunts, parts = fleet
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for hunt in hunts.values():
            hunt["asked_at"] = clock(9 - len(parts))
        whole, _path = write(folder / "whole", tenants, hunts, setting())
        paths = []
        for number, part in enumerate(parts):
            own = part_of(hunts, {one.host for one in part}, clock(8 - number))
            # the slices were reported earlier, and without service levels
            earlier = setting(NOW - number * HOUR, sla={})
            paths.append(write(folder / str(number), part, own, earlier)[1])
        merged, _path = write(folder / "merged", *_slices.read(paths), setting())
        assert merged == whole
        for hunt in whole["hunts"]:
            if hunt["dest"]:
                texts = [(folder / each / hunt["dest"]).read_text() for each in ("whole", "merged")]
                assert texts[0] == texts[1]


def tenant(host: str, **changes: t.Any) -> Tenant:
    incidents = {"read": True, "incidents": [], "asked": ASKED, **changes}
    return Tenant(host=host, name=host, tenant_id=f"id-{host}", tier="default", incidents=incidents)


def hunted(host: str, **changes: t.Any) -> Json:
    return {"script": {**HUNTS["script"], "hits": {host: 0}, **changes}}


def two(folder: Path, first: t.Any, second: t.Any) -> list[str]:
    """The reports of two slices, each given as its tenants and hunts."""
    return [
        write(folder / str(number), tenants, hunts, setting())[1]
        for number, (tenants, hunts) in enumerate([first, second])
    ]


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (([tenant("a")], {}), ([tenant("a")], {}), "have the tenant a twice, in "),
        (
            ([tenant("a")], {}),
            ([dataclasses.replace(tenant("b"), tenant_id="ID-A")], {}),
            "have the tenant b twice, in ",
        ),
        (
            ([tenant("a")], {}),
            ([tenant("b", asked={"status": ["active"], "limit": 5})], {}),
            "differ in incidents: limit is 10 in ",
        ),
        (
            ([tenant("a")], {}),
            ([tenant("b", asked={"limit": 10})], {}),
            'differ in incidents: filters is {"status": ["active"]} in ',
        ),
        (
            ([tenant("a")], hunted("a")),
            ([tenant("b")], hunted("b", timespan="30d")),
            'differ in the hunt script: timespan is "7d" in ',
        ),
        (
            ([tenant("a")], hunted("a")),
            ([tenant("b")], hunted("b", title="Another")),
            'differ in the hunt script: title is "Encoded commands" in ',
        ),
        (([tenant("a")], hunted("a")), ([tenant("b")], {}), "1/report.json has no such question"),
        (([tenant("a")], {}), ([tenant("b")], hunted("b")), "0/report.json has no such question"),
        (
            ([tenant("a"), tenant("c", asked={"limit": 5})], {}),
            ([tenant("b")], {}),
            "asked for incidents with different filters",
        ),
    ],
)
def test_slices_that_do_not_fit_are_refused(
    tmp_path: Path, first: t.Any, second: t.Any, text: str
) -> None:
    paths = two(tmp_path, first, second)
    with pytest.raises(DefenderError, match=re.escape(text)) as refusal:
        _slices.read(paths)
    assert refusal.value.category == "bad_request"


def test_a_tenant_of_the_inventory_that_no_slice_has_is_not_read(tmp_path: Path) -> None:
    paths = two(tmp_path, ([tenant("a")], {}), ([tenant("b")], {}))
    inventory = [
        dataclasses.replace(tenant(host), incidents=None) for host in ("a", "renamed", "new")
    ]
    inventory[1] = dataclasses.replace(inventory[1], tenant_id="ID-B")
    machine = Tenant(host="localhost", name="localhost", tenant_id="", tier="default")
    tenants, hunts = _slices.read(paths, [*inventory, machine])
    report = _model.build(tenants, hunts, _hunt_rows.Rows(), setting())
    assert [one["host"] for one in report["tenants"]] == ["a", "b", "new"]
    assert [one["state"] for one in report["tenants"]] == ["complete", "complete", "unread"]
    assert report["tenants"][2]["gaps"][0]["text"] == "No slice has this tenant."
    [question] = report["questions"]
    assert (question["asked"], question["answered"], question["failed"]) == (3, 2, 1)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"schema": 2}',
        '{"schema": 1, "questions": [], "hunts": [], "tenants": [1], "incidents": []}',
        '{"schema": 1, "questions": [], "hunts": [{"name": "x"}], "tenants": [], "incidents": []}',
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(DefenderError, match="which is not the report.json of a report"):
        _slices.read([str(path)])


def test_a_report_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefenderError, match="none.json, which cannot be read: No such file"):
        _slices.read([str(tmp_path / "none.json")])


@pytest.mark.parametrize("dest", ["../outside.ndjson", "/etc/hostname"])
def test_the_rows_of_a_slice_are_below_its_report(tmp_path: Path, dest: str) -> None:
    rows = {"a": [{"DeviceName": "pc-1"}]}
    hunts = hunted("a", hits={"a": 1}, rows=rows)
    report, path = write(tmp_path / "one", [tenant("a")], hunts, setting())
    report["hunts"][0]["dest"] = dest
    Path(path).write_text(json.dumps(report))
    with pytest.raises(DefenderError, match="must be below its own folder"):
        _slices.read([path])


def test_a_report_is_not_replaced_by_its_own_merge(tmp_path: Path) -> None:
    _made, path = write(tmp_path / "one", [tenant("a")], {}, setting())
    with pytest.raises(DefenderError, match="set dest to another folder"):
        _slices.check([path], str(tmp_path / "one"))
    _slices.check([path], str(tmp_path))
    _slices.check([path], None)


def test_no_slices_at_all_are_refused() -> None:
    with pytest.raises(DefenderError, match="slices is empty"):
        _slices.check([], None)
