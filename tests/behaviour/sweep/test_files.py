# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All tenants' rows in one file, and tokens in none."""

from __future__ import annotations

import json
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.sweep.conftest import Fleet, sweep

Tenants = t.Callable[[int], Fleet]


def lines(path: Path) -> list[dict[str, t.Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_rows_of_all_tenants_stand_in_one_private_file_and_not_in_the_result(tenants: Tenants) -> None:
    fleet = tenants(3)
    sick = fleet.customers[fleet.hosts[1]]
    sick.consent(consented=False)
    dest = fleet.ansible.cwd / "rows.ndjson"
    dest.write_text("what was there before")
    dest.chmod(0o644)
    tasks = [
        sweep("in memory", module_args={"limit": 3}, fields=["id", "severity"]),
        sweep("in a file", module_args={"limit": 3}, fields=["id", "severity"], dest=str(dest)),
    ]
    run = fleet.play(*tasks).good()
    memory, told = run.result("in memory"), run.result("in a file")
    wanted = [
        {**row, "tenant_id": result["tenant"]["id"], "tenant_name": result["tenant"]["name"]}
        for result in memory["results"].values()
        for row in result["incidents"]
    ]
    assert sorted(lines(dest), key=lambda row: row["id"]) == sorted(wanted, key=lambda row: row["id"])
    assert len(wanted) == 6
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600
    assert told["dest"] == str(dest)
    assert [("incidents" in one, one["count"]) for one in told["results"].values()] == [(False, 3)] * 2
    assert (told["coverage"], list(told["failures"])) == (memory["coverage"], [sick.host])


def test_a_hunts_rows_and_a_result_without_rows_are_written_too(tenants: Tenants) -> None:
    fleet = tenants(2)
    hunted, checked = fleet.ansible.cwd / "hunt.ndjson", fleet.ansible.cwd / "tokens.ndjson"
    hunt = {"query": "DeviceInfo | take 2 | project DeviceName", "on_truncated": "warn"}
    tasks = [
        sweep("hunt", module="hunting_query", module_args=hunt, dest=str(hunted)),
        sweep("check", module="access_token_info", module_args={"resource": "graph"}, fields=["valid", "audience"], dest=str(checked)),
    ]
    run = fleet.play(*tasks).good()
    assert [one["count"] for one in run.result("hunt")["results"].values()] == [2, 2]
    assert [set(row) for row in lines(hunted)] == [{"DeviceName", "tenant_id", "tenant_name"}] * 4
    assert sorted((row["tenant_name"], row["valid"]) for row in lines(checked)) == sorted((host, True) for host in fleet.hosts)
    assert [set(row) for row in lines(checked)] == [{"valid", "audience", "tenant_id", "tenant_name"}] * 2


def test_a_sweep_that_fails_as_a_whole_leaves_its_file_with_what_was_answered(tenants: Tenants) -> None:
    fleet = tenants(2)
    fleet.customers[fleet.hosts[0]].consent(consented=False)
    dest = fleet.ansible.cwd / "rows.ndjson"
    run = fleet.play(sweep(dest=str(dest), fail_when="any"))
    assert run.times("sweep", "failed") == 1
    assert {row["tenant_name"] for row in lines(dest)} == {fleet.hosts[1]}


def test_a_folder_that_cannot_be_written_is_refused_before_any_request(tenants: Tenants) -> None:
    fleet = tenants(2)
    tasks = [sweep("missing", dest=str(fleet.ansible.cwd / "nowhere/rows.ndjson")), sweep("none", dest="/proc/rows.ndjson")]
    run = fleet.play(*({**task, "ignore_errors": True} for task in tasks)).good()
    for name in ("missing", "none"):
        told = run.result(name)
        assert told["msg"].startswith("dest is /")
        assert told["error"]["category"] == "bad_request"
    assert fleet.calls() == 0


def test_a_relative_dest_lies_where_ansible_was_started(tenants: Tenants) -> None:
    fleet = tenants(1)
    fleet.play(sweep(dest="rows.ndjson")).good()
    assert len(lines(fleet.ansible.cwd / "rows.ndjson")) == 2
    assert sorted(path.name for path in fleet.ansible.cwd.iterdir()) == ["ansible.cfg", "playbook0.yml", "rows.ndjson"]


def test_tokens_are_registered_and_never_displayed_nor_written(tenants: Tenants) -> None:
    fleet = tenants(2)
    dest = fleet.ansible.cwd / "tokens.ndjson"
    own = "swept.results[item].access_token is match('eyJ') and swept.results[item].access_token | length > 500"
    tasks = [
        sweep(module="access_token", module_args={"resource": "graph"}, task={"register": "swept"}),
        {"name": "registered", "ansible.builtin.assert": {"that": own, "quiet": True}, "loop": fleet.hosts, "run_once": True, "no_log": True},
        {
            "name": "different",
            "ansible.builtin.assert": {"that": "swept.results.values() | map(attribute='access_token') | unique | length == 2"},
            "run_once": True,
        },
        sweep("to a file", module="access_token", dest=str(dest), task={"ignore_errors": True}),
    ]
    run = fleet.play(*tasks, arguments=["-vvvv"]).good()
    assert run.times("registered", "ok") == run.times("different", "ok") == 1
    assert "eyJ" not in run.output
    assert "eyJ" not in json.dumps(run.events)
    assert "censored" in run.result("sweep")
    assert not dest.exists()
    assert not list(fleet.ansible.cwd.glob(".tokens*"))


def test_tokens_in_a_file_are_refused_in_words_before_any_request(tenants: Tenants) -> None:
    fleet = tenants(1)
    run = fleet.play(sweep(module="access_token", module_args={}, dest=str(fleet.ansible.cwd / "tokens.ndjson")))
    assert run.times("sweep", "failed") == 1
    assert "access_token is never written to a file" in run.output
    assert fleet.calls() == 0


@pytest.mark.parametrize("dest", ["folder", "folder/"])
def test_a_folder_as_dest_is_refused_before_any_request(dest: str, tenants: Tenants) -> None:
    fleet = tenants(1)
    (fleet.ansible.cwd / "folder").mkdir()
    run = fleet.play(sweep(dest=str(fleet.ansible.cwd) + "/" + dest))
    assert run.result("sweep")["error"]["category"] == "bad_request"
    assert "folder" in run.result("sweep")["msg"]
    assert not list((fleet.ansible.cwd / "folder").iterdir())
    assert fleet.calls() == 0
