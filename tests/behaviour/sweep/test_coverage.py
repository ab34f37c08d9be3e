# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who was asked, who answered, and when that is a failure: nobody is a gap."""

from __future__ import annotations

import datetime
import json
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.conftest import _lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Json, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible
from ansible_collections.mssp.defender_xdr.tests.behaviour.sweep.conftest import Fleet, sweep

Tenants = t.Callable[[int], Fleet]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    """200 tenants, a fifth of them sick, every kind of sickness several times."""
    yield from _lab(tmp_path_factory, "many", "--tenants", "200", "--sick", "20")


def assert_coverage_is_the_truth(lab: Lab, told: Json, *, module: str) -> None:
    truth = {host: one["operations"][module] for host, one in lab.truth.items()}
    sick = {host: category for host, category in truth.items() if category}
    assert {host: one["category"] for host, one in told["failures"].items()} == sick
    assert set(told["results"]) == set(told["answered"]) == set(truth) - set(sick)
    assert told["coverage"] == {
        "asked": len(truth),
        "answered": len(truth) - len(sick),
        "failed": len(sick),
    }
    assert all(
        lab.truth[host]["tenant_id"] == result["tenant"]["id"]
        for host, result in told["results"].items()
    )
    assert all(failure["msg"] and failure["who"] for failure in told["failures"].values())
    alarms = [host for host, category in sick.items() if category == "wrong_tenant"]
    assert alarms
    assert [warning.split(":")[0] for warning in told["warnings"][: len(alarms)]] == [
        f"SECURITY EVENT (wrong_tenant) in {host}" for host in alarms
    ]
    assert f"{len(sick)} of {len(truth)} tenants failed" in told["warnings"][len(alarms)]


@pytest.mark.parametrize("module", ["incident_info", "hunting_query"])
def test_the_coverage_of_25_tenants_is_the_labs_truth(
    module: str, lab: Lab, tmp_path: Path
) -> None:
    arguments = {
        "incident_info": {"limit": 2},
        "hunting_query": {"query": "DeviceInfo | take 1", "on_truncated": "warn"},
    }[module]
    run = (
        Ansible(tmp_path, lab.inventory)
        .playbook([{"hosts": "tenants", "tasks": [sweep(module=module, module_args=arguments)]}])
        .good()
    )
    assert_coverage_is_the_truth(lab, run.result("sweep"), module=module)


def test_the_coverage_of_200_tenants_with_40_sick_ones_is_the_labs_truth(
    many: Lab, tmp_path: Path
) -> None:
    run = (
        Ansible(tmp_path, many.inventory)
        .playbook([{"hosts": "tenants", "tasks": [sweep(module_args={"limit": 1})]}])
        .good()
    )
    told = run.result("sweep")
    assert told["coverage"]["asked"] == 200
    assert_coverage_is_the_truth(many, told, module="incident_info")


def test_a_host_that_was_lost_before_is_a_failure_and_never_a_gap(tenants: Tenants) -> None:
    fleet = tenants(4)
    first, _unused, third, _unused = fleet.hosts
    lost = {
        "name": "lose",
        "ansible.builtin.fail": {"msg": "gone"},
        "when": f"inventory_hostname in ['{first}', '{third}']",
    }
    told = fleet.play(lost, sweep()).result("sweep")
    assert told["coverage"] == {"asked": 4, "answered": 2, "failed": 2}
    assert {
        host: (one["category"], one["who"]) for host, one in told["failures"].items()
    } == dict.fromkeys((first, third), ("unavailable", "caller"))
    assert fleet.customers[first].calls() == fleet.customers[third].calls() == []


def test_the_result_says_when_the_first_tenant_was_queried(tenants: Tenants) -> None:
    fleet = tenants(2)
    run = fleet.play(sweep(), sweep("nobody", hosts=[]), arguments=["--check"]).good()
    asked_at = run.result("sweep")["asked_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", asked_at)
    first = min(call["time"] for one in fleet.customers.values() for call in one.calls())
    assert 0 <= first - datetime.datetime.fromisoformat(asked_at).timestamp() < 30
    assert run.result("nobody")["asked_at"] is None


