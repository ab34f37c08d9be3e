# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of Ansible in the audit trail: who runs what, and the lines for the results of its tasks.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import os
import pwd
import typing as t
import uuid

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _writes

COLLECTION: t.Final = "mssp.defender_xdr."
# AWX passes the user who started the job as extra variables.
OF_AWX: t.Final = ("awx_user_name", "tower_user_name")
OF_A_RECORD: t.Final = ("object", "before", "after", "action_id", "request_id", "outcome")


@dataclasses.dataclass
class Run:
    """What the lines of one run have in common."""

    user: str
    playbook: str | None = None
    run_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))

    def lines(self, result: t.Any) -> dict[str, list[Json]]:
        """The lines for a result that core hands to a callback, without `previous`, by tenant id.

        Of a loop, each item has a result of its own.
        """
        task = result.task
        if not is_ours(task) or isinstance(result.result.get("results"), list):
            return {}
        handed_over = _writes.handed_over(result.task_fields)
        lines: dict[str, list[Json]] = {}
        for place in _writes.by_tenant(result.result) if handed_over is None else handed_over:
            tenant = place["tenant"]
            lines.setdefault(str(tenant.get("id")), []).extend(
                {
                    "time": record.get("time"),
                    "run_id": self.run_id,
                    "user": self.user,
                    "playbook": self.playbook,
                    "task": task.get_name(),
                    "tenant": tenant,
                    "module": place["module"] or module_of(task),
                    **{key: record.get(key) for key in OF_A_RECORD},
                }
                for record in place["writes"]
            )
        return lines


def is_ours(task: t.Any) -> bool:
    """Whether the task runs a module of this collection."""
    return str(getattr(task, "resolved_action", None) or task.action).startswith(COLLECTION)


def module_of(task: t.Any) -> str:
    """The full name of the module that wrote; for a sweep, of the one that it ran."""
    name = str(task.action).rpartition(".")[2]
    if name == "sweep":
        name = str(task.args.get("module", name)).rpartition(".")[2]
    return f"{COLLECTION}{name}"


def user_of(extra_variables: t.Mapping[str, t.Any], environment: t.Mapping[str, str]) -> str:
    """Who runs Ansible: the user of AWX who started the job, else the user of this machine."""
    for place in (extra_variables, environment):
        for name in OF_AWX:
            if place.get(name):
                return str(place[name])
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # such as in a container with an arbitrary user id
        return str(os.getuid())
