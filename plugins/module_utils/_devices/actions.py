# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machine actions of the Endpoint API: what was done to devices, in the words of results.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t
from urllib.parse import quote

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import pages as _pages
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

if t.TYPE_CHECKING:
    from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api

PATH: t.Final = "/api/machineactions"
# From learn.microsoft.com/defender-endpoint/api/machineaction: the word of results, and the
# service's.
TYPES: t.Final[t.Mapping[str, str]] = {
    "run_anti_virus_scan": "RunAntiVirusScan",
    "offboard": "Offboard",
    "live_response": "LiveResponse",
    "collect_investigation_package": "CollectInvestigationPackage",
    "isolate": "Isolate",
    "unisolate": "Unisolate",
    "stop_and_quarantine_file": "StopAndQuarantineFile",
    "restrict_code_execution": "RestrictCodeExecution",
    "unrestrict_code_execution": "UnrestrictCodeExecution",
}
STATUSES: t.Final[t.Mapping[str, str]] = {
    "pending": "Pending",
    "in_progress": "InProgress",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "timed_out": "TimeOut",
    "cancelled": "Cancelled",
}
OPEN: t.Final = frozenset({"pending", "in_progress"})
FIELDS: t.Final = (
    "id",
    "type",
    "title",
    "requestor",
    "requestor_comment",
    "status",
    "machine_id",
    "computer_dns_name",
    "creation_date_time_utc",
    "last_update_date_time_utc",
    "cancellation_requestor",
    "cancellation_comment",
    "cancellation_date_time_utc",
    "error_h_result",
    "scope",
    "external_id",
    "request_source",
    "related_file_info",
    "commands",
    "troubleshoot_info",
)
UPDATED: t.Final = "last_update_date_time_utc"
ID: t.Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
SHA1: t.Final = re.compile(r"[0-9a-fA-F]{40}")
# The service's word for a type or status is in the table, except for those it may add later.
STATUS_OF: t.Final = {word.lower(): status for status, word in STATUSES.items()}


def normalized(thing: Json) -> Json:
    """An action in the words of results. Older payloads have another name for its last update."""
    plain = {name: value for name, value in thing.items() if "@odata." not in name}
    action: Json = _odata.snake_names(plain)
    if "last_update_time_utc" in action:
        action[UPDATED] = action.pop("last_update_time_utc")
    action["type"] = _odata.snake(str(action.get("type") or ""))
    status = str(action.get("status") or "")
    action["status"] = STATUS_OF.get(status.lower(), _odata.snake(status))
    return action


def sha1(text: str) -> str:
    """A file's SHA-1 hash in lower case; raises `bad_request` for anything else."""
    if not SHA1.fullmatch(text.strip()):
        raise DefenderError(
            "bad_request", f"sha1 is {text!r}, but a SHA-1 hash has 40 hexadecimal digits."
        )
    return text.strip().lower()


def is_open(action: Json) -> bool:
    """Whether the action has not ended."""
    return action["status"] in OPEN


def created(action: Json) -> int:
    """When it was requested, in ticks; 0 if the service does not say."""
    return _ticks(action.get("creation_date_time_utc"))


def updated(action: Json) -> int:
    """When its status last changed, in ticks; 0 if the service does not say."""
    return _ticks(action.get(UPDATED))


def _ticks(text: t.Any) -> int:
    return _times.read_time(text) if isinstance(text, str) and text else 0


def described(action: Json) -> str:
    """An action for a message, with who requested it."""
    return f"{action['type']} ({action['id']}, requested by {action.get('requestor')})"


def get(api: Api, key: str) -> Json:
    """The action with this id; raises `not_found`."""
    return read(api, api.get(f"{PATH}/{quote(key, safe='')}"))


def read(api: Api, answer: Json) -> Json:
    """The action that a response is."""
    return _pages.single(api, answer, "action", normalized)


def of_device(api: Api, machine_id: str, types: t.Iterable[str]) -> list[Json]:
    """The device's actions of these types, newest first."""
    literals = [_odata.quote(TYPES[name]) for name in types]
    machine = f"machineId eq {_odata.quote(machine_id)}"
    return listed(api, [_odata.all_of([machine, _odata.any_of("type", literals)])])


def listed(api: Api, texts: t.Iterable[str | None]) -> list[Json]:
    """The actions of these filters, newest first."""
    rows = [row for text in texts for row in _pages.pages(api, PATH, "action", normalized, text)]
    return sorted(rows, key=created, reverse=True)
