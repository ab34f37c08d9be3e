# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that the play ended on purpose is not asked and fails nothing; one that was lost is a
failure."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Json
from ansible_collections.mssp.defender_xdr.tests.behaviour.sweep.conftest import Fleet, sweep

Tenants = t.Callable[[int], Fleet]
UNREACHABLE: t.Final = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}


def on(host: str, task: Json) -> Json:
    return {**task, "when": f"inventory_hostname == '{host}'"}


def meta(action: str, **keywords: t.Any) -> Json:
    return {"ansible.builtin.meta": action, **keywords}


def end(host: str) -> Json:
    return on(host, meta("end_host"))


def fail(host: str) -> Json:
    return on(host, {"name": "fail", "ansible.builtin.fail": {"msg": "gone"}})


def debug(name: str = "debug") -> Json:
    return {"name": name, "ansible.builtin.debug": {"msg": "x"}}


def assert_outcome(
    told: Json,
    *,
    answered: t.Sequence[str],
    lost: t.Sequence[str] = (),
    ended: t.Sequence[str] = (),
) -> None:
    assert told["answered"] == list(answered)
    assert {
        host: (one["category"], one["who"]) for host, one in told["failures"].items()
    } == dict.fromkeys(lost, ("unavailable", "caller"))
    assert told.get("ended", []) == list(ended)
    assert "lost_or_ended" not in told
    assert told["coverage"] == {
        "asked": len(answered) + len(lost),
        "answered": len(answered),
        "failed": len(lost),
    }


def ways_to_end(fleet: Fleet, host: str) -> dict[str, list[Json]]:
    """Each leaves this host out of the rest of the play on purpose."""
    included = fleet.ansible.cwd / "ending.yml"
    included.write_text(json.dumps([end(host)]))
    role = fleet.ansible.cwd / "roles" / "leave" / "tasks"
    role.mkdir(parents=True, exist_ok=True)
    (role / "main.yml").write_text(json.dumps([end(host), debug()]))
    rescued = {"block": [fail(host)], "rescue": [meta("end_host")]}
    return {
        "task": [end(host)],
        "block": [{"block": [debug(), {"block": [end(host), debug()], "always": [debug()]}]}],
        "rescue": [rescued],
        "rescue in a block": [{"block": [debug(), rescued]}],
        "included in a rescue": [
            {"block": [fail(host)], "rescue": [{"ansible.builtin.include_tasks": str(included)}]}
        ],
        "included role": [{"ansible.builtin.include_role": {"name": "leave"}}],
        "imported role": [{"ansible.builtin.import_role": {"name": "leave"}}],
        "included tasks": [{"ansible.builtin.include_tasks": str(included)}],
        "after a rescue": [{"block": [fail(host)], "rescue": [debug()]}, end(host)],
        "after an ignored failure": [{**fail(host), "ignore_errors": True}, end(host)],
        "always": [{"block": [debug()], "always": [end(host)]}],
        "handler": [
            on(
                host,
                {
                    "ansible.builtin.command": {"argv": ["true"]},
                    "changed_when": True,
                    "notify": "leave",
                },
            ),
            meta("flush_handlers"),
        ],
    }


WAYS: t.Final = (
    "task",
    "block",
    "rescue",
    "rescue in a block",
    "included in a rescue",
    "included role",
    "imported role",
    "included tasks",
    "after a rescue",
    "after an ignored failure",
    "always",
    "handler",
)


@pytest.mark.parametrize("way", WAYS)
def test_a_host_that_the_play_ended_on_purpose_is_not_asked_and_fails_nothing(
    way: str, tenants: Tenants
) -> None:
    fleet = tenants(4)
    ended, lost, *others = fleet.hosts
    ways = ways_to_end(fleet, ended)
    assert set(ways) == set(WAYS)
    handlers = [{"name": "leave", **meta("end_host")}]
    run = fleet.play(
        fail(lost),
        debug(),
        *ways[way],
        debug(),
        sweep(fail_when="any", task={"ignore_errors": True}),
        handlers=handlers,
    )
    assert_outcome(run.result("sweep"), answered=others, lost=[lost], ended=[ended])
    assert fleet.customers[ended].calls() == []


def test_when_all_others_were_ended_the_sweep_succeeds(tenants: Tenants) -> None:
    fleet = tenants(4)
    first, *others = fleet.hosts
    run = fleet.play(
        meta("end_host", when=f"inventory_hostname != '{first}'"), sweep(fail_when="any")
    ).good()
    assert_outcome(run.result("sweep"), answered=[first], ended=others)
    assert "warnings" not in run.result("sweep")


