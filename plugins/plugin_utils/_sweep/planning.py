# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan made out of the answers of a sweep in check mode, and the runs that apply one.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting import (
    guard_rails as _guard_rails,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.late_credential import LATE
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import TENANT_SPEC
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.permissions import MODULES
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _execution
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._batch import Batch
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    plan_file as _plan_file,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    two_passes as _two_passes,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.tenant_run import Job

COLLECTION: t.Final = "mssp.defender_xdr"
OF_TENANT: t.Final = frozenset({*TENANT_SPEC, LATE, "tenant_name"})
PINNED: t.Final = "api"  # the only tenant option that decides what an object looks like


def opened(params: Json, key: bytes | None) -> _plan_file.Plan | None:
    """The plan that the task applies, if it does; raises `bad_request` and `refused`."""
    path = params["apply"]
    if path is None:
        return None
    if params["module_args"]:
        raise DefenderError(
            "bad_request",
            "module_args is set beside apply, but the plan has the arguments; remove module_args.",
        )
    plan = _plan_file.parse(path, _plan_file.read(path, option="apply"), key)
    if (
        plan.module not in MODULES
        or _two_passes.noun_of(_execution.module_named(plan.module)) is None
    ):
        raise DefenderError(
            "refused", f"{path} is a plan for {plan.module}, which cannot be applied."
        )
    return plan


def check(params: Json, module: t.Any, variables: Json, *, check_mode: bool) -> None:
    """Raise `bad_request` for a module that changes nothing, a file that cannot be written, and for
    batches, each of which would replace the plan of the one before."""
    if params["plan"] is None:
        return
    if len(variables["ansible_play_batch"]) < len(variables["ansible_play_hosts"]):
        raise DefenderError(
            "bad_request",
            "plan is set, but the play sets serial, so each batch would replace the plan; remove"
            " serial.",
        )
    if _two_passes.noun_of(module) is None:
        raise DefenderError(
            "bad_request",
            f"plan is set, but {params['module']} is not one of the modules that a plan can hold;"
            " remove plan.",
        )
    if not check_mode:
        _files.check(params["plan"], option="plan")


def save(
    path: str,
    module: str,
    jobs: t.Iterable[Job],
    results: t.Mapping[str, Json],
    *,
    key: bytes | None,
    asked: int,
) -> None:
    """Write the plan: one line for each result that would change something."""
    entries = [
        _entry(module, job, results[job.host])
        for job in jobs
        if results.get(job.host, {}).get("changed")
    ]
    head = {
        "collection": COLLECTION,
        "created": _times.this_second(),
        "run_id": str(uuid.uuid4()),
        "module": module,
        "tenants": asked,
        "changes": len(entries),
    }
    _files.write(path, _plan_file.text(head, entries, key), option="plan")


def _entry(module: str, job: Job, result: Json) -> Json:
    records = result.get("writes") or [{}]
    return {
        "tenant": result["tenant"],
        "module": module,
        "arguments": {
            name: value
            for name, value in job.arguments.items()
            if value is not None and (name == PINNED or name not in OF_TENANT)
        },
        "object": records[0].get("object"),
        "before": result["before"],
        "after": result["after"],
    }


def jobs_of(plan: _plan_file.Plan, batch: Batch, jobs: t.Iterable[Job]) -> tuple[Batch, list[Job]]:
    """The hosts of the plan's tenants, and their runs.

    Raises `refused` for a tenant that is no host of the play, or has two lines in the plan.

    :arg jobs: of every host of the batch, with the tenant options.
    """
    for entry in plan.entries:
        _check_arguments(entry["arguments"])
    by_tenant: dict[tuple[str, str], Job] = {}
    for job in jobs:
        if not job.error:
            by_tenant.setdefault(_tenant_of(job), job)
    made: dict[str, Job] = {}
    unknown: list[str] = []
    for entry in plan.entries:
        tenant = entry["tenant"]
        match = by_tenant.get((str(tenant["id"]).lower(), tenant["cloud"]))
        if match is None:
            unknown.append(f"{tenant['name']} ({tenant['id']})")
        elif match.host in made:
            raise DefenderError(
                "refused", f"The plan has two lines for {match.host}; make a plan for each module."
            )
        else:
            made[match.host] = _planned(match, entry)
    if unknown:
        raise DefenderError(
            "refused",
            f"The plan has tenants that are no hosts of this sweep ({_guard_rails.named(unknown)}),"
            " so nothing of it is applied; run it for these hosts too.",
        )
    hosts = [host for host in batch.asked if host in made]
    kept = Batch(hosts, lost=batch.lost & made.keys(), unclear=batch.unclear & made.keys())
    return kept, [made[host] for host in hosts]


def _check_arguments(arguments: Json) -> None:
    """Raise `refused` for a tenant option, such as a URL to which a token would be sent. A sweep
    writes none into its plan, but without a key anybody can make a plan."""
    if strange := sorted((OF_TENANT - {PINNED}) & arguments.keys()):
        raise DefenderError(
            "refused",
            f"The plan sets {', '.join(strange)}, but only the inventory sets options of a tenant;"
            " make the plan again with a sweep.",
        )


def _tenant_of(job: Job) -> tuple[str, str]:
    return str(job.arguments.get("tenant_id")).lower(), job.arguments.get("cloud") or "public"


def _planned(job: Job, entry: Json) -> Job:
    """The run of one line: the host's tenant options, and nothing else but the plan."""
    options = {name: value for name, value in job.arguments.items() if name in OF_TENANT}
    return dataclasses.replace(
        job,
        arguments={**options, **entry["arguments"]},
        expected=(entry["before"], entry["after"]),
    )
