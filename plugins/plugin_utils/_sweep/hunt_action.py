# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hunt sweep: many queries in every tenant of the play, in one task and one process.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import (
    _batch,
    _coverage,
    _execution,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    hunt_outcomes as _outcomes,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    hunt_questions as _questions,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    hunt_summary as _summary,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    play as _play,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    tenant_run as _run,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.arguments import Arguments
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.hunt_run import MODULE, Hunt
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.interruption import (
    Interrupted,
)

NO_HUNTS: t.Final = "hunts has no query to run, so no tenant was queried."


class HuntSweep(ActionBase):
    """Asks every question in every tenant."""

    spec: t.ClassVar[dict[str, t.Any]]  # of the module hunt_sweep, from its action file
    _supports_async = True  # so that the refusal is ours, with the remedy

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Json:
        super().run(tmp, task_vars)
        del tmp
        variables = task_vars or {}
        return _play.served(self, lambda: self._checked(variables))

    def _checked(self, variables: Json) -> Json:
        params = _execution.validated(self.spec, dict(self._task.args))
        too_many = _coverage.threshold(params["fail_when"])
        _play.check(self._task, variables, concurrency=params["concurrency"])
        questions, not_run = _questions.checked(
            params["hunts"], timespan=params["timespan"], limit=params["limit"]
        )
        if params["resume"] and not params["dest"]:
            raise DefenderError(
                "bad_request",
                "resume is true, but dest is not set; set it to the folder of the earlier run.",
            )
        batch = _batch.batch(self._task, variables)
        _check_canary(params["canary"], batch)
        if not questions:
            return _nothing_to_ask(not_run)
        arguments = Arguments(self._task, MODULE, {}, variables, loader=self._loader)
        hunt = Hunt(batch, questions, params, check_mode=bool(self._task.check_mode))
        try:
            result = hunt.result({host: _run.job_for(host, arguments) for host in batch.asked})
        except Interrupted:
            hunt.say_what_is_kept()
            raise
        _outcomes.judge(result, hunt.outcomes, batch, too_many, fail_when=params["fail_when"])
        if not_run:
            result["not_run"] = not_run
        return {**result, "summary": _summary.lines(result)}


def _check_canary(canary: str, batch: _batch.Batch) -> None:
    """Raise `bad_request` for a canary that cannot be asked."""
    if canary and canary not in batch.asked:
        raise DefenderError(
            "bad_request",
            f"canary is {canary}, which is not a host of the play's current batch; name one of"
            " its hosts.",
        )
    if canary in batch.lost or canary in batch.unclear:
        raise DefenderError(
            "bad_request",
            f"canary is {canary}, for which an earlier task failed; name a host that is still in"
            " the play.",
        )


def _nothing_to_ask(not_run: t.Sequence[Json]) -> Json:
    return {
        "changed": False,
        "hunts": {},
        "tenants": {},
        "coverage": _outcomes.coverage({}),
        "summary": [NO_HUNTS],
        "warnings": [NO_HUNTS],
        **({"not_run": list(not_run)} if not_run else {}),
    }
