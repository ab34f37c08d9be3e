# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Injected faults: a response that is replaced, delayed, truncated or never sent, for the next
matching requests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import typing as t
from dataclasses import dataclass, field, fields, replace
from urllib.parse import unquote

from defender_lab.service.exchange import Reply, Request, dumped


@dataclass
class Fault:
    """Empty conditions match everything. ``skip`` matching requests pass first, then ``times`` are
    hit. ``after`` lets the request take effect before its answer is replaced. ``ignore`` names
    query options, such as $filter, that the service does not keep to; ``item`` changes members of
    the object that is answered, or of the first one in a list, and ``without`` takes some away."""

    tenant: str = ""
    origin: str = ""
    method: str = ""
    path: str = ""
    times: int = 1
    skip: int = 0
    status: int = 0
    body: t.Any = None
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False
    truncate: bool = False
    delay: float = 0.0
    redirect: str = ""
    after: bool = False
    ignore: list[str] = field(default_factory=list)
    item: dict[str, t.Any] = field(default_factory=dict)
    without: list[str] = field(default_factory=list)

    def meets(self, request: Request, tenant: str | None) -> bool:
        return (
            (not self.tenant or self.tenant == tenant)
            and (not self.origin or self.origin == request.origin)
            and (not self.method or self.method == request.method)
            and request.path.startswith(self.path)
        )

    @property
    def needs_the_answer(self) -> bool:
        return self.after or self.truncate or not (self.status or self.reset or self.redirect)

    def heard(self, request: Request) -> Request:
        """The request as the service takes it: without the options that it ignores."""
        parts = request.query.split("&")
        return replace(
            request,
            query="&".join(
                part for part in parts if unquote(part.partition("=")[0]) not in self.ignore
            ),
        )

    def _changed(self, body: bytes) -> bytes:
        answer = json.loads(body)
        things = answer.get("value", [answer])
        things[:1] = [
            {
                name: value
                for name, value in {**thing, **self.item}.items()
                if name not in self.without
            }
            for thing in things[:1]
        ]
        return dumped(answer if "value" in answer else things[0])

    def reply(self, real: Reply | None) -> Reply:
        base = real or Reply(500)
        if self.redirect:
            base = Reply(self.status or 302, b"", {"Location": self.redirect})
        elif self.status:
            body = (
                self.body.encode()
                if isinstance(self.body, str)
                else b""
                if self.body is None
                else dumped(self.body)
            )
            base = Reply(self.status, body, {"Content-Type": "application/json"} if body else {})
        elif base.status == 200 and (self.item or self.without):
            base = replace(base, body=self._changed(base.body))
        wire = "reset" if self.reset else "truncate" if self.truncate else base.wire
        return Reply(
            base.status, base.body, {**base.headers, **self.headers}, wire, base.delay + self.delay
        )


NAMES = frozenset(attribute.name for attribute in fields(Fault))


class Faults:
    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._cleared = asyncio.Event()

    def add(self, **values: t.Any) -> None:
        """TypeError names a member no fault has."""
        self._waiting.append(Fault(**values))

    def clear(self) -> None:
        """Forget them all; whoever still waits out a delay is answered at once."""
        self._waiting.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._cleared.wait(), seconds)

    def take(self, request: Request, tenant: str | None) -> Fault | None:
        for fault in self._waiting:
            if fault.meets(request, tenant):
                if fault.skip:
                    fault.skip -= 1
                    return None
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None
