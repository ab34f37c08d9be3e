# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new registry entry as YAML, without turning text into templates and without decrypting vaulted
text.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import datetime
import re
import typing as t

import yaml
from ansible.parsing.vault import VaultHelper
from ansible.template import is_trusted_as_template
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry as _registry,
)

UNSAFE: t.Final = "!unsafe"
VAULT: t.Final = "!vault"
# Untrusted text is written without a tag only if it cannot be a template, nor an expression for
# `when`.
HARMLESS: t.Final = re.compile(r"[\w\s.,:;@/+-]*")
TEMPLATE: t.Final = re.compile("{[{%#]")
NO_WRAP: t.Final = 1 << 20


class Tagged(str):
    """A text with a YAML tag."""

    tag = ""


class Unsafe(Tagged):
    tag = UNSAFE


class Vaulted(Tagged):
    tag = VAULT


class Dumper(yaml.SafeDumper):
    """Writes tagged texts, and no aliases."""

    def ignore_aliases(self, data: t.Any) -> bool:
        return True

    def represent_tagged(self, text: Tagged) -> yaml.Node:
        style = "|" if text.tag == VAULT else None
        return self.represent_scalar(text.tag, str(text), style=style)


for tagged in (Unsafe, Vaulted):
    Dumper.add_representer(tagged, Dumper.represent_tagged)


def dumped(tenant_id: str, name: str, variables: t.Mapping[str, t.Any]) -> str:
    """The entry as a list with one item; raises `bad_request` if the inventory would refuse it."""
    if not name:
        raise DefenderError(
            "bad_request",
            f"Tenant {tenant_id} has no name, but a registry entry needs one; set name.",
        )
    if str(variables.get("tenant_id") or tenant_id).lower() != tenant_id:
        raise DefenderError(
            "bad_request",
            (
                f"The variables of tenant {tenant_id} contain a different tenant_id; remove it"
                " from them."
            ),
        )
    entry = {"tenant_id": tenant_id, "name": name, **variables}
    _registry.customer(entry, _place)
    plain = {
        str(key): _plain(value, is_text=key in _registry.PLAIN_KEYS) for key, value in entry.items()
    }
    plain["tenant_id"] = tenant_id
    return yaml.dump([plain], Dumper=Dumper, sort_keys=False, allow_unicode=True, width=NO_WRAP)


def _place(key: str | None) -> str:
    return f"The new entry ({key})" if key else "The new entry"


def _plain(value: t.Any, *, is_text: bool = False) -> t.Any:
    """The value in types of YAML.

    :arg own: whether it is the id, name or domain, which the inventory never templates.
    """
    if ciphertext := VaultHelper.get_ciphertext(value, with_tags=False):
        return Vaulted(ciphertext)
    if isinstance(value, str):
        is_safe = is_trusted_as_template(value) or is_text or HARMLESS.fullmatch(value)
        return str(value) if is_safe and not TEMPLATE.search(value) else Unsafe(value)
    if value is None or isinstance(value, bool):
        return value
    for number in (int, float):
        if isinstance(value, number):
            return number(value)
    for day in (datetime.datetime, datetime.date):
        if isinstance(value, day):
            return day.fromisoformat(value.isoformat())
    if isinstance(value, t.Mapping):
        return {_plain(key, is_text=True): _plain(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(member) for member in value]
    raise DefenderError(
        "bad_request",
        (
            "The new entry has a value that a YAML registry cannot contain; use only text,"
            " numbers, dates, lists and mappings."
        ),
    )
