# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan holds what would change and nothing that is secret, and is applied to its tenants only."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._batch import Batch
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    plan_file as _plan_file,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    planning as _planning,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.tenant_run import Job

Json = dict[str, t.Any]
HOSTS: t.Final = ("contoso", "fabrikam", "litware")
SECRET: t.Final = "hunter2"


def job(host: str, **arguments: t.Any) -> Job:
    options = {"tenant_id": f"ID-{host}", "client_secret": SECRET, "api": "graph"}
    return Job(host, {**options, "id": "7", "status": None, **arguments})


def result(host: str, *, changed: bool = True) -> Json:
    return {
        "tenant": {"id": f"id-{host}", "name": host, "cloud": "public"},
        "changed": changed,
        "before": {"status": "active"},
        "after": {"status": "resolved"},
        "writes": [{"object": "incident 7"}],
    }


def saved(path: Path, results: t.Mapping[str, Json]) -> _plan_file.Plan:
    jobs = [job(host) for host in HOSTS]
    _planning.save(str(path), "incident", jobs, results, key=None, asked=3)
    return _plan_file.parse(str(path), path.read_bytes(), None)


def test_a_plan_has_one_line_for_each_change_and_no_credential(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    results = {"contoso": result("contoso"), "fabrikam": result("fabrikam", changed=False)}
    plan = saved(path, results)
    assert plan.entries == [
        {
            "tenant": results["contoso"]["tenant"],
            "module": "incident",
            "arguments": {"api": "graph", "id": "7"},
            "object": "incident 7",
            "before": {"status": "active"},
            "after": {"status": "resolved"},
        }
    ]
    assert {name: plan.head[name] for name in ("module", "tenants", "changes")} == {
        "module": "incident",
        "tenants": 3,
        "changes": 1,
    }
    assert SECRET not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_plan_is_applied_with_its_arguments_and_the_options_of_the_host(tmp_path: Path) -> None:
    plan = saved(tmp_path / "plan", {host: result(host) for host in HOSTS[:2]})
    batch = Batch(list(HOSTS), lost=frozenset({"fabrikam", "litware"}))
    kept, jobs = _planning.jobs_of(plan, batch, [job(host, status="x", id="8") for host in HOSTS])
    assert kept == Batch(["contoso", "fabrikam"], lost=frozenset({"fabrikam"}))
    assert jobs[0].arguments == {
        "tenant_id": "ID-contoso",
        "client_secret": SECRET,
        "api": "graph",
        "id": "7",
    }
    assert jobs[0].expected == ({"status": "active"}, {"status": "resolved"})


@pytest.mark.parametrize(
    "jobs",
    [
        [job("contoso")],
        [job("contoso"), job("fabrikam", cloud="gcc")],
        [job("contoso"), Job("fabrikam", {}, DefenderError("bad_request", "No."))],
    ],
)
def test_a_tenant_that_is_no_host_of_the_sweep_refuses_the_plan(
    jobs: list[Job], tmp_path: Path
) -> None:
    plan = saved(tmp_path / "plan", {host: result(host) for host in HOSTS[:2]})
    with pytest.raises(DefenderError) as caught:
        _planning.jobs_of(plan, Batch([job.host for job in jobs]), jobs)
    assert caught.value.category == "refused"
    assert "(fabrikam (id-fabrikam)), so nothing of it is applied" in caught.value.message


def test_two_lines_for_one_tenant_are_refused() -> None:
    entry = {"tenant": result("contoso")["tenant"], "arguments": {}, "before": {}, "after": {}}
    plan = _plan_file.Plan({"module": "incident"}, [entry, entry])
    with pytest.raises(DefenderError, match="The plan has two lines for contoso"):
        _planning.jobs_of(plan, Batch(["contoso"]), [job("contoso")])


@pytest.mark.parametrize("option", ["tenant_id", "graph_url", "client_secret", "protected_tags"])
def test_a_plan_cannot_set_an_option_of_the_tenant(option: str) -> None:
    entry = {
        "tenant": result("contoso")["tenant"],
        "arguments": {"id": "7", option: "https://elsewhere.example"},
        "before": {},
        "after": {},
    }
    plan = _plan_file.Plan({"module": "incident"}, [entry])
    with pytest.raises(DefenderError, match=f"The plan sets {option}, but only the inventory") as e:
        _planning.jobs_of(plan, Batch(["contoso"]), [job("contoso")])
    assert e.value.category == "refused"


def test_a_play_in_batches_makes_no_plan(tmp_path: Path) -> None:
    module: t.Any = type("Module", (), {"CHANGES": "incident"})
    params = {"plan": str(tmp_path / "plan"), "module": "incident"}
    hosts = {"ansible_play_hosts": list(HOSTS)}
    _planning.check(params, module, {**hosts, "ansible_play_batch": list(HOSTS)}, check_mode=False)
    with pytest.raises(DefenderError, match="so each batch would replace the plan; remove serial"):
        _planning.check(params, module, {**hosts, "ansible_play_batch": ["a"]}, check_mode=True)
