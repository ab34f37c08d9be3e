# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One entry more or less in the text of a registry of tenants. All the rest stays to the letter: other entries, order, comments.

Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import json
import os
import typing as t

import yaml
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._options import TENANT_HINT, guid

EMPTY: t.Final = "---\ntenants:\n"


def read(path: str) -> str:
    """The file's text as it lies there; empty where there is no file. A vault is refused, because it could only be written back in clear."""
    if not path.endswith((".yml", ".yaml")):
        raise DefenderError("bad_request", f"The registry is {path!r}, but only a .yml or .yaml file can be written to; keep a CSV file by hand.")
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as f:
            text = f.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as e:
        raise DefenderError("bad_request", f"The registry {path} cannot be read: {e}.") from None
    if text.startswith("$ANSIBLE_VAULT"):
        raise DefenderError("bad_request", f"The registry {path} is a vault; it would have to be written in clear. Keep the entry by hand.")
    return text


def with_tenant(text: str, path: str, tenant_id: str, name: str, variables: t.Mapping[str, t.Any]) -> str:
    """The text with an entry for the tenant at its end, unless there is one: what the owner wrote about a tenant stays."""
    tenant_id = guid("tenant_id", tenant_id, TENANT_HINT)
    if not name:
        raise DefenderError("bad_request", f"Tenant {tenant_id} has no name; an entry in the registry needs one.")
    entries = _entries(text, path)
    if any(_id(entry) == tenant_id for entry in entries):
        return text
    # through JSON, because Ansible tags its strings and YAML takes plain ones only
    entry = json.loads(json.dumps({"tenant_id": tenant_id, "name": name, **variables}))
    dumped = yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=1000)
    indent = " " * (_column(text, entries[0]) if entries else 2)
    block = "".join(f"{indent}{line}\n" for line in dumped.splitlines())
    if not entries:
        return f"{_without_empty_list(text) or EMPTY}{block}"
    lines = text.splitlines(keepends=True)
    end = _end(lines, entries[-1])
    if end and not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    return "".join([*lines[:end], block, *lines[end:]])


def without_tenant(text: str, path: str, tenant_id: str) -> str:
    """The text without the entry of the tenant; the same text where there is none."""
    tenant_id = guid("tenant_id", tenant_id, TENANT_HINT)
    entries = _entries(text, path)
    lines = text.splitlines(keepends=True)
    for entry in [entry for entry in entries if _id(entry) == tenant_id]:
        for number in range(entry.start_mark.line, _end(lines, entry)):
            lines[number] = ""
        if len(entries) == 1:
            key = _sequence(text, path)[0]
            lines[key.start_mark.line] = "tenants: []\n"
    return "".join(lines)


def _sequence(text: str, path: str) -> tuple[t.Any, t.Any]:
    """The nodes of the key C(tenants) and of its list."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as e:
        raise DefenderError("bad_request", f"The registry {path} is no YAML: {' '.join(str(e).split())}.") from None
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    if len(pairs) != 1 or pairs[0][0].value != "tenants":
        raise DefenderError("bad_request", f"The registry {path} must have the one key tenants, a list of mappings with tenant_id and name.")
    return t.cast("tuple[t.Any, t.Any]", pairs[0])


def _entries(text: str, path: str) -> list[t.Any]:
    """The nodes of the entries, each a mapping in a list with one entry below the other."""
    if not text.strip() or text.strip() == "---":
        return []
    key, found = _sequence(text, path)
    if isinstance(found, yaml.ScalarNode) and found.tag == "tag:yaml.org,2002:null":
        return []
    if not isinstance(found, yaml.SequenceNode) or not all(isinstance(entry, yaml.MappingNode) for entry in found.value):
        raise DefenderError("bad_request", f"The registry {path} must have the one key tenants, a list of mappings with tenant_id and name.")
    if found.value and (found.flow_style or key.start_mark.line == found.value[0].start_mark.line):
        raise DefenderError(
            "bad_request", f"The registry {path} has its list in brackets; write it with one entry below the other, so that entries can be added and removed."
        )
    return list(found.value)


def _id(entry: t.Any) -> str:
    return next((str(value.value).lower() for key, value in entry.value if key.value == "tenant_id"), "")


def _column(text: str, entry: t.Any) -> int:
    """Where the dash of an entry stands."""
    line = text.splitlines()[entry.start_mark.line]
    return len(line) - len(line.lstrip())


def _end(lines: list[str], entry: t.Any) -> int:
    """The line after the entry's last one; comments and blank lines below it are not its own."""
    end = int(entry.end_mark.line) + (1 if entry.end_mark.column else 0)
    first = int(entry.start_mark.line) + 1
    end = max(first, min(end, len(lines)))
    dash = len(lines[first - 1]) - len(lines[first - 1].lstrip())
    while end > first and (not lines[end - 1].strip() or _is_foreign(lines[end - 1], dash)):
        end -= 1
    return end


def _is_foreign(line: str, dash: int) -> bool:
    """Whether a line below an entry begins at the dash or left of it, or is a comment: then it belongs to what comes next."""
    return line.lstrip().startswith("#") or len(line) - len(line.lstrip()) <= dash


def _without_empty_list(text: str) -> str:
    """The text of a registry that has no entry, up to and with its key, so that a list can follow."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("tenants:"):
            comment = line.partition("#")
            lines[number] = "tenants:" + (f"  #{comment[2]}" if comment[1] else "")
            return "\n".join(lines) + "\n"
    return "\n".join([*lines, "tenants:"]) + "\n" if text.strip() else ""
