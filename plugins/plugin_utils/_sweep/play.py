# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task for all tenants of a play: where it cannot run, and how it ends.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import signal
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import (
    _core,
    _door,
    _execution,
    _writes,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.interruption import (
    Interrupted,
    interruptible,
)


def check(task: t.Any, variables: t.Mapping[str, t.Any], *, concurrency: int | None) -> None:
    """Raise `bad_request` if one task cannot serve the whole batch.

    :arg variables: those of the task, as core's strategy made them.
    """
    if concurrency is not None and concurrency < 1:
        raise DefenderError("bad_request", f"concurrency is {concurrency}, but must be at least 1.")
    strategy = _core.play_of(task).strategy
    if _core.is_free(strategy):
        raise DefenderError(
            "bad_request",
            f"strategy is {strategy}, which has no batches because each host runs at its own pace;"
            " use linear.",
        )
    if task.async_val:
        raise DefenderError(
            "bad_request",
            f"async is {task.async_val}, but a sweep runs in Ansible's worker and does not support"
            " it; remove async.",
        )
    hosts = len(variables["ansible_play_batch"])
    if hosts > 1 and not task.run_once:
        raise DefenderError(
            "bad_request",
            f"run_once is not set, so each of {hosts} hosts would sweep all of them; add run_once:"
            " true.",
        )


def served(action: t.Any, work: t.Callable[[], Json]) -> Json:
    """The result of the task: that of `work`, or its DefenderError as a failed one."""
    _execution.freeze_gc()
    try:
        with (
            _writes.handing_over(action._task) as result,
            interruptible(),
            _execution.environment(action),
        ):
            result |= _door.private(work())
    except DefenderError as e:
        return e.as_result()
    except Interrupted as e:
        # core ends the worker its own way; by now the files are complete or removed
        signal.raise_signal(e.args[0])
        raise
    return result
