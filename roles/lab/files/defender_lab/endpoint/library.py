# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The live-response library: list, upload, delete."""

from __future__ import annotations

import email
import hashlib
from email.message import Message

from defender_lab.api.defender import incorrect_body
from defender_lab.api.routes import Call
from defender_lab.endpoint.bodies import collection, entity
from defender_lab.estate.estate import Estate, LibraryFile
from defender_lab.service import instants
from defender_lab.service.exchange import Refused, Reply, Request

LARGEST = 20 * 2**20
BOOLEANS = {"true": True, "false": False, "": False}
# the page's table calls the first one File, its example file
FIELDS = ("Description", "ParametersDescription", "OverrideIfExists", "HasParameters")


def listed(call: Call, estate: Estate) -> Reply:
    return collection(call, "LibraryFiles", [file.record for file in estate.files.values()])


def uploaded(call: Call, estate: Estate) -> Reply:
    name, content, fields = _form(call.request)
    if len(content) > LARGEST:
        raise Refused(400, "InvalidInput", "Invalid input: the file is larger than 20 MB.")
    try:
        override = BOOLEANS[fields.get("OverrideIfExists", "").lower()]
        parameters = BOOLEANS[fields.get("HasParameters", "").lower()]
    except KeyError:
        raise incorrect_body() from None
    present = estate.files.get(name)
    if present and not override:
        # that it is refused is documented, its words are not
        raise Refused(400, "BadRequest", f"File {name} already exists in the library.")
    now = instants.now()
    description = fields.get("ParametersDescription") or None
    record = {
        "fileName": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "description": fields.get("Description") or None,
        "creationTime": present.record["creationTime"] if present else now,
        "lastUpdatedTime": now,
        "createdBy": call.actor,
        "hasParameters": parameters or description is not None,
        "parametersDescription": description,
    }
    estate.files[name] = LibraryFile(record, content)
    return entity(call, "LibraryFiles/$entity", record)


def deleted(call: Call, estate: Estate) -> Reply:
    if estate.files.pop(call.parts[0], None) is None:
        raise Refused(404, "ResourceNotFound", f"File {call.parts[0]} was not found")
    return Reply(204)


def _form(request: Request) -> tuple[str, bytes, dict[str, str]]:
    """The file's name and content, and the other fields."""
    name, content, fields = "", b"", {}
    for head, value in _parts(request):
        field = str(head.get_param("name", "", "content-disposition"))
        if field in ("File", "file"):
            name, content = head.get_filename() or "", value
        elif field in FIELDS:
            fields[field] = value.decode("utf-8", "replace")
        else:
            raise incorrect_body()
    if not name:
        raise Refused(400, "MissingRequiredParameter", "Parameter File is missing.")
    if "/" in name or "\\" in name:
        raise Refused(400, "InvalidInput", f"Invalid input {name}.")
    return name, content, fields


def _parts(request: Request) -> list[tuple[Message, bytes]]:
    """Headers and content of each part of a multipart form."""
    kind = Message()
    kind["Content-Type"] = request.headers.get("Content-Type", "")
    boundary = kind.get_boundary()
    if kind.get_content_type() != "multipart/form-data" or not boundary:
        raise incorrect_body()
    pieces = (b"\r\n" + request.body).split(b"\r\n--" + boundary.encode())
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise incorrect_body()
    parts = []
    for piece in pieces[1:-1]:
        head, unused, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        parts.append((email.message_from_bytes(head), content))
    return parts
