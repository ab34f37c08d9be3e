# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hunts as a playbook runs them: files that lose and mix nothing, parameters and time spans in
every documented form."""

from __future__ import annotations

import csv
import datetime
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Bastion

Json = dict[str, t.Any]
Customers = t.Callable[[int], list[Customer]]
HUNT: t.Final = "/v1.0/security/runHuntingQuery"
OWN_LET: t.Final = """\
let threshold = 1;
DeviceProcessEvents | summarize n = count() by DeviceName | where n > threshold
"""


@pytest.fixture
def with_secret(connected: Json, fleet: Lab) -> Json:
    return {**connected, "defender_xdr_client_secret": fleet.facts["client_secret"]}


def hunting(name: str, **arguments: t.Any) -> Json:
    keywords: Json = {
        key: arguments.pop(key) for key in ("delegate_to", "vars") if key in arguments
    }
    return {
        "name": name,
        "mssp.defender_xdr.hunting_query": arguments,
        "ignore_errors": True,
        **keywords,
    }


def test_a_schema_in_capitals_gives_a_whole_file(
    ansible: Ansible, customer: Customer, with_secret: Json
) -> None:
    ansible.write_inventory({customer.host: customer.variables()}, with_secret)
    answer = {
        "schema": [
            {"Name": "Timestamp", "Type": "DateTime"},
            {"Name": "FileName", "Type": "String"},
        ],
        "results": [{"Timestamp": "2026-11-20T07:01:02.1234567Z", "FileName": "a;=1+1", "More": 5}],
    }
    customer.fault(path=HUNT, status=200, body=answer)
    dest = ansible.cwd / "x.csv"
    task = hunting("hunt", query="DeviceFileEvents", dest=str(dest), format="csv")
    result = ansible.playbook([{"hosts": "tenants", "tasks": [task]}]).good().result("hunt")
    assert result["schema"] == [
        {"name": "Timestamp", "type": "DateTime"},
        {"name": "FileName", "type": "String"},
        {"name": "More", "type": ""},
    ]
    assert dest.read_text().splitlines()[1] == '"2026-11-20T07:01:02.1234567Z","a;=1+1","5"'
    with dest.open(newline="") as file:
        assert list(csv.DictReader(file)) == [
            {"Timestamp": "2026-11-20T07:01:02.1234567Z", "FileName": "a;=1+1", "More": "5"}
        ]


def test_a_parameter_replaces_the_querys_own_literal_or_is_refused_before_anything_is_sent(
    ansible: Ansible, customer: Customer, with_secret: Json
) -> None:
    ansible.write_inventory({customer.host: customer.variables()}, with_secret)
    computed = OWN_LET.replace("1;", "1 * 1;")
    tasks = [
        hunting("own", query=OWN_LET),
        hunting("replaced", query=OWN_LET, parameters={"threshold": 1000000}),
        hunting("refused", query=computed, parameters={"threshold": 20}),
        hunting("doubled", query=f"let threshold = 1; {OWN_LET}"),
    ]
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}])
    assert (run.result("own")["count"] > 0, run.result("replaced")["count"]) == (True, 0)
    assert run.result("refused")["error"]["category"] == "bad_request"
    assert "declares in line 1," in run.result("refused")["msg"]
    assert run.result("doubled")["error"]["category"] == "bad_query"
    assert len([line for line in customer.calls("graph") if line["path"] == HUNT]) == 3


def test_a_file_without_a_header_that_declares_a_name_runs_with_a_value_for_another_file(
    ansible: Ansible, customer: Customer, with_secret: Json
) -> None:
    ansible.write_inventory({customer.host: customer.variables()}, with_secret)
    folder = ansible.cwd / "queries"
    folder.mkdir()
    (folder / "own.kql").write_text(OWN_LET)
    (folder / "computed.kql").write_text(OWN_LET.replace("1;", "1 * 1;"))
    column = (
        "DeviceProcessEvents | summarize threshold = count() by DeviceName | where threshold > 1"
    )
    (folder / "column.kql").write_text(column)
    (folder / "other.kql").write_text(OWN_LET.split("\n", 1)[1])
    role = {
        "ansible.builtin.include_role": {"name": "mssp.defender_xdr.hunt"},
        "run_once": True,
        "vars": {
            "hunt_folder": str(folder),
            "hunt_parameters": {"threshold": 1000000},
            "hunt_timespan": "30d",
        },
    }
    show = {"name": "show", "ansible.builtin.debug": {"var": "hunt_result"}, "run_once": True}
    run = ansible.playbook([{"hosts": "tenants", "tasks": [role, show]}]).good()
    hunts = run.result("show")["hunt_result"]
    hits = {name: sum(map(bool, one["hits"].values())) for name, one in hunts.items()}
    assert hits == {"column": 1, "computed": 1, "other": 0, "own": 0}


def test_every_documented_form_of_a_time_span_answers_alike_on_both_apis(
    ansible: Ansible, customer: Customer, with_secret: Json
) -> None:
    ansible.write_inventory({customer.host: customer.variables()}, with_secret)
    today = datetime.datetime.now(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def day(back: int) -> str:
        return (today - datetime.timedelta(days=back)).strftime("%Y-%m-%dT%H:%M:%SZ")

    same = [f"{day(9)}/{day(2)}", f"P7D/{day(2)}", f"{day(9)}/P7D", f"{day(9)}/PT168H"]
    open_ended = [day(5), "P5D", "5d"]
    query = "DeviceProcessEvents | project Timestamp, ReportId, DeviceId | order by Timestamp asc"
    row_wise = query.rsplit("|", 1)[0]
    tasks = [
        hunting(f"{api} {form}", query=row_wise, timespan=form, api=api)
        for api in ("graph", "xdr")
        for form in same + open_ended
    ]
    wrong = hunting("wrong", query=row_wise, timespan="P7D/yesterday")
    run = ansible.playbook([{"hosts": "tenants", "tasks": [*tasks, wrong]}])
    found = {
        task["name"]: sorted(map(json.dumps, run.result(task["name"])["rows"])) for task in tasks
    }
    for api in ("graph", "xdr"):
        assert len({str(found[f"{api} {form}"]) for form in same}) == 1
        assert found[f"{api} {same[0]}"]
    assert found[f"graph {same[0]}"] == found[f"xdr {same[0]}"]
    assert found[f"graph {day(5)}"] == found[f"xdr {day(5)}"] != []
    assert all(len(found[f"{api} P5D"]) > 0 for api in ("graph", "xdr"))
    assert run.result("wrong")["msg"].startswith("timespan is 'P7D/yesterday', and its end is")


@pytest.mark.parametrize(
    "query",
    [
        "DeviceInfo | extend t = ago(1d) | where Timestamp between (t - 1h .. t + 1h)",
        "let w = 1h; DeviceInfo | extend t = ago(1d) | where Timestamp between (t .. t + w)",
        "DeviceInfo | where Timestamp !between (ago(2d) .. ago(1d) + 1h)",
        (
            "DeviceInfo | summarize count_distinct(DeviceName) by OSPlatform | where"
            " count_distinct_DeviceName > 0"
        ),
    ],
)
def test_a_valid_query_passes_the_check_and_is_answered(
    ansible: Ansible, customer: Customer, with_secret: Json, query: str
) -> None:
    ansible.write_inventory({customer.host: customer.variables()}, with_secret)
    tasks = [hunting("check", query=query, validate_only=True), hunting("hunt", query=query)]
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}]).good()
    assert "checked" in run.result("check")
    assert run.result("hunt")["count"] >= 0
    assert len([line for line in customer.calls("graph") if line["path"] == HUNT]) == 1


@pytest.mark.parametrize("timespan", ["", "P20D"])
@pytest.mark.parametrize(
    ("api", "path"), [("graph", HUNT), ("xdr", "/api/advancedhunting/run")], ids=["graph", "xdr"]
)
def test_the_slices_of_a_query_have_the_rows_of_the_whole(
    ansible: Ansible, customer: Customer, with_secret: Json, api: str, path: str, timespan: str
) -> None:
    ansible.write_inventory({customer.host: customer.variables()}, with_secret)
    query = "DeviceProcessEvents | project Timestamp, ReportId, DeviceId, ProcessCommandLine"
    arguments = {"query": query, "api": api, "on_truncated": "split", "timespan": timespan or None}
    whole = ansible.playbook([{"hosts": "tenants", "tasks": [hunting("hunt", **arguments)]}])
    # what the service says when a query was too heavy: then two halves, of which one is too heavy
    # too
    heavy = {"error": {"code": "UnknownError", "message": ""}}
    customer.fault(path=path, status=504, body=heavy, times=2)
    dest = ansible.cwd / "rows.ndjson"
    task = hunting("hunt", **arguments, dest=str(dest))
    split = ansible.playbook([{"hosts": "tenants", "tasks": [task]}]).good().result("hunt")
    assert len(split["slices"]) == 3
    assert not split["truncated"]
    rows = [json.loads(line) for line in dest.read_text().splitlines()]
    assert sorted(map(json.dumps, rows)) == sorted(map(json.dumps, whole.result("hunt")["rows"]))
    assert rows


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "on another machine"])
def test_of_several_tenants_with_one_file_one_writes_it_and_the_others_fail(
    ansible: Ansible, customers: Customers, with_secret: Json, bastion: Bastion, elsewhere: bool
) -> None:
    three = customers(3)
    hosts = {one.host: one.variables() for one in three}
    ansible.write_inventory({**hosts, "bastion": bastion.variables}, with_secret)
    dest = ansible.cwd / "rows.ndjson"
    query = "DeviceInfo | distinct DeviceId"
    task = hunting("hunt", query=query, dest=str(dest))
    if elsewhere:
        task["delegate_to"] = "bastion"

    def hunted() -> tuple[set[str], str]:
        results = ansible.playbook([{"hosts": "tenants", "tasks": [task]}]).results("hunt")
        failed = {host: one for host, one in results.items() if "error" in one}
        assert {one["error"]["category"] for one in failed.values()} == {"conflict"}
        assert all("{{ inventory_hostname }}" in one["msg"] for one in failed.values())
        return set(results) - set(failed), dest.read_text()

    first, rows = hunted()
    assert len(first) == 1
    assert hunted() == (first, rows), "a second run changes nothing for anybody"
    (owner,) = first
    again = {**task, "loop": [1, 2], "when": f"inventory_hostname == '{owner}'"}
    ansible.playbook([{"hosts": "tenants", "tasks": [again]}]).good()
    assert dest.read_text() == rows
    dest.unlink()
    other = next(one for one in three if one.host != owner)
    only = {**task, "when": f"inventory_hostname == '{other.host}'"}
    ansible.playbook([{"hosts": "tenants", "tasks": [only]}]).good()
    assert dest.read_text() not in ("", rows)


def test_the_same_file_name_for_each_tenant_is_no_conflict(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    two = customers(2)
    ansible.write_inventory({one.host: one.variables() for one in two}, with_secret)
    dest = f"{ansible.cwd}/{{{{ inventory_hostname }}}}.csv"
    task = hunting("hunt", query="DeviceInfo | distinct DeviceId", dest=dest, format="csv")
    for _run in range(2):
        ansible.playbook([{"hosts": "tenants", "tasks": [task]}]).good()
    texts = [Path(dest.replace("{{ inventory_hostname }}", one.host)).read_text() for one in two]
    assert texts[0] != texts[1]
