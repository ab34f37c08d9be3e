# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All tenants' rows in one file, and tokens in none."""

from __future__ import annotations

import json
import os
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.sweep.conftest import Fleet, sweep

Tenants = t.Callable[[int], Fleet]


def lines(path: Path) -> list[dict[str, t.Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_rows_of_all_tenants_stand_in_one_private_file_and_not_in_the_result(
    tenants: Tenants,
) -> None:
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
    assert lines(dest) == wanted
    assert len(wanted) == 6
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600
    assert told["dest"] == str(dest)
    assert [("incidents" in one, one["count"]) for one in told["results"].values()] == [
        (False, 3)
    ] * 2
    assert (told["coverage"], list(told["failures"])) == (memory["coverage"], [sick.host])


def test_rows_that_need_much_memory_are_said_with_the_remedy(tenants: Tenants) -> None:
    fleet = tenants(2)
    tenfold = "extend a = strcat(a, a, a, a, a, a, a, a, a, a)"
    large = f"DeviceInfo | take 1 | extend a = 'ten chars.' | {' | '.join([tenfold] * 5)}"
    small = "DeviceProcessEvents | take 29 | extend a = 'x'"
    # the first row of each tenant is the sample, so that 30 rows count as 30 MB
    query = f"union ({large}), ({small}) | project a | sort by strlen(a) desc"
    hunt = {"module": "hunting_query", "module_args": {"query": query}}
    dest = str(fleet.ansible.cwd / "rows.ndjson")
    run = fleet.play(sweep("in memory", **hunt), sweep("in a file", **hunt, dest=dest)).good()
    assert [one["count"] for one in run.result("in memory")["results"].values()] == [30, 30]
    (warning,) = run.result("in memory")["warnings"]
    assert warning.startswith("The result has 60 rows, about 60 MB of JSON, and Ansible needs ")
    assert "warnings" not in run.result("in a file")


def test_a_hunts_rows_and_a_result_without_rows_are_written_too(tenants: Tenants) -> None:
    fleet = tenants(2)
    hunted, checked = fleet.ansible.cwd / "hunt.ndjson", fleet.ansible.cwd / "tokens.ndjson"
    hunt = {"query": "DeviceInfo | take 2 | project DeviceName", "on_truncated": "warn"}
    tasks = [
        sweep("hunt", module="hunting_query", module_args=hunt, dest=str(hunted)),
        sweep(
            "check",
            module="access_token_info",
            module_args={"resource": "graph"},
            fields=["valid", "audience"],
            dest=str(checked),
        ),
    ]
    run = fleet.play(*tasks).good()
    assert [one["count"] for one in run.result("hunt")["results"].values()] == [2, 2]
    assert [set(row) for row in lines(hunted)] == [{"DeviceName", "tenant_id", "tenant_name"}] * 4
    assert sorted((row["tenant_name"], row["valid"]) for row in lines(checked)) == sorted(
        (host, True) for host in fleet.hosts
    )
    assert [set(row) for row in lines(checked)] == [
        {"valid", "audience", "tenant_id", "tenant_name"}
    ] * 2


def test_a_sweep_that_fails_as_a_whole_leaves_its_file_with_what_was_answered(
    tenants: Tenants,
) -> None:
    fleet = tenants(2)
    fleet.customers[fleet.hosts[0]].consent(consented=False)
    dest = fleet.ansible.cwd / "rows.ndjson"
    run = fleet.play(sweep(dest=str(dest), fail_when="any"))
    assert run.times("sweep", "failed") == 1
    assert {row["tenant_name"] for row in lines(dest)} == {fleet.hosts[1]}


def test_a_folder_that_cannot_be_written_is_refused_before_any_request(tenants: Tenants) -> None:
    fleet = tenants(2)
    tasks = [
        sweep("missing", dest=str(fleet.ansible.cwd / "nowhere/rows.ndjson")),
        sweep("none", dest="/proc/rows.ndjson"),
    ]
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
    assert sorted(path.name for path in fleet.ansible.cwd.iterdir()) == [
        "ansible.cfg",
        "playbook0.yml",
        "rows.ndjson",
    ]


def test_tokens_are_registered_and_never_displayed_nor_written(tenants: Tenants) -> None:
    fleet = tenants(2)
    dest = fleet.ansible.cwd / "tokens.ndjson"
    own = (
        "swept.results[item].access_token is match('eyJ') and swept.results[item].access_token |"
        " length > 500"
    )
    tasks = [
        sweep(module="access_token", module_args={"resource": "graph"}, task={"register": "swept"}),
        {
            "name": "registered",
            "ansible.builtin.assert": {"that": own, "quiet": True},
            "loop": fleet.hosts,
            "run_once": True,
            "no_log": True,
        },
        {
            "name": "different",
            "ansible.builtin.assert": {
                "that": (
                    "swept.results.values() | map(attribute='access_token') | unique | length == 2"
                )
            },
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
    run = fleet.play(
        sweep(module="access_token", module_args={}, dest=str(fleet.ansible.cwd / "tokens.ndjson"))
    )
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


def test_rows_stand_in_the_order_of_the_hosts_so_that_equal_answers_change_nothing(
    tenants: Tenants,
) -> None:
    fleet = tenants(6)
    slow = fleet.hosts[0]
    fleet.customers[slow].fault(origin="graph", delay=1, times=1)
    dest = fleet.ansible.cwd / "rows.ndjson"
    first, second = (
        fleet.play(sweep(dest=str(dest))).good().result("sweep") for _unused in range(2)
    )
    assert list(dict.fromkeys(row["tenant_name"] for row in lines(dest))) == fleet.hosts
    assert (first["changed"], second["changed"]) == (True, False)


def test_check_mode_writes_no_file_and_says_whether_it_would_change(tenants: Tenants) -> None:
    fleet = tenants(2)
    dest = fleet.ansible.cwd / "rows.ndjson"
    task = sweep(dest=str(dest), fields=["id"])
    told = fleet.play(task, arguments=["--check"]).good().result("sweep")
    assert (told["changed"], dest.exists(), told["dest"]) == (True, False, str(dest))
    # the rows are nowhere else, and the tasks that follow may need them
    assert [len(one["incidents"]) for one in told["results"].values()] == [2, 2]
    fleet.play(task).good()
    written = dest.read_bytes()
    told = fleet.play(task, arguments=["--check"]).good().result("sweep")
    assert (told["changed"], dest.read_bytes()) == (False, written)
    dest.write_text("other")
    told = fleet.play(task, arguments=["--check"]).good().result("sweep")
    assert (told["changed"], dest.read_text()) == (True, "other")
    assert sorted(
        path.name for path in fleet.ansible.cwd.iterdir() if "playbook" not in path.name
    ) == ["ansible.cfg", "rows.ndjson"]


def test_a_play_in_check_mode_reports_a_sweep_whose_folder_was_not_made(tenants: Tenants) -> None:
    fleet = tenants(2)
    folder = fleet.ansible.cwd / "soc"
    tasks: list[dict[str, t.Any]] = [
        {
            "name": "folder",
            "ansible.builtin.file": {"path": str(folder), "state": "directory"},
            "delegate_to": "localhost",
            "run_once": True,
        },
        sweep(dest=str(folder / "rows.ndjson"), task={"register": "swept"}),
        {
            "name": "report",
            "mssp.defender_xdr.report": {"incidents": "{{ swept }}", "dest": str(folder)},
            "run_once": True,
        },
    ]
    run = fleet.play(*tasks, arguments=["--check"]).good()
    assert (run.result("sweep")["changed"], run.result("report")["changed"], folder.exists()) == (
        True,
        True,
        False,
    )
    assert (
        run.result("report")["coverage"]["asked"],
        run.result("report")["coverage"]["unread"],
    ) == (2, 0)


def test_when_every_tenant_failed_the_file_stays_as_it_was(tenants: Tenants) -> None:
    fleet = tenants(2)
    for customer in fleet.customers.values():
        customer.consent(consented=False)
    old, new = fleet.ansible.cwd / "old.ndjson", fleet.ansible.cwd / "new.ndjson"
    old.write_text("the rows of yesterday")
    tasks = [
        sweep("old", dest=str(old), fail_when="never"),
        sweep("new", dest=str(new), fail_when="never", task={"register": "swept"}),
    ]
    report = {
        "name": "report",
        "mssp.defender_xdr.report": {"fail_when": "never", "incidents": "{{ swept }}"},
        "run_once": True,
    }
    run = fleet.play(*tasks, report).good()
    assert [run.result(name)["changed"] for name in ("old", "new")] == [False, False]
    assert (old.read_text(), new.exists()) == ("the rows of yesterday", False)
    assert run.result("report")["coverage"]["unread"] == 2


def test_one_file_for_several_tenants_is_refused_before_anybody_is_asked(tenants: Tenants) -> None:
    fleet = tenants(3)
    first, second, third = fleet.hosts
    fleet.inventory(
        {first: {"folder": "."}, second: {"folder": "{{ '' }}."}, third: {"folder": "other"}}
    )
    cwd = fleet.ansible.cwd
    (cwd / "other").mkdir()
    query = {"query": "DeviceInfo | take 1", "on_truncated": "warn"}
    hunts: dict[str, dict[str, t.Any]] = {
        "all alike": {"module_args": {**query, "dest": f"{cwd}/rows.ndjson"}},
        "two alike": {"module_args": {**query, "dest": "{{ folder }}/rows.ndjson"}},
        "by default": {"module_args": query},
        "one template": {"module_args": "{{ {'query': 'DeviceInfo', 'dest': 'rows.ndjson'} }}"},
        "with the sweep": {
            "module_args": {**query, "dest": f"{cwd}/{{{{ inventory_hostname }}}}"},
            "dest": f"{cwd}/{third}",
        },
        "in check mode": {
            "module_args": {**query, "dest": f"{cwd}/rows.ndjson"},
            "task": {"check_mode": True},
        },
    }
    tasks = [sweep(name, module="hunting_query", **given) for name, given in hunts.items()]
    for task in tasks:
        task["ignore_errors"] = True
    tasks[2]["module_defaults"] = {"mssp.defender_xdr.hunting_query": {"dest": "rows.ndjson"}}
    run = fleet.play(*tasks).good()
    for name in hunts:
        assert run.times(name, "failed") == 1, name
        assert run.result(name)["error"]["category"] == "bad_request"
    for name in ("all alike", "by default", "one template", "in check mode"):
        assert (
            f"for {first}, {second}, {third}, so each would replace the rows"
            in run.result(name)["msg"]
        )
        assert "{{ inventory_hostname }}" in run.result(name)["msg"]
    assert f"for {first}, {second}, so" in run.result("two alike")["msg"]
    assert f"for {third} and for the sweep;" in run.result("with the sweep")["msg"]
    assert fleet.calls() == 0
    assert not list(cwd.rglob("*.ndjson"))


def test_a_file_of_its_own_for_each_tenant_is_written(tenants: Tenants) -> None:
    fleet = tenants(2)
    query = {
        "query": "DeviceInfo | take 1",
        "on_truncated": "warn",
        "dest": "{{ inventory_hostname }}.ndjson",
    }
    told = fleet.play(sweep(module="hunting_query", module_args=query)).good().result("sweep")
    assert [len(lines(fleet.ansible.cwd / f"{host}.ndjson")) for host in fleet.hosts] == [1, 1]
    assert (told["changed"], told["answered"]) == (True, fleet.hosts)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_or_a_device_is_never_replaced(kind: str, tenants: Tenants) -> None:
    fleet = tenants(1)
    dest = fleet.ansible.cwd / "pipe"
    os.mkfifo(dest)
    run = fleet.play(sweep(dest=str(dest) if kind == "pipe" else "/dev/null"))
    assert f"which is a {kind}" in run.result("sweep")["msg"]
    assert (dest.is_fifo(), Path("/dev/null").is_char_device(), fleet.calls()) == (True, True, 0)
