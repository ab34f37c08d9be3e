# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Add or remove one entry in the text of a registry; the rest of the text stays unchanged.

Every edit is parsed again and compared, and refused if it would change another entry.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import itertools
import os
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import (
    TENANT_HINT,
    guid,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry_entry as _registry_entry,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry_layout as _registry_layout,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory.registry_layout import (
    BREAK,
    Layout,
)

BOM: t.Final = "\ufeff"
KEY: t.Final = "tenants:"
INDENT: t.Final = "  "
BY_HAND: t.Final = "The file is unchanged; make this change by hand."


def read(path: str) -> str:
    """The file's text with its original line breaks; empty if there is no file.

    A vault is refused because it could only be written back unencrypted.
    """
    if not path.endswith((".yml", ".yaml")):
        raise DefenderError(
            "bad_request",
            (
                f"The registry is {path!r}, but only a .yml or .yaml file can be edited; edit a"
                " CSV file by hand."
            ),
        )
    place = os.path.expanduser(path)
    if os.path.exists(place) and not os.path.isfile(place):
        raise DefenderError("bad_request", f"The registry {path} is not a regular file.")
    try:
        with open(place, encoding="utf-8", newline="") as f:
            text = f.read()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise DefenderError(
            "bad_request", f"The registry {path} is not UTF-8; save it as UTF-8 first."
        ) from None
    except OSError as e:
        raise DefenderError(
            "bad_request", f"The registry {path} cannot be read: {e.strerror}."
        ) from None
    if text.startswith("$ANSIBLE_VAULT"):
        raise DefenderError(
            "bad_request",
            (
                f"The registry {path} is a vault, which could only be written back unencrypted;"
                " edit the entry by hand."
            ),
        )
    return text


def with_tenant(
    text: str, path: str, tenant_id: str, name: str, variables: t.Mapping[str, t.Any]
) -> str:
    """The text with an entry for the tenant appended, unless it has one already."""
    tenant_id = guid("tenant_id", tenant_id, TENANT_HINT)
    mark, text = _without_mark(text)
    layout = _registry_layout.parsed(text, path)
    if any(entry.tenant_id == tenant_id for entry in layout.entries):
        return mark + text
    dumped = _registry_entry.dumped(tenant_id, name, variables)
    line_break = next((match[0] for match in BREAK.finditer(text)), "\n")
    wanted = [*layout.digests, *_registry_layout.parsed(f"{KEY}\n{dumped}", path).digests]
    indent = layout.indent if layout.entries else f"{layout.margin}{INDENT}"
    block = "".join(f"{indent}{line}{line_break}" for line in dumped.splitlines())
    places = layout.entries[-1].ends if layout.entries else (len(text),)
    if not layout.entries:
        text, place = _with_key(text, layout, line_break)
        places = (place,)
    edits = (_inserted(text, place, block, line_break) for place in places)
    return mark + _proven(edits, wanted, path, f"The entry of tenant {tenant_id} cannot be added")


def without_tenant(text: str, path: str, tenant_id: str) -> str:
    """The text without the tenant's entry; unchanged if there is none."""
    tenant_id = guid("tenant_id", tenant_id, TENANT_HINT)
    mark, text = _without_mark(text)
    layout = _registry_layout.parsed(text, path)
    going = [entry for entry in layout.entries if entry.tenant_id == tenant_id]
    if not going:
        return mark + text
    wanted = [entry.digest for entry in layout.entries if entry.tenant_id != tenant_id]
    edits = (_removed(text, layout, going, turn) for turn in range(len(going[0].ends)))
    return mark + _proven(edits, wanted, path, f"The entry of tenant {tenant_id} cannot be removed")


def _proven(edits: t.Iterable[str], wanted: t.Sequence[bytes], path: str, fact: str) -> str:
    """The first edit with exactly these entries; raises `bad_request` with the fact if none."""
    reason = "other entries would change"
    for text in edits:
        try:
            if list(_registry_layout.parsed(text, path).digests) == list(wanted):
                return text
        except DefenderError as e:
            reason = e.message.rstrip(".")
    raise DefenderError(
        "bad_request", f"{fact} without damage to the registry {path}: {reason}. {BY_HAND}"
    )


def _without_mark(text: str) -> tuple[str, str]:
    """The byte order mark, which the parser skips without counting, and the rest."""
    return (BOM, text[1:]) if text.startswith(BOM) else ("", text)


def _inserted(text: str, place: int, block: str, line_break: str) -> str:
    before = text[:place]
    if before and not BREAK.search(before[-1]):
        before += line_break
    return f"{before}{block}{text[place:]}"


def _with_key(text: str, layout: Layout, line_break: str) -> tuple[str, int]:
    """The text with an empty key `tenants`, and the place for its first entry."""
    if layout.key_end is None:
        before = f"---{line_break}" if not text.strip() else text
        if not BREAK.search(before[-1]):
            before += line_break
        return f"{before}{KEY}{line_break}", len(before) + len(KEY) + len(line_break)
    start, end = layout.empty or (layout.key_end, layout.key_end)
    while layout.empty and text[start - 1] == " ":
        start -= 1
    text = text[:start] + text[end:]
    return text, _registry_layout.next_line(text, start)


def _removed(
    text: str, layout: Layout, going: t.Sequence[_registry_layout.Entry], turn: int
) -> str:
    """The text without these entries; with empty brackets if no entry is left."""
    cuts = [(entry.start, entry.ends[turn]) for entry in going]
    edges = [0, *itertools.chain.from_iterable(cuts), len(text)]
    kept = [text[edges[i] : edges[i + 1]] for i in range(0, len(edges), 2)]
    if len(going) == len(layout.entries) and layout.key_end is not None:
        kept[0] = f"{kept[0][: layout.key_end]} []{kept[0][layout.key_end :]}"
    return "".join(kept)
