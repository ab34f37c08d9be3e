# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One tenant's trouble stays its own, and whoever has seen enough can stop."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Json, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.sweep.conftest import Fleet, sweep

Tenants = t.Callable[[int], Fleet]
CRASH: t.Final = Path(__file__).resolve().parents[1] / "crash"


def finished(fleet: Fleet, host: str) -> list[float]:
    """When the lab answered this tenant's calls to Graph, on the lab's clock."""
    return [line["time"] for line in fleet.customers[host].calls("graph")]


def test_a_tenant_that_hangs_is_its_own_timeout_and_delays_nobody(tenants: Tenants) -> None:
    fleet = tenants(4)
    hanging, *others = fleet.hosts
    fleet.inventory({hanging: {"defender_xdr_request_timeout": 1, "defender_xdr_retries": 0}})
    fleet.customers[hanging].fault(origin="graph", delay=20, times=5)
    run = fleet.play(sweep(concurrency=2)).good()
    told = run.result("sweep")
    assert told["answered"] == others
    assert (list(told["failures"]), told["failures"][hanging]["category"]) == ([hanging], "timeout")
    assert all(one["count"] == 2 for one in told["results"].values())


def test_a_certificate_that_one_tenant_does_not_trust_is_that_tenants_failure(
    tenants: Tenants, lab: Lab
) -> None:
    fleet = tenants(3)
    first, second, third = fleet.hosts
    fleet.inventory(
        {
            first: {"defender_xdr_ca_path": lab.facts["ca_path"]},
            third: {"defender_xdr_ca_path": "/nowhere/ca.pem"},
        }
    )
    told = fleet.play(sweep()).good().result("sweep")
    assert told["answered"] == [second]
    assert {host: one["category"] for host, one in told["failures"].items()} == {
        first: "tls",
        third: "tls",
    }
    assert fleet.customers[first].calls() == fleet.customers[third].calls() == []


def test_a_throttled_tenant_waits_alone(tenants: Tenants) -> None:
    fleet = tenants(6)
    throttled, *others = fleet.hosts
    fleet.customers[throttled].fault(
        origin="graph", status=429, headers={"Retry-After": "5"}, times=1
    )
    told = fleet.play(sweep(concurrency=2)).good().result("sweep")
    assert told["coverage"]["answered"] == 6
    first_try, second_try = finished(fleet, throttled)
    assert second_try - first_try >= 5
    waited = {host: one["waited_seconds"] for host, one in told["results"].items()}
    assert waited.pop(throttled) >= 5
    assert set(waited.values()) == {0.0}
    # with two threads, one of them waiting, all others were served meanwhile
    assert all(
        len(finished(fleet, host)) == 1 and finished(fleet, host)[0] < second_try for host in others
    )


def test_a_crash_in_one_tenant_takes_nobody_else_along(tenants: Tenants) -> None:
    fleet = tenants(2)
    crashing = fleet.hosts[0]
    # an incident without a time is nothing that the service may answer
    fleet.customers[crashing].fault(
        origin="graph", status=200, body={"value": [{"id": "1"}, {"id": "2"}]}, times=1
    )
    told = fleet.play(sweep()).good().result("sweep")
    assert told["answered"] == [fleet.hosts[1]]
    assert list(told["failures"]) == [crashing]
    assert told["failures"][crashing]["msg"]


@pytest.mark.parametrize(
    "error", ["PanicException", "SystemExit", "MemoryError", "KeyboardInterrupt"]
)
def test_whatever_ends_a_tenants_thread_is_its_failure_and_never_hangs_the_sweep(
    error: str, tenants: Tenants
) -> None:
    """As pyo3's panic in an extension module, which is no Exception."""
    fleet = tenants(4)
    crashing = fleet.hosts[1]
    environment = {
        "PYTHONPATH": str(CRASH),
        "CRASH_AT": fleet.customers[crashing].tenant_id,
        "CRASH_WITH": error,
    }
    run = fleet.play(sweep(concurrency=1), env=environment).good()
    told = run.result("sweep")
    assert told["answered"] == [host for host in fleet.hosts if host != crashing]
    assert list(told["failures"]) == [crashing]
    assert told["failures"][crashing]["msg"]
    secret = fleet.variables["defender_xdr_client_secret"]
    assert secret not in run.output + json.dumps(run.events)


RENAMED: t.Final = (
    "ansible.executor.module_common:_apply_action_arg_defaults",
    "ansible.vars.manager:clean_facts",
    "ansible.vars.manager:VariableManager._get_magic_variables",
)


