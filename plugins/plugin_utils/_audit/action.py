# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of module audit_info: reads the audit trails on the controller.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import os
import typing as t

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import callback_loader
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _execution, _writes
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit.folder import OPTION
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit.review import review

ADVICE: t.Final = (
    "Keep the files as they are, compare them with a backup, and find out who changed them; trails"
    " of other tenants are not affected."
)
SHOWN: t.Final = 5  # problems in the message; the result has them all


class AuditInfo(ActionBase):
    """Reads and checks the trails in the worker."""

    spec: t.ClassVar[Json]  # of the module audit_info, from its action file
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        super().run(tmp, task_vars)
        del tmp
        try:
            params = _execution.validated(self.spec, dict(self._task.args))
            return audited(params, configured())
        except DefenderError as e:
            return e.as_result()


def configured() -> str | None:
    """The folder that the configuration of the callback names."""
    # core knows the options of a collection's plugin only after this
    name = callback_loader.get(_writes.CALLBACK, class_only=True)._load_name
    return t.cast(
        "str | None", C.config.get_config_value(OPTION, plugin_type="callback", plugin_name=name)
    )


def audited(params: Json, default: str | None) -> Json:
    """The result; raises `bad_request` for invalid options, and `conflict` for a trail with
    problems unless they are only to be reported.

    :arg default: the folder without the option.
    """
    path = params[OPTION] or default
    if not path:
        raise DefenderError(
            "bad_request",
            f"{OPTION} is not set; set it in the task, under [defender_xdr] in ansible.cfg, or as"
            " DEFENDER_XDR_AUDIT_DIR.",
        )
    path = os.path.abspath(path)
    since = params["since"]
    trails = review(
        path, since=_times.parse_time("since", since, at=_times.now()) if since else None
    )
    result: Json = {
        "changed": False,
        "records": trails.records,
        "count": len(trails.records),
        "valid": not trails.problems,
        "problems": trails.problems,
    }
    if trails.problems and params["on_problem"] == "fail":
        raise DefenderError(
            "conflict", _message(path, trails.problems), advice=ADVICE, facts=result
        )
    return result


def _message(path: str, problems: list[Json]) -> str:
    texts = []
    for problem in problems[:SHOWN]:
        place = os.path.basename(problem["file"])
        line = f", line {problem['line']}" if problem["line"] else ""
        texts.append(f"{place}{line}: {problem['text']}")
    more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return f"The audit trail in {path} is not intact: {'; '.join(texts)}{more}."
