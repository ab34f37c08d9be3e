# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sweep's plan, looked at and carried out later: what it sends, and when it is refused."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Json
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Run
from ansible_collections.mssp.defender_xdr.tests.behaviour.sweep.conftest import Fleet
from ansible_collections.mssp.defender_xdr.tests.behaviour.sweep.test_changes import (
    Tenants,
    incidents,
    take,
    writes,
)

VERDICT: t.Final = {"status": "resolved", "custom_tags": ["night-shift"], "comment": "Checked."}


@pytest.fixture
def prepared(tenants: Tenants) -> Fleet:
    """Three tenants, each with an active incident in its variable `incident`."""
    fleet = tenants(3)
    numbers = incidents(fleet)
    fleet.inventory({host: {"incident": number} for host, number in numbers.items()})
    return fleet


def plan(path: Path, **options: t.Any) -> Json:
    change = {"id": "{{ incident }}", **VERDICT}
    return take("plan", **{"module_args": change, "plan": str(path), **options})


def apply(path: Path, name: str = "apply", **options: t.Any) -> Json:
    given = {"apply": str(path), **options}
    return {"name": name, "mssp.defender_xdr.sweep": given, "run_once": True}


def refused(run: Run, name: str = "apply") -> str:
    result = run.result(name)
    assert (run.code, result["error"]["category"]) == (2, "refused")
    return str(result["msg"])


def test_a_plan_and_its_application_are_a_direct_run(prepared: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "plan"
    planned = prepared.play(plan(path, max_changes=1), arguments=["--diff"]).good()
    assert writes(prepared) == []
    result = planned.result("plan")
    assert (result["changes"], result["plan"], result["changed"]) == (3, str(path), True)
    assert result["diff"]["prepared"].startswith("changes: 3 incidents; no change: 0")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert (lines[0]["tenants"], lines[0]["changes"], lines[-1]["lines"]) == (3, 3, 5)
    assert [line["object"] for line in lines[1:-1]] == [
        f"incident {line['arguments']['id']}" for line in lines[1:-1]
    ]
    preview = prepared.play(apply(path), arguments=["--check"]).good().result("apply")
    assert (preview["changes"], writes(prepared)) == (3, [])
    run = prepared.play(apply(path), apply(path, "again")).good()
    first, again = run.result("apply"), run.result("again")
    assert (first["changes"], again["changes"], again["changed"]) == (3, 0, False)
    for line in lines[1:-1]:
        done = first["results"][line["tenant"]["name"]]
        assert (done["before"], done["after"]) == (line["before"], line["after"])
        assert done["incident"]["status"] == "resolved"
    # one for the fields and one for the comment of each incident
    assert sorted(writes(prepared)) == sorted(prepared.hosts * 2)


def test_an_object_that_changed_since_is_a_conflict_of_its_tenant(
    prepared: Fleet, tmp_path: Path
) -> None:
    path = tmp_path / "plan"
    result = prepared.play(plan(path)).good().result("plan")
    first, second, third = prepared.hosts
    customer = prepared.customers[first]
    number = result["results"][first]["incident"]["id"]
    changed = {"id": number, "customTags": ["somebody's"]}
    customer.lab.control("POST", "incidents", tenant=customer.tenant_id, incidents=[changed])
    run = prepared.play(apply(path)).good()
    answer = run.result("apply")
    assert answer["failures"][first]["category"] == "conflict"
    assert (
        "is no longer as it was in the plan or dry run (custom_tags is"
        in answer["failures"][first]["msg"]
    )
    assert sorted(set(writes(prepared))) == sorted([second, third])


def test_a_plan_that_cannot_be_trusted_is_refused_before_any_tenant_is_queried(
    prepared: Fleet, tmp_path: Path
) -> None:
    path, edited, key = tmp_path / "plan", tmp_path / "edited", tmp_path / "key"
    key.write_text("a secret that is long enough")
    prepared.play(plan(path)).good()
    edited.write_text(path.read_text().replace("night-shift", "day-shift"))
    calls = prepared.calls()
    assert "is not as the sweep wrote it (line 2: its digest is wrong)" in refused(
        prepared.play(apply(edited))
    )
    assert "no hosts of this sweep" in refused(prepared.play(apply(path, hosts=prepared.hosts[:2])))
    assert "would change 3 incidents" in refused(prepared.play(apply(path, max_changes=2)))
    assert "made with no key" in refused(prepared.play(apply(path, plan_key_file=str(key))))
    both = prepared.play(apply(path, module_args={"id": "1"})).result("apply")
    assert both["error"]["category"] == "bad_request"
    neither = prepared.play(plan(path, module="incident_info", module_args={})).result("plan")
    assert "incident_info is not one of the modules that a plan can hold" in neither["msg"]
    assert prepared.calls() == calls
    assert writes(prepared) == []


def test_a_plan_with_a_key_is_applied_with_it(prepared: Fleet, tmp_path: Path) -> None:
    path, key = tmp_path / "plan", tmp_path / "key"
    key.write_text("a secret that is long enough")
    options = {"plan_key_file": str(key)}
    run = prepared.play(plan(path, **options), apply(path, **options)).good()
    assert run.result("apply")["changes"] == 3
    assert key.read_text() not in run.output + path.read_text()


def test_check_mode_writes_no_plan(prepared: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "plan"
    result = prepared.play(plan(path), arguments=["--check"]).good().result("plan")
    assert (result["changes"], path.exists()) == (3, False)