def ways_to_lose(host: str) -> dict[str, list[Json]]:
    return {
        "task": [fail(host)],
        "always": [{"block": [fail(host)], "always": [debug()]}],
        "always in a block": [{"block": [{"block": [fail(host)], "always": [debug()]}, debug()]}],
        "rescue": [{"block": [fail(host)], "rescue": [fail(host)]}],
        "ended after the failure": [{"block": [fail(host)], "always": [end(host)]}],
        "ended after the failure, deeper": [
            {"block": [{"block": [fail(host)], "always": [end(host)]}]}
        ],
        "failed include": [on(host, {"ansible.builtin.include_tasks": "nowhere.yml"})],
        "unreachable": [on(host, {"ansible.builtin.raw": "true"})],
        "cleared": [fail(host), meta("clear_host_errors")],
    }


@pytest.mark.parametrize("way", ways_to_lose("x"))
def test_a_host_that_was_lost_still_counts_as_asked_and_failed(way: str, tenants: Tenants) -> None:
    fleet = tenants(4)
    first, lost, ended, last = fleet.hosts
    if way == "unreachable":
        fleet.inventory({lost: UNREACHABLE})
    told = fleet.play(end(ended), *ways_to_lose(lost)[way], sweep()).result("sweep")
    assert_outcome(told, answered=[first, last], lost=[lost], ended=[ended])
    assert "an earlier task failed for it" in told["failures"][lost]["msg"]


def test_a_host_that_is_rescued_is_asked(tenants: Tenants) -> None:
    fleet = tenants(3)
    block = {"block": [fail(fleet.hosts[1])], "rescue": [debug()]}
    assert_outcome(fleet.play(block, sweep()).good().result("sweep"), answered=fleet.hosts)


def test_a_failed_run_once_loses_the_others_and_not_those_that_were_ended(tenants: Tenants) -> None:
    """Core rescues only the host that ran it, and counts every other one as failed, also an ended
    one."""
    fleet = tenants(3)
    once = {"name": "once", "ansible.builtin.fail": {"msg": "no"}, "run_once": True}
    run = fleet.play(end(fleet.hosts[2]), {"block": [once], "rescue": [sweep()]})
    assert_outcome(
        run.result("sweep"), answered=fleet.hosts[:1], lost=fleet.hosts[1:2], ended=fleet.hosts[2:]
    )


def test_in_a_section_always_the_host_that_failed_counts_as_lost(tenants: Tenants) -> None:
    fleet = tenants(3)
    run = fleet.play({"block": [fail(fleet.hosts[1])], "always": [end(fleet.hosts[2]), sweep()]})
    assert_outcome(
        run.result("sweep"),
        answered=[fleet.hosts[0]],
        lost=[fleet.hosts[1]],
        ended=[fleet.hosts[2]],
    )


def test_a_host_whose_unreachability_was_cleared_is_asked_again(tenants: Tenants) -> None:
    fleet = tenants(2)
    fleet.inventory({fleet.hosts[1]: UNREACHABLE})
    raw = on(fleet.hosts[1], {"ansible.builtin.raw": "true"})
    run = fleet.play(raw, meta("clear_host_errors"), sweep())
    # a host that comes back lags one task behind, and core runs the task once more for it
    for told in run.results("sweep").values():
        assert_outcome(told, answered=fleet.hosts)


def test_each_batch_knows_its_own(tenants: Tenants) -> None:
    fleet = tenants(6)
    one, two, three, four, five, six = fleet.hosts
    run = fleet.play(end(one), end(six), fail(three), sweep(), serial=2, max_fail_percentage=90)
    told = [event["result"] for event in run.events if event["task"] == "sweep"]
    assert len(told) == 3, run.output
    assert_outcome(told[0], answered=[two], ended=[one])
    assert_outcome(told[1], answered=[four], lost=[three])
    assert_outcome(told[2], answered=[five], ended=[six])


def test_a_batch_that_ended_does_not_reach_into_the_next(tenants: Tenants) -> None:
    fleet = tenants(4)
    batch = meta("end_batch", when=f"inventory_hostname == '{fleet.hosts[0]}'")
    told = fleet.play(batch, sweep(), serial=2).good().result("sweep")
    assert_outcome(told, answered=fleet.hosts[2:])


