# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sweep that reads many tenants uses the processors that Ansible's forks allow, and says the same
as with one."""

from __future__ import annotations

import os
import re
import signal
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import (
    _concurrency,
    _processes,
)
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Json, Lab, running
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Started
from ansible_collections.mssp.defender_xdr.tests.behaviour.sweep.conftest import sweep

MANY: t.Final = 2 * _processes.SHARE + 1
pytestmark = pytest.mark.skipif(
    _processes.processors(Path("/")) < 2, reason="The machine has one processor."
)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    """Enough healthy tenants for two processes."""
    folder = tmp_path_factory.mktemp("many") / "lab"
    with running(folder, "--tenants", str(MANY), "--sick", "none", "--incidents", "1") as lab:
        yield lab


@pytest.fixture
def ansible(ansible: Ansible, many: Lab) -> Ansible:
    ansible.inventory = many.inventory
    return ansible


def play(*tasks: Json) -> list[Json]:
    return [{"hosts": "tenants", "tasks": list(tasks)}]


def served_by(ansible: Ansible, *arguments: str) -> list[int]:
    """How many tenants each process served: each one's failure names the process."""
    task = sweep(module_args={"limit": "{{ lookup('pipe', 'echo of $PPID') }}"})
    told = ansible.playbook(play(task), *arguments).result("sweep")
    pids = [re.findall(r"of (\d+)", one["msg"])[0] for one in told["failures"].values()]
    return sorted(pids.count(pid) for pid in set(pids))


def test_as_many_processes_as_forks_and_processors_allow_share_the_tenants(
    ansible: Ansible,
) -> None:
    assert served_by(ansible) == [_processes.SHARE, _processes.SHARE + 1]
    assert served_by(ansible, "--forks", "1") == [MANY]


def test_several_processes_say_what_one_says(ansible: Ansible, many: Lab) -> None:
    file = ansible.cwd / "rows.ndjson"
    tasks = sweep(module_args={"limit": 2}), sweep("rows", dest=str(file))
    told: list[t.Any] = []
    for forks in ("5", "1"):
        run = ansible.playbook(play(*tasks), "--forks", forks).good()
        results = [run.result(name) for name in ("sweep", "rows")]
        for one in results:
            one.pop("asked_at")
        told.append([*results, sorted(file.read_text().splitlines())])
        file.unlink()
    assert told[0] == told[1]
    result, _unused, rows = told[0]
    assert result["answered"] == list(many.truth)
    assert len(rows) == MANY


def test_a_warning_of_many_tenants_is_in_the_result_once(ansible: Ansible) -> None:
    limit = "{{ 1 if lookup('file', '/nowhere', errors='warn') else 2 }}"
    told = ansible.playbook(play(sweep(module_args={"limit": limit}))).good().result("sweep")
    (warning,) = told["warnings"]
    assert "/nowhere" in warning


def children(pid: int) -> list[int]:
    paths = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in paths for child in path.read_text().split()]


@pytest.fixture
def waiting(ansible: Ansible, many: Lab) -> t.Iterator[Started]:
    """A sweep whose tenants all wait for their incidents."""
    since = many.now()
    many.control("POST", "faults", origin="graph", delay=60, times=MANY)
    task = sweep(module_args={"limit": 1})
    started = ansible.start("playbook", ansible.written(play(task)))
    try:
        pause = threading.Event()
        for _unused in range(600):
            tokens = sum(line["path"].endswith("/token") for line in many.journal(since))
            if tokens >= _concurrency.START:  # as many tenants are queried at once
                break
            pause.wait(0.05)
        yield started
    finally:
        many.relent()


def helpers(run: Started) -> list[int]:
    """The processes of the sweep beside Ansible's worker."""
    (worker,) = children(run.process.pid)
    return children(worker)


def test_a_process_that_is_killed_costs_only_its_own_tenants(waiting: Started, many: Lab) -> None:
    first, second = helpers(waiting)
    os.kill(first, signal.SIGKILL)
    many.relent()
    told = waiting.done().good().result("sweep")
    assert len(told["answered"]) + len(told["failures"]) == MANY
    assert len(told["answered"]) in (_processes.SHARE, _processes.SHARE + 1)
    for host, failure in told["failures"].items():
        assert f"The process that queried {host} was ended by SIGKILL" in failure["msg"]
        assert failure["who"] == "partner"
    assert not Path(f"/proc/{second}").exists()


def test_ctrl_c_ends_all_processes(waiting: Started) -> None:
    pids = helpers(waiting)
    assert len(pids) == 2
    waiting.process.send_signal(signal.SIGINT)
    run = waiting.done()
    assert run.code != 0
    assert f"The sweep was interrupted: of {MANY} tenants, 0 had answered" in run.output
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
