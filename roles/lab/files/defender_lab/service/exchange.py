# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests and replies as plain values, the same for every host of the lab."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """``headers`` is case-insensitive; ``query`` is the raw text behind the question mark; ``host``
    the Host header."""

    origin: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    host: str

    @property
    def base(self) -> str:
        return f"https://{self.host}"

    def json(self) -> t.Any:
        """The body as JSON; ValueError when it is none."""
        return json.loads(self.body.decode(self.charset()))

    def charset(self) -> str:
        kind = self.headers.get("Content-Type", "")
        unused, parameter, name = kind.lower().partition("charset=")
        return name.split(";")[0].strip().strip('"') if parameter else "utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """``wire`` says how the answer is put on the wire: whole, reset (nothing comes) or truncate
    (half of the body comes)."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    wire: str = "whole"
    delay: float = 0.0

    def adding(self, headers: Mapping[str, str]) -> Reply:
        return replace(self, headers={**self.headers, **headers})


def dumped(value: t.Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def as_json(
    status: int, value: t.Any, headers: Mapping[str, str] | None = None, kind: str = JSON
) -> Reply:
    return Reply(status, dumped(value), {"Content-Type": kind, **(headers or {})})


class Refused(Exception):
    """What a service refuses; each origin puts it into its own error envelope."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        **extra: t.Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.extra = extra


class NotInTheLab(Refused):
    """What the real service can do and the lab cannot: said as such, never guessed."""

    def __init__(self, what: str) -> None:
        super().__init__(501, "NotSupportedByTheLab", f"{what} is not supported by the lab.")
