# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Endpoint API in memory, with a clock that only waiting and requests move: devices, their
actions and what these collected, other clients, and lost responses."""

from __future__ import annotations

import dataclasses
import datetime
import re
import types
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Answer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import Change
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import Recorder

Json = dict[str, t.Any]
MACHINE: t.Final = "a" * 40
NAME: t.Final = "web1.contoso.example"
EPOCH: t.Final = datetime.datetime(2026, 11, 27, tzinfo=datetime.UTC)
OF_PATH: t.Final = {
    "isolate": "Isolate",
    "unisolate": "Unisolate",
    "runAntiVirusScan": "RunAntiVirusScan",
    "restrictCodeExecution": "RestrictCodeExecution",
    "unrestrictCodeExecution": "UnrestrictCodeExecution",
    "collectInvestigationPackage": "CollectInvestigationPackage",
    "runliveresponse": "LiveResponse",
    "startInvestigation": "StartInvestigation",
}
INVESTIGATION: t.Final = "StartInvestigation"  # which is no type of a machine action
STORAGE: t.Final = "https://storage.example/"
LATENCY: t.Final = 0.05  # seconds of each request


def machine(**members: t.Any) -> Json:
    return {
        "id": MACHINE,
        "computerDnsName": NAME,
        "lastSeen": "2026-11-26T08:00:00Z",
        "healthStatus": "Active",
        "onboardingStatus": "onboarded",
        "machineTags": [],
        **members,
    }


@dataclasses.dataclass
class Endpoint(Recorder):
    """An API of one tenant.

    :arg seconds: how long each action is pending and then running.
    :arg outcome: the status in which actions end.
    :arg fates: what becomes of the next writes: `ok`, `lost` (done, no response), `undone` (not
        done, no response) or `busy` (refused with 429).
    :arg state: the state in which investigations end.
    :arg failing: the index of the live-response command that fails.
    :arg missing: how often there is no link yet, and `stale`: how many links have expired.
    :arg events: at these times, somebody else starts an action of this type, or cancels all.
    """

    machines: list[Json] = dataclasses.field(default_factory=lambda: [machine()])
    seconds: tuple[float, float] = (1.0, 1.0)
    slow: str = ""  # actions of this type take three times as long
    outcome: str = "Succeeded"
    fates: list[str] = dataclasses.field(default_factory=list)
    events: list[tuple[float, str]] = dataclasses.field(default_factory=list)
    protected_tags: tuple[str, ...] = ()
    shows_scope: bool = True
    state: str = "Benign"
    failing: int | None = None
    missing: int = 0
    stale: int = 0
    content: bytes = b"content"
    now: float = 0.0
    actions: list[Json] = dataclasses.field(default_factory=list)
    sent: list[tuple[str, Json]] = dataclasses.field(default_factory=list)
    accepted: list[str] = dataclasses.field(default_factory=list)  # types, in order
    filters: list[str] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)
    told: list[str] = dataclasses.field(default_factory=list)
    secrets: list[str] = dataclasses.field(default_factory=list)
    downloads: list[str] = dataclasses.field(default_factory=list)
    name: str = "endpoint"
    _times: int = 0

    @property
    def tenant(self) -> t.Any:
        clock = types.SimpleNamespace(now=lambda: self.now, sleep=self.sleep)
        options = types.SimpleNamespace(
            label="contoso",
            tenant_name="contoso",
            tenant_id="t1",
            protected_tags=self.protected_tags,
        )
        return types.SimpleNamespace(
            clock=clock,
            options=options,
            warnings=self.warnings,
            expected=None,
            notify=self.told.append,
            secrets=self.secrets,
            api=lambda *names: self,
            http=types.SimpleNamespace(send=self._download),
        )

    def sleep(self, seconds: float) -> None:
        self._pass(self.now + seconds)

    def get(self, path: str, params: t.Mapping[str, str] | None = None) -> Json:
        self.sleep(LATENCY)
        if found := re.fullmatch(r"/api/investigations/(.+)", path):
            return self._investigation(self._action(found[1]))
        if path == "/api/investigations":
            rows = [row for row in self.actions if row["type"] == INVESTIGATION]
            return {"value": [self._investigation(row) for row in rows]}
        if found := re.fullmatch(r"/api/machineactions/([^/]+)/(get.+)", path, re.I):
            return self._link(found[2])
        if found := re.fullmatch(r"/api/machineactions/(.+)", path):
            return self._shown(self._action(found[1]))
        text = (params or {}).get("$filter", "")
        self.filters.append(text)
        values = re.findall(r"'([^']*)'", text)
        if path == "/api/machines":
            names = {value.lower() for value in values}
            rows = [
                row
                for row in self.machines
                if not names or {row["id"], row["computerDnsName"].lower()} & names
            ]
            return {"value": rows}
        rows = [row for row in self.actions if not values or row["type"] in values]
        return {"value": [self._shown(row) for row in rows]}

    def write(
        self, method: str, path: str, payload: t.Any = None, *, about: Change | None = None
    ) -> Json:
        record = self.record(path, about)
        self.sleep(LATENCY)
        self.sent.append((path, payload))
        fate = self.fates.pop(0) if self.fates else "ok"
        if fate == "busy":
            raise DefenderError("throttled", "25 sessions are open.", status=429)
        answer = {} if fate == "undone" else self._done(path, payload)
        self.sleep(LATENCY)
        if fate != "ok":
            raise DefenderError("outcome_unknown", "The response was lost.")
        record["outcome"] = "succeeded"
        if about and about.starts_action:
            record["action_id"] = answer["id"]
        is_investigation = answer.get("type") == INVESTIGATION
        return self._investigation(answer) if is_investigation else self._shown(answer)

    def start(
        self,
        kind: str,
        comment: str = "",
        scope: str | None = None,
        commands: t.Sequence[Json] = (),
    ) -> Json:
        if any(row["type"] == kind and row["status"] in OPEN for row in self.actions):
            raise DefenderError(
                "conflict", "Action is already in progress", code="ActiveRequestAlreadyExists"
            )
        row = {
            "id": f"{len(self.actions):08}-0000-0000-0000-000000000000",
            "type": kind,
            "status": "Pending",
            "requestor": "somebody",
            "requestorComment": comment,
            "machineId": MACHINE,
            "scope": scope if self.shows_scope else None,
            "commands": [
                {"index": index, "commandStatus": "Created", "errors": [], "command": command}
                for index, command in enumerate(commands)
            ],
            "creationDateTimeUtc": self._time(),
            "lastUpdateDateTimeUtc": self._time(),
            "began": self.now,
        }
        self.actions.append(row)
        self.accepted.append(kind)
        return row

    @property
    def last_done(self) -> str | None:
        """The type of the action that succeeded last: what the device really is."""
        done = [row for row in self.actions if row["status"] == "Succeeded"]
        return max(done, key=lambda row: row["lastUpdateDateTimeUtc"], default={}).get("type")

    def settle(self) -> None:
        """Let everything that is open end."""
        self.sleep(1000)

    def _done(self, path: str, payload: Json) -> Json:
        if found := re.fullmatch(r"/api/machineactions/(.+)/cancel", path):
            return self._cancel(self._action(found[1]), payload["Comment"])
        word = path.rpartition("/")[2]
        if word == "tags":
            (row,) = (row for row in self.machines if row["id"] in path)
            tags = [tag for tag in row["machineTags"] if tag != payload["Value"]]
            row["machineTags"] = tags + [payload["Value"]] * (payload["Action"] == "Add")
            return row
        scope = payload.get("IsolationType") or payload.get("ScanType")
        commands = payload.get("Commands", ())
        return self.start(OF_PATH[word], payload["Comment"], scope, commands)

    def _cancel(self, row: Json, comment: str) -> Json:
        if row["status"] != "Pending":
            raise DefenderError("bad_request", f"The action is {row['status']}.")
        row.update(
            status="Cancelled",
            lastUpdateDateTimeUtc=self._time(),
            cancellationRequestor="somebody",
            cancellationComment=comment,
        )
        return row

    def _action(self, key: str) -> Json:
        return next(row for row in self.actions if row["id"] == key)

    def _pass(self, end: float) -> None:
        """Move the time step by step, so that actions and events happen in their order."""
        while (step := self._next()) <= end:
            self.now = max(step, self.now)
            self._happen()
        self.now = end

    def _next(self) -> float:
        ends = [end for row in self.actions if (end := self._end(row)) is not None]
        return min([*(time for time, _kind in self.events), *ends], default=float("inf"))

    def _end(self, row: Json) -> float | None:
        """When the action leaves its present status."""
        pending, running = (3 * time if row["type"] == self.slow else time for time in self.seconds)
        times = {"Pending": pending, "InProgress": pending + running}
        return row["began"] + times[row["status"]] if row["status"] in times else None

    def _happen(self) -> None:
        for row in self.actions:
            end = self._end(row)
            if end is not None and end <= self.now:
                status = "InProgress" if row["status"] == "Pending" else self.outcome
                row.update(status=status, lastUpdateDateTimeUtc=self._time())
                if status == self.outcome:
                    self._run_commands(row)
        for event in [event for event in self.events if event[0] <= self.now]:
            self.events.remove(event)
            self._other(event[1])

    def _other(self, kind: str) -> None:
        """Somebody else does this, if the service accepts it."""
        if kind == "cancel":
            for row in self.actions:
                if row["status"] == "Pending":
                    self._cancel(row, "never mind")
            return
        try:
            self.start(kind)
        except DefenderError:
            return

    def _run_commands(self, row: Json) -> None:
        """The commands up to the first that fails."""
        for command in row["commands"]:
            if command["index"] == self.failing:
                command.update(commandStatus="Failed", errors=["No such file."])
                row["status"] = "Failed"
                return
            command["commandStatus"] = "Completed"

    def _investigation(self, row: Json) -> Json:
        """What stands for an investigation among the actions, as the service shows it."""
        state = {"Pending": "Queued", "InProgress": "Running"}.get(row["status"], self.state)
        is_open = state in ("Queued", "Running", "PendingApproval")
        return {
            "id": row["id"],
            "startTime": row["creationDateTimeUtc"],
            "endTime": None if is_open else row["lastUpdateDateTimeUtc"],
            "state": state,
            "cancelledBy": "kim" if state == "TerminatedByUser" else None,
            "statusDetails": None,
            "machineId": row["machineId"],
            "computerDnsName": NAME,
        }

    def _link(self, call: str) -> Json:
        if self.missing:
            self.missing -= 1
            raise DefenderError("not_found", "There is no package.", status=404)
        return {"value": f'"{STORAGE}{call}?token={len(self.secrets):032}"'}

    def _download(self, method: str, url: str, *, into: t.BinaryIO, **more: t.Any) -> Answer:
        """The answer of the storage account."""
        self.sleep(LATENCY)
        self.downloads.append(url.removeprefix(STORAGE).partition("?")[0])
        if self.stale:
            self.stale -= 1
            return Answer(403, {}, b"")
        into.write(self.content)
        return Answer(200, {}, b"")

    def _shown(self, row: Json) -> Json:
        return {name: value for name, value in row.items() if name != "began"}

    def _time(self) -> str:
        """The time, never the same twice."""
        self._times += 1
        moment = EPOCH + datetime.timedelta(seconds=self.now, microseconds=self._times)
        return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


OPEN: t.Final = ("Pending", "InProgress")