def test_functions_that_a_later_core_renames_make_a_sweep_slower_and_no_other_one(
    tenants: Tenants,
) -> None:
    fleet = tenants(3)
    fleet.inventory({fleet.hosts[0]: {"most": 1}}, most=2)
    defaults = {
        "mssp.defender_xdr.incident_info": {"limit": "{{ most }}", "fields": ["status"]},
        "group/mssp.defender_xdr.tenant": {
            "api": "xdr",
            "tenant_name": "by default {{ inventory_hostname }}",
        },
    }
    environment = {"PYTHONPATH": str(CRASH), "RENAMED": " ".join(RENAMED)}
    tasks = [
        {"name": "fact", "ansible.builtin.set_fact": {"kind": ["high", "medium", "low"]}},
        sweep(module_args={"severity": "{{ kind }}"}),
    ]
    later, now = (
        fleet.play(*tasks, module_defaults=defaults, env=env).good().result("sweep")
        for env in (environment, {})
    )
    assert later["results"] == now["results"]
    assert [
        (one["count"], one["api"], one["tenant"]["name"]) for one in later["results"].values()
    ] == [
        (min(number, 2), "xdr", f"by default {host}") for number, host in enumerate(fleet.hosts, 1)
    ]


def interrupted(fleet: Fleet, task: Json, signed_in: t.Sequence[str]) -> str:
    """What is shown when Ctrl-C is pressed while the last two of four tenants hang.

    :arg signed_in: the hosts after whose sign-in it is pressed. With two tenants at once the last
        two can sign in only when the first two are done.
    """
    for host in fleet.hosts[2:]:
        fleet.customers[host].fault(origin="graph", delay=600, times=5)
        if host not in signed_in:
            fleet.customers[host].fault(origin="login", delay=600, times=5)
    playbook = fleet.ansible.written([{"hosts": "tenants", "tasks": [task]}])
    line = [sys.executable, "-m", "ansible", "playbook", "-i", fleet.ansible.inventory, playbook]
    process = subprocess.Popen(
        line,
        cwd=fleet.ansible.cwd,
        env={**fleet.ansible.env(), "BEHAVIOUR_RESULTS": str(fleet.ansible.folder / "results")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        pause = threading.Event()
        for _unused in range(600):
            if all(fleet.customers[host].calls("login") for host in signed_in):
                break
            pause.wait(0.1)
        else:
            raise AssertionError("the sweep did not begin")
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        # long before those that hang are answered or time out
        output, _errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode != 0
    assert "Traceback" not in output, output
    assert "The sweep was interrupted: of 4 tenants, " in output
    return output


def test_ctrl_c_ends_a_sweep_in_which_tenants_hang_and_keeps_what_was_answered(
    tenants: Tenants,
) -> None:
    fleet = tenants(4)
    dest = fleet.ansible.cwd / "rows.ndjson"
    output = interrupted(fleet, sweep(dest=str(dest), concurrency=2), fleet.hosts[2:])
    assert not dest.exists()
    # what was answered so far, as private as the whole would be, and nothing else
    partial = dest.with_name("rows.ndjson.partial")
    assert f"The rows so far are in {partial}." in output
    assert list(dest.parent.glob("*rows*")) == [partial]
    assert {json.loads(line)["tenant_name"] for line in partial.read_text().splitlines()} == set(
        fleet.hosts[:2]
    )
    assert stat.S_IMODE(partial.stat().st_mode) == 0o600


def test_ctrl_c_without_a_file_keeps_what_was_answered_where_it_says(tenants: Tenants) -> None:
    fleet = tenants(4)
    output = interrupted(fleet, sweep(concurrency=2), fleet.hosts[2:])
    kept = Path(re.search(r"The result so far is in (\S+),", output)[1])  # type: ignore[index]
    told = json.loads(kept.read_text())
    assert (kept.name, stat.S_IMODE(kept.stat().st_mode)) == ("interrupted_sweep.json", 0o600)
    assert told["answered"] == fleet.hosts[:2]
    assert [len(one["incidents"]) for one in told["results"].values()] == [2, 2]
    assert told["coverage"] == {"asked": 4, "answered": 2, "failed": 0}


def test_ctrl_c_keeps_no_token(tenants: Tenants) -> None:
    fleet = tenants(4)
    task = sweep(module="access_token", module_args={}, concurrency=2)
    output = interrupted(fleet, task, fleet.hosts[:2])
    assert "is in" not in output.partition("The sweep was interrupted")[2]
    assert not list(fleet.ansible.folder.rglob("interrupted_sweep.json"))
    assert "eyJ" not in output
