# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes each result, as every callback sees it, into the file that BEHAVIOUR_RESULTS names."""

from __future__ import annotations

import json
import os
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: behaviour_results
type: notification
short_description: Results for the behaviour tests
description: One JSON object a line.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "behaviour_results"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, event: str, result: t.Any) -> None:
        told = {
            "event": event,
            "task": result.task.name or result.task.action,
            "host": result.host.name,
            "result": result.result,
        }
        with open(os.environ["BEHAVIOUR_RESULTS"], "a", encoding="utf-8") as f:
            f.write(json.dumps(told, default=str) + "\n")

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._write("ok", result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._write("failed", result)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        self._write("skipped", result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._write("unreachable", result)

    def v2_runner_retry(self, result: t.Any) -> None:
        self._write("retry", result)
