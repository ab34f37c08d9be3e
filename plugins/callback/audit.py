# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The callback that keeps the audit trail."""

from __future__ import annotations

DOCUMENTATION = r"""
name: audit
type: notification
short_description: Keep an audit trail of all writes in the tenants
version_added: 0.1.0
author:
  - The mssp.defender_xdr contributors (@mssp)
description:
  - Adds one line for each write that a module of this collection sent to a tenant, or that check
    mode predicted, to a file of that tenant. Modules that only read leave no line, and neither does
    a write that was refused before it was sent.
  - The files are C(<tenant id>.ndjson) in O(audit_dir), with mode 0600. A line is a JSON object
    with the keys C(time), C(run_id), C(user), C(playbook), C(task), C(tenant), C(module),
    C(object), C(before), C(after), C(action_id), C(request_id), C(outcome) and C(previous).
  - C(time) is the time of the request in UTC. C(run_id) is the same for all lines of one run of
    Ansible. C(user) is the user who started the job in AWX, and otherwise the user of this machine
    who runs Ansible.
  - C(object), C(before) and C(after) are the object and the parts of it that the request changes.
    Check mode predicts one line for each request, and for the modules that manage the application
    and its consent one line for the whole change.
  - C(action_id) is the id of the machine action that the request started or cancelled, and
    C(request_id) the id with which Microsoft finds the request. Secrets are never in a line.
  - C(outcome) is V(succeeded), V(failed), V(outcome_unknown) if the response was lost and reading
    the object did not settle it, or V(predicted) in check mode.
  - C(previous) is the SHA-256 hash of the line before. C(<tenant id>.head) has the number of lines
    and the hash of the last one. P(mssp.defender_xdr.audit_info#module) reads the files, and
    reports lines that were changed, removed, added or moved.
  - Results with C(no_log) are recorded too.
  - If a line cannot be written, a warning at once gives the file and the reason, and the run ends
    with an exit status other than 0. If several callbacks are enabled, list this one last, because
    that end is not announced to those after it.
  - The writes of a task that is interrupted, for example with Ctrl+C, are not recorded. Those of
    ad hoc commands are recorded only with C(bin_ansible_callbacks) in the configuration, or
    E(ANSIBLE_LOAD_CALLBACK_PLUGINS).
requirements:
  - to be listed in C(callbacks_enabled) in the configuration, or in
    E(ANSIBLE_CALLBACKS_ENABLED)
options:
  audit_dir:
    description:
      - Folder for the audit files. If it does not exist, it is created with mode 0700.
      - Without it, a warning is shown, and nothing is recorded.
    type: path
    env:
      - name: DEFENDER_XDR_AUDIT_DIR
    ini:
      - section: defender_xdr
        key: audit_dir
seealso:
  - module: mssp.defender_xdr.audit_info
"""

import os
import typing as t

from ansible.plugins.callback import CallbackBase
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit import run as _run
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit.folder import Folder

AD_HOC: t.Final = "__adhoc_playbook__"  # core's name for the playbook of an ad hoc command
FAILED: t.Final = 1  # core's exit status for an error that is not of a host


class CallbackModule(CallbackBase):
    """Writes the lines as results arrive, in Ansible's main process."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "mssp.defender_xdr.audit"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._run = _run.Run(_run.user_of({}, os.environ))
        self._folder: Folder | None = None
        self._missing = 0  # lines that could not be written
        self._has_failed = False

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        if self.get_option("audit_dir"):
            self._folder = Folder(self.get_option("audit_dir"))
            name = playbook._file_name
            self._run.playbook = None if name == AD_HOC else name
            try:
                self._folder.prepare()
            except DefenderError as e:
                self._warn(e.message)
            return
        self.disabled = True
        self._display.warning(
            "The callback mssp.defender_xdr.audit is enabled, but audit_dir is not set, so no write"
            " is recorded. Set audit_dir under [defender_xdr] in ansible.cfg, or"
            " DEFENDER_XDR_AUDIT_DIR."
        )

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        manager = play.get_variable_manager()
        self._run.user = _run.user_of(getattr(manager, "extra_vars", None) or {}, os.environ)

    def _record(self, result: t.Any) -> None:
        if self._folder is None:
            return
        trails = self._run.lines(result)
        if not trails:
            return
        try:
            errors = self._folder.append(trails)
        except DefenderError as e:
            errors = dict.fromkeys(trails, e)
        if errors:
            rest = f" The same holds for {len(errors) - 1} more tenants." if len(errors) > 1 else ""
            self._warn(f"{next(iter(errors.values())).message}{rest}")
            self._missing += sum(len(trails[tenant_id]) for tenant_id in errors)

    def _warn(self, reason: str) -> None:
        self._has_failed = True
        self._display.warning(f"The audit trail is incomplete: {reason}")

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._record(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._record(result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._record(result)

    def v2_runner_retry(self, result: t.Any) -> None:
        self._record(result)

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        self._record(result)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        self._record(result)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        if not self._has_failed:
            return
        self._display.error(
            f"The audit trail of this run in {self.get_option('audit_dir')} is incomplete; number"
            f" of missing lines: {self._missing}."
        )
        # core shows an ordinary exception of a callback as a warning only
        raise SystemExit(FAILED)
