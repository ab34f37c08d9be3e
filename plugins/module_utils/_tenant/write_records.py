# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of a tenant's writes, for the audit trail: one for each request that was sent, or
that check mode would send.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import SECOND, format_time

PREDICTED: t.Final = "predicted"
SUCCEEDED: t.Final = "succeeded"
FAILED: t.Final = "failed"
UNKNOWN: t.Final = "outcome_unknown"
OUTCOMES: t.Final = (PREDICTED, SUCCEEDED, FAILED, UNKNOWN)
# Members of a request that a record leaves out: secrets, and the long text of a certificate.
LEFT_OUT: t.Final = frozenset({"key", "password", "secretText"})
# Statuses after which a write may have taken effect: the service timed out or failed while it ran.
# A 501 means that the operation does not exist.
MAY_HAVE_RUN: t.Final = frozenset({408, *range(500, 600)}) - {501}


@dataclasses.dataclass(frozen=True)
class Change:
    """The change that a request makes, in the words of results.

    :arg name: the object, such as `incident 12`; the objects of a batch.
    :arg before: the parts of the object that the request changes, as they are; `after` as they will
        be.
    :arg starts_action: the response is a machine action.
    """

    name: str | list[str]
    before: Json | None
    after: Json | None
    starts_action: bool = False


def of_application(app_id: str, before: Json, after: Json) -> Change:
    """A change of an application, or of its consent in a tenant; without secrets.

    :arg app_id: the application (client) id, or the display name of one that is not created yet.
    """
    return Change(f"application {app_id}", _shown(before), _shown(after))


def sent(path: str, payload: t.Any, change: Change | None, *, at: float) -> Json:
    """The record of a request whose outcome is not known yet.

    :arg path: names the object of a request without a `change`, whose content is then `after`.
    :arg at: the time of the request in seconds since 1970.
    """
    if change is None:
        after = _shown(payload) if isinstance(payload, dict) else None
        change = Change(path.partition("?")[0], None, after)
    return {
        "time": format_time(int(at * 1000) * (SECOND // 1000)),
        "object": change.name,
        "before": change.before,
        "after": change.after,
        "action_id": None,
        "request_id": None,
        "outcome": UNKNOWN,
    }


def predicted(change: Change, *, at: float) -> Json:
    """The record of a request that check mode does not send."""
    return {**sent("", None, change, at=at), "outcome": PREDICTED}


def outcome_of(error: DefenderError) -> str:
    """The outcome of a request that was sent and then failed.

    Only a status that refuses the request proves that it had no effect.
    """
    status = error.status or 0
    is_refusal = status >= 300 and status not in MAY_HAVE_RUN
    return FAILED if is_refusal and error.category != UNKNOWN else UNKNOWN


def settle(records: t.Sequence[Json], outcome: str) -> None:
    """A look at the object showed the outcome of the last request, if it was unknown."""
    if records and records[-1]["outcome"] == UNKNOWN:
        records[-1]["outcome"] = outcome


def _shown(value: t.Any) -> t.Any:
    """A request's content without what records leave out."""
    if isinstance(value, dict):
        return {name: _shown(member) for name, member in value.items() if name not in LEFT_OUT}
    return [_shown(member) for member in value] if isinstance(value, list) else value