def test_each_batch_is_swept_for_itself(tenants: Tenants) -> None:
    fleet = tenants(5)
    lost = {
        "name": "lose",
        "ansible.builtin.fail": {"msg": "gone"},
        "when": f"inventory_hostname == '{fleet.hosts[0]}'",
    }
    run = fleet.play(lost, sweep(), serial=2, order="reverse_inventory")
    told = [event["result"] for event in run.events if event["task"] == "sweep"]
    assert [[*one["results"], *one["failures"]] for one in told] == [
        fleet.hosts[4:2:-1],
        fleet.hosts[2:0:-1],
    ], run.output
    # the last batch was the lost host alone, which ends a play before anything could be swept
    assert len(told) == 2


def test_a_limit_on_the_command_line_is_the_batch(tenants: Tenants) -> None:
    fleet = tenants(3)
    told = (
        fleet.play(sweep(), arguments=["--limit", f"{fleet.hosts[0]},{fleet.hosts[2]}"])
        .good()
        .result("sweep")
    )
    assert told["answered"] == [fleet.hosts[0], fleet.hosts[2]]
    assert told["coverage"]["asked"] == 2


def test_a_play_on_localhost_sweeps_the_hosts_it_names(tenants: Tenants) -> None:
    fleet = tenants(3)
    task = sweep(hosts="{{ groups.tenants[1:] + ['nobody'] }}")
    told = fleet.ansible.playbook([{"hosts": "localhost", "tasks": [task]}]).good().result("sweep")
    assert told["answered"] == fleet.hosts[1:]
    assert told["coverage"] == {"asked": 3, "answered": 2, "failed": 1}
    assert "not in the inventory" in told["failures"]["nobody"]["msg"]
    assert not fleet.customers[fleet.hosts[0]].calls()


@pytest.mark.parametrize("strategy", ["free", "ansible.builtin.host_pinned"])
def test_a_strategy_without_batches_is_refused_in_one_sentence(
    strategy: str, tenants: Tenants
) -> None:
    fleet = tenants(2)
    run = fleet.play(sweep(), strategy=strategy)
    assert run.times("sweep", "failed") == len(run.results("sweep")) > 0
    for told in run.results("sweep").values():
        assert (strategy in told["msg"], "linear" in told["msg"], told["msg"].count(". ")) == (
            True,
            True,
            0,
        )
    assert fleet.calls() == 0


def test_a_missing_run_once_is_refused_in_one_sentence(tenants: Tenants) -> None:
    fleet = tenants(2)
    run = fleet.play(sweep(task={"run_once": False}))
    assert [
        ("run_once: true" in one["msg"], one["error"]["category"])
        for one in run.results("sweep").values()
    ] == [(True, "bad_request")] * 2
    assert fleet.calls() == 0


def test_a_play_of_one_host_needs_no_run_once(tenants: Tenants) -> None:
    assert (
        tenants(1)
        .play(sweep(task={"run_once": False}))
        .good()
        .result("sweep")["coverage"]["answered"]
        == 1
    )


def test_async_is_refused_in_one_sentence(tenants: Tenants) -> None:
    fleet = tenants(2)
    assert "async is 60" in fleet.play(sweep(task={"async": 60, "poll": 5})).result("sweep")["msg"]
    assert fleet.calls() == 0


def test_a_threshold_decides_whether_the_task_fails_and_the_answers_stay(tenants: Tenants) -> None:
    fleet = tenants(4)
    sick = fleet.customers[fleet.hosts[1]]
    sick.consent(consented=False)
    outcomes = {
        "all": False,
        "never": False,
        "any": True,
        "25%": True,
        "26%": False,
        "25 %": True,
        "1%": True,
        "100%": False,
    }
    tasks = [sweep(f"of {text}", fail_when=text, task={"ignore_errors": True}) for text in outcomes]
    alone = [
        sweep(f"alone {text}", hosts=[sick.host], fail_when=text, task={"ignore_errors": True})
        for text in ("all", "never", "100%")
    ]
    run = fleet.play(*tasks, *alone).good()
    for text, fails in outcomes.items():
        told = run.result(f"of {text}")
        assert run.times(f"of {text}", "failed") == fails, text
        assert (len(told["results"]), list(told["failures"])) == (3, [sick.host])
        assert not fails or (
            "1 of 4 tenants failed" in told["msg"] and sick.tenant_id in told["msg"]
        )
    assert [run.times(f"alone {text}", "failed") for text in ("all", "never", "100%")] == [1, 0, 1]


