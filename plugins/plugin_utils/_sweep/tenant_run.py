# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The run of a module for one tenant: its arguments, its result, its failure or crash.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._module import Call
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _execution
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.arguments import Arguments
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.interruption import (
    Interrupted,
)


@dataclasses.dataclass
class Job:
    """The run for one tenant: its arguments, or the error in them.

    :arg expected: the states before and after the change, if a plan is applied.
    :arg call: with the checked arguments and the tokens, for a second pass.
    """

    host: str
    arguments: dict[str, t.Any] = dataclasses.field(repr=False)
    error: DefenderError | None = None
    expected: tuple[Json, Json] | None = dataclasses.field(default=None, repr=False)
    call: Call | None = dataclasses.field(default=None, repr=False)


def job_for(host: str, arguments: Arguments) -> Job:
    try:
        return Job(host, arguments.of(host))
    except DefenderError as e:
        return Job(host, {}, e)
    except (Interrupted, KeyboardInterrupt):
        raise
    except BaseException as e:
        # an undefined variable, a lookup that failed or panicked: a failure of this tenant only
        return Job(
            host,
            {},
            DefenderError(
                "bad_request",
                f"The arguments for {host} cannot be templated: {_scrub.text(str(e), ())}",
            ),
        )


class Jobs(t.Iterable[Job]):
    """The jobs of these hosts, whose arguments are resolved only as they are taken."""

    def __init__(self, hosts: t.Sequence[str], arguments: Arguments) -> None:
        self.hosts = hosts
        self._arguments = arguments

    def __iter__(self) -> t.Iterator[Job]:
        return (job_for(host, self._arguments) for host in self.hosts)

    def of(self, hosts: t.Sequence[str]) -> Jobs:
        """The jobs of some of the hosts."""
        return Jobs(hosts, self._arguments)


def serve(job: Job, *, module: t.Any, check_mode: bool) -> Json:
    """The result of the module for one tenant; a DefenderError becomes a failed result."""
    secrets = _scrub.secrets_of(module.SPEC["argument_spec"], job.arguments)
    try:
        if job.error:
            raise job.error
        if job.call is None:
            params = _execution.validated(module.SPEC, job.arguments)
            job.call = Call(module.run, params, expected=job.expected)
        return _execution.performed(job.call, secrets, check_mode=check_mode)
    except DefenderError as e:
        return _scrub.result(e.as_result(), secrets)
    except Exception as e:  # by now, secrets contains the tokens of the call
        return _scrub.crash(e, secrets)


def crashed(module: t.Any, job: Job, error: BaseException) -> Json:
    """The failed result for a crash in one tenant, so that the others go on."""
    try:
        return _scrub.crash(error, _scrub.secrets_of(module.SPEC["argument_spec"], job.arguments))
    except Exception:  # such as text that cannot be encoded
        text = (
            f"The module failed unexpectedly for {job.host}, and its error cannot be shown; report"
            " this as a bug."
        )
        return DefenderError("unavailable", text, who="partner").as_result()


def unserved(host: str, how: str) -> Json:
    """The failed result for a host whose process ended before it had answered."""
    text = f"The process that queried {host} {how}, so its answer is unknown."
    advice = "Check the memory of the controller, or set forks to 1 to query from one process."
    return DefenderError("unavailable", text, who="partner", advice=advice).as_result()


def lost(host: str, *, unclear: bool) -> Json:
    """The failed result for a host that was no longer in the play when the sweep began."""
    reason = "an earlier task failed for it"
    if unclear:
        reason += (
            ", or the play ended it on purpose (meta: end_host); this version of ansible-core does"
            " not show which"
        )
    return DefenderError(
        "unavailable", f"Host {host} was lost before the sweep: {reason}.", who="caller"
    ).as_result()
