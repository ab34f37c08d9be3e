# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The change of one file of the live-response library that a task asks for.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import stat
import typing as t
from urllib.parse import quote

from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import Write
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._library import (
    library as _library,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    ownership as _ownership,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Form

# From learn.microsoft.com/defender-endpoint/api/upload-library.
LARGEST: t.Final = 20 * 2**20
# Options that describe a file, in the words of results.
TEXTS: t.Final = ("description", "parameters_description")
DETAILS: t.Final = (*TEXTS, "has_parameters")
# The service takes a plain name; a name is also a part of a URL.
NAME: t.Final = re.compile(r"[^/\\\x00-\x1f\x7f]{1,255}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What a task names. `content` is None if the file shall be absent; a text without characters
    is None, as the service returns it."""

    name: str
    content: bytes | None = dataclasses.field(default=None, repr=False)
    details: Json = dataclasses.field(default_factory=dict)


def parse_request(params: t.Mapping[str, t.Any]) -> Request:
    """The request in a module's parameters, with the content of `src`; raises `bad_request`."""
    name = params["name"]
    if not NAME.fullmatch(name) or not name.strip(". "):
        raise DefenderError(
            "bad_request",
            f"name is {name!r}, but must be the name of a file in the library, without a folder.",
        )
    if params["state"] == "absent":
        return Request(name=name)
    details = {option: params[option] for option in DETAILS if params[option] is not None}
    for option in set(TEXTS) & details.keys():
        details[option] = details[option].strip() or None
    if details.get("has_parameters") is False and details.get("parameters_description"):
        raise DefenderError(
            "bad_request",
            "has_parameters is false, but parameters_description describes parameters; leave one of"
            " them out.",
        )
    return Request(name=name, content=content_of(params["src"]), details=details)


def content_of(path: str) -> bytes:
    """The content of a file that the library can take; raises `bad_request` for any other."""
    try:
        # not opened before it is known to be a file: to open a pipe waits for its other end
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise DefenderError("bad_request", f"src is {path}, which is not a regular file.")
        with open(path, "rb") as f:
            content = f.read(LARGEST + 1)
    except OSError as e:
        raise DefenderError(
            "bad_request", f"src is {path}, which cannot be read: {e.strerror}."
        ) from None
    if len(content) > LARGEST:
        raise DefenderError(
            "bad_request",
            f"src is {path}, which is larger than {LARGEST // 2**20} MB ({LARGEST} bytes), the most"
            " that the library takes.",
        )
    return content


def shown(thing: Json) -> Json | None:
    """The file for a result; None if the library does not have it."""
    if thing["state"] == "absent":
        return None
    return {name: value for name, value in thing.items() if name != "state"}


class LibraryFile:
    """One file of the library by its name, and what a task wants of it."""

    settle_seconds = 0.0

    def __init__(self, api: Api, request: Request) -> None:
        self._api = api
        self._request = request
        self._standing = self._absent()

    @property
    def name(self) -> str:
        return f"{_library.NOUN} {self._request.name}"

    def read(self) -> Json:
        """The file as the library has it; its `state` says whether it has one."""
        rows = {row["file_name"]: row for row in _library.files(self._api)}
        row = rows.get(self._request.name)
        self._standing = self._absent() if row is None else {**row, "state": "present"}
        return self._standing

    def state(self, thing: Json) -> Json:
        if self._request.content is None:
            return {"state": thing["state"]}
        hash_text = str(thing.get("sha256") or "").lower() or None
        details = {name: thing.get(name) or None for name in self._request.details}
        if "has_parameters" in details and thing["state"] == "present":
            details["has_parameters"] = bool(details["has_parameters"])
        return {"state": thing["state"], "sha256": hash_text, **details}

    def wanted(self, thing: Json) -> Json:
        content = self._request.content
        if content is None:
            return {"state": "absent"}
        digest = hashlib.sha256(content).hexdigest()
        return {"state": "present", "sha256": digest, **self._request.details}

    def writes(self, before: Json, after: Json) -> list[Write]:
        name, content = self._request.name, self._request.content
        if content is None:
            path = f"{_library.PATH}/{quote(name, safe='')}"
            return [Write(tuple(after), "DELETE", path, None, lambda *_unused: self._absent())]
        form = Form(field="File", file_name=name, content=content, fields=self._fields(after))
        return [Write(tuple(after), "POST", _library.PATH, form, self._uploaded)]

    def _absent(self) -> Json:
        details = {"description": None, "has_parameters": False, "parameters_description": None}
        return {"state": "absent", "file_name": self._request.name, "sha256": None, **details}

    def _fields(self, after: Json) -> dict[str, str]:
        """The form's other fields. An upload replaces all of them, so that those which the task
        does not name are sent as they are."""
        details = {name: after.get(name, self._standing.get(name)) for name in DETAILS}
        text = details["parameters_description"] or ""
        if after.get("has_parameters") is False:
            text = ""
        has_parameters = bool(text or details["has_parameters"])
        return {
            "Description": details["description"] or "",
            "ParametersDescription": text,
            "HasParameters": str(has_parameters).lower(),
            "OverrideIfExists": str(self._standing["state"] == "present").lower(),
        }

    def _uploaded(self, thing: Json, response: Json) -> Json:
        """The file in the response to an upload, or as it is listed if the response has another."""
        answer = _ownership.single(self._api.tenant.options, response, _library.NOUN)
        row = _library.normalized(answer)
        if row.get("file_name") != self._request.name:
            return self.read()
        return {**row, "state": "present"}