def test_a_threshold_that_is_none_is_refused_before_any_request(tenants: Tenants) -> None:
    fleet = tenants(2)
    bad = ["some", "0%", "101%", "10", "-5%", "5.5%", ""]
    run = fleet.play(
        *(sweep(f"of {text}", fail_when=text, task={"ignore_errors": True}) for text in bad)
    ).good()
    for text in bad:
        assert run.result(f"of {text}")["msg"].startswith(f"fail_when is {text!r}")
    assert fleet.calls() == 0


EMPTY: t.Final[dict[str, t.Any]] = {
    "list": [],
    "template": "{{ groups.tenants | select('eq', 'nobody') }}",
    "null": None,
    "none": "{{ none }}",
    "text": "",
}


@pytest.mark.parametrize("fail_when", ["all", "any", "1%"])
def test_an_empty_list_of_hosts_is_nobody_and_says_so(fail_when: str, tenants: Tenants) -> None:
    fleet = tenants(2)
    dest = fleet.ansible.cwd / "rows.ndjson"
    dest.write_text("before")
    run = fleet.play(
        *(
            sweep(name, hosts=hosts, fail_when=fail_when, dest=str(dest))
            for name, hosts in EMPTY.items()
        )
    ).good()
    for name in EMPTY:
        told = run.result(name)
        assert told["coverage"] == {"asked": 0, "answered": 0, "failed": 0}, name
        assert (told["changed"], told["results"], told["answered"], told["failures"]) == (
            False,
            {},
            [],
            {},
        )
        assert (
            told["msg"]
            == told["warnings"][0]
            == "hosts is empty, so no tenant was queried and nothing was changed."
        )
    assert (dest.read_text(), fleet.calls()) == ("before", 0)


def test_an_empty_list_of_hosts_removes_no_consent(tenants: Tenants) -> None:
    fleet = tenants(2)
    task = sweep(module="consent", module_args={"state": "absent"}, hosts=[])
    run = fleet.play(task, env={"ANSIBLE_STDOUT_CALLBACK": "mssp.defender_xdr.fleet"}).good()
    told = run.result("sweep")
    assert (told["changed"], told["coverage"]["asked"], fleet.calls()) == (False, 0, 0)
    assert "no tenant was queried" in run.output


def test_a_sweep_of_one_host_works_ad_hoc(tenants: Tenants) -> None:
    fleet = tenants(1)
    arguments = json.dumps({"module": "incident_info", "module_args": {"limit": 1}})
    run = fleet.ansible.adhoc(fleet.hosts[0], "sweep", arguments).good()
    (result,) = (event["result"] for event in run.events)
    assert result["answered"] == fleet.hosts


def test_hosts_left_out_by_omit_are_the_batch(tenants: Tenants) -> None:
    fleet = tenants(2)
    told = fleet.play(sweep(hosts="{{ not_there | default(omit) }}")).good().result("sweep")
    assert told["answered"] == fleet.hosts


def test_a_module_may_be_named_in_full(tenants: Tenants) -> None:
    fleet = tenants(2)
    token = sweep(
        "token", module="mssp.defender_xdr.access_token", module_args={}, task={"register": "swept"}
    )
    tasks = [sweep("short"), sweep("full", module="mssp.defender_xdr.incident_info"), token]
    dest = sweep(
        "dest",
        module="mssp.defender_xdr.access_token",
        module_args={},
        dest=str(fleet.ansible.cwd / "t"),
        task={"ignore_errors": True},
    )
    defaults = {"mssp.defender_xdr.incident_info": {"limit": 1}}
    run = fleet.play(*tasks, dest, module_defaults=defaults, arguments=["-vvvv"]).good()
    assert run.result("short")["results"] == run.result("full")["results"]
    assert "eyJ" not in run.output
    assert not (fleet.ansible.cwd / "t").exists()
    unknown = fleet.play(sweep(module="acme.other.incident_info"))
    assert "acme.other.incident_info" in unknown.result("sweep")["msg"]


def test_module_args_of_another_kind_are_refused_in_plain_words(tenants: Tenants) -> None:
    fleet = tenants(1)
    kinds = {"list": [1], "text": "{{ 'status' ~ 'es' }}", "number": "{{ 3 }}"}
    run = fleet.play(
        *(
            sweep(name, module_args=value, task={"ignore_errors": True})
            for name, value in kinds.items()
        ),
        sweep("empty", module_args=None),
    ).good()
    for name in kinds:
        (failure,) = run.result(name)["failures"].values()
        assert f"module_args is {'text' if name == 'text' else f'a {name}'} for" in failure["msg"]
    assert run.result("empty")["coverage"]["answered"] == 1