def test_the_next_play_begins_with_everybody_who_was_not_lost(tenants: Tenants) -> None:
    fleet = tenants(5)
    first, ended, lost, cleared, last = fleet.hosts
    plays = [
        {
            "hosts": "tenants",
            "tasks": [
                end(ended),
                fail(cleared),
                meta("clear_host_errors"),
                fail(lost),
                sweep("one"),
            ],
        },
        {"hosts": "tenants", "tasks": [sweep("two"), end(cleared), end(last), sweep("three")]},
    ]
    run = fleet.ansible.playbook(plays)
    assert_outcome(run.result("one"), answered=[first, last], lost=[lost, cleared], ended=[ended])
    assert_outcome(run.result("two"), answered=[first, ended, cleared, last], lost=[lost])
    assert_outcome(run.result("three"), answered=[first, ended], lost=[lost], ended=[cleared, last])


def test_hosts_that_are_named_are_asked_whatever_the_play_did(tenants: Tenants) -> None:
    fleet = tenants(2)
    told = (
        fleet.play(end(fleet.hosts[1]), sweep(hosts="{{ ansible_play_hosts_all }}"))
        .good()
        .result("sweep")
    )
    assert_outcome(told, answered=fleet.hosts)


def test_swept_arguments_see_the_play_as_it_is_now(tenants: Tenants) -> None:
    fleet = tenants(3)
    counted = "{{ ansible_play_batch | length }}"
    told = (
        fleet.play(end(fleet.hosts[0]), sweep(module_args={"limit": counted}))
        .good()
        .result("sweep")
    )
    assert [one["count"] for one in told["results"].values()] == [2, 2]


def role(name: str, **variables: t.Any) -> Json:
    return {
        "ansible.builtin.include_role": {"name": f"mssp.defender_xdr.{name}"},
        "vars": variables,
    }


def test_the_lookup_names_the_hosts_that_were_ended_and_no_others(tenants: Tenants) -> None:
    fleet = tenants(5)
    first, one, lost, two, other = fleet.hosts
    show = {
        "name": "show",
        "ansible.builtin.debug": {"msg": "{{ query('mssp.defender_xdr.ended_hosts') }}"},
    }
    run = fleet.play(
        {**show, "name": "nobody"},
        end(two),
        end(one),
        fail(lost),
        show,
        serial=[4, 1],
        max_fail_percentage=90,
    )
    assert run.results("nobody")[first]["msg"] == []
    assert run.results("show")[first]["msg"] == [one, two]
    assert run.results("show")[other]["msg"] == []


def test_the_role_incidents_counts_no_host_that_was_ended_before_it_was_asked(
    tenants: Tenants,
) -> None:
    fleet = tenants(5)
    first, ended, lost, read, last = fleet.hosts
    tasks = [
        end(ended),
        fail(lost),
        role("incidents", incidents_summary=False),
        end(read),
        role("incidents"),
    ]
    run = fleet.play(*tasks)
    lines = run.result("Show the incidents of all tenants")["msg"]
    assert lines[-4].endswith("in 3 of 4 tenants (asked 4, answered 3, failed 1)")
    assert lines[-1].split()[:3] == [lost, "unavailable", "caller"]
    alone = fleet.play(
        meta("end_host", when=f"inventory_hostname != '{first}'"),
        role("incidents", incidents_fail_when="any"),
    )
    lines = alone.good().result("Show the incidents of all tenants")["msg"]
    assert lines[-1].endswith("in 1 of 1 tenants (asked 1, answered 1, failed 0)")


def test_the_role_incidents_counts_each_batch_of_a_play_with_serial(tenants: Tenants) -> None:
    fleet = tenants(4)
    first, lost, ended, last = fleet.hosts
    tasks = [fail(lost), end(ended), role("incidents", incidents_fail_when="any")]
    run = fleet.play(*tasks, serial=[1, 2, 1], max_fail_percentage=90)
    shown = [
        event["result"]["msg"]
        for event in run.events
        if event["task"] == "Show the incidents of all tenants"
    ]
    # the second batch has no host left that could show it
    assert [next(line for line in lines if "asked" in line)[-31:] for lines in shown] == [
        "(asked 1, answered 1, failed 0)"
    ] * 2
    read = {one for one in (first, last) if run.results("Set incidents_result").get(one)}
    assert read == {first, last}


def test_the_role_hunt_counts_no_host_that_was_ended(tenants: Tenants) -> None:
    fleet = tenants(3)
    (fleet.ansible.cwd / "devices.kql").write_text("DeviceInfo | take 1\n")
    hunt = role("hunt", hunt_folder=str(fleet.ansible.cwd), hunt_fail_when="any")
    show = {"name": "show", "ansible.builtin.debug": {"msg": "{{ hunt_result.devices.coverage }}"}}
    run = fleet.play(end(fleet.hosts[1]), hunt, show).good()
    assert run.results("show")[fleet.hosts[0]]["msg"] == {"asked": 2, "answered": 2, "failed": 0}
