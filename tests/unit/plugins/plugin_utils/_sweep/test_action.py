# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a sweep knows in both of its passes."""

from __future__ import annotations

import math
import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import service_load
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _concurrency, _pool
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import action as _action
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import tenant_run
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.tenant_run import Job

Json = dict[str, t.Any]


def test_the_second_pass_goes_on_with_the_number_of_tenants_that_the_first_one_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once: list[int] = []

    def each(
        jobs: t.Iterable[Job], work: t.Any, *, limit: t.Callable[[], int], **more: t.Any
    ) -> t.Iterator[tuple[Job, Json]]:
        for job in jobs:
            at_once.append(limit())
            yield job, work(job)

    def serve(job: Job, **more: t.Any) -> Json:
        service_load.report("graph", "answered")
        return {"changed": True}

    monkeypatch.setattr(_pool, "each", each)
    monkeypatch.setattr(tenant_run, "serve", serve)
    monkeypatch.setattr(_concurrency, "ceiling", lambda: 256)
    monkeypatch.setattr(_concurrency, "PERIOD", math.inf)  # the processor is never busy
    sweep: t.Any = object.__new__(_action.Sweep)
    sweep._task = types.SimpleNamespace(check_mode=False)
    params = {"concurrency": None, "max_changes": 0, "plan": None, "apply": None}
    jobs = [Job("contoso", {}), Job("fabrikam", {})]
    list(sweep._answers(types.SimpleNamespace(CHANGES="incident"), params, jobs))
    assert at_once == [32, 33, 34, 35]
