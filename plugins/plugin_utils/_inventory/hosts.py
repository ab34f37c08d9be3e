# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create hosts and their variables from the inventory's customers. Ansible handles its constructed
features.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import difflib
import re
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.template import trust_as_template
from ansible.utils.display import Display
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers.customer import Customer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers.host_names import (
    LISTED,
    Names,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _tenant_options
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import probe as _probe
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import words as _words

ENDINGS: t.Final = (".yml", ".yaml")
KEY: t.Final = re.compile(r"""\bplugin["']?\s*:\s*["']?mssp\.defender_xdr\.tenants\b""")
RULES: t.Final = ("include", "exclude")
FACTS: t.Final = (f"{_tenant_options.PREFIX}gdap",)
SHOWN: t.Final = 5
Variables = dict[str, t.Any]
display = Display()


def is_ours(path: Path) -> bool:
    """Whether an inventory source is for this plugin, by its key `plugin`; vaulted files are
    checked later."""
    if path.suffix not in ENDINGS or not path.is_file():
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    return text.startswith("$ANSIBLE_VAULT;") or KEY.search(text) is not None


def check(config: t.Mapping[str, t.Any], options: t.Collection[str]) -> None:
    """Refuse errors that core overlooks: unknown options, and filters in the wrong format."""
    for key in config:
        if key not in options:
            near = difflib.get_close_matches(str(key), options, 1)
            raise DefenderError(
                "bad_request",
                (
                    f"{key} is not an option of this"
                    f" inventory{f'; did you mean {near[0]}?' if near else '.'}"
                ),
            )
    for rule in config.get("filters") or []:
        if not isinstance(rule, dict) or len(rule) != 1 or next(iter(rule)) not in RULES:
            raise DefenderError(
                "bad_request",
                (
                    f"An entry of filters is {rule!r}, but must be a mapping with one key, include"
                    " or exclude."
                ),
            )


def hosts(plugin: t.Any, customers: t.Iterable[Customer]) -> dict[str, Variables]:
    """The hosts of these customers with their variables; raises `bad_request` for filters that
    fail.

    Changed host names are reported in warnings.
    """
    wanted = [customer for customer in customers if _is_wanted(plugin, customer)]
    health = _probe.GROUPS if plugin.get_option("probe") else ()
    composed = map(plugin._sanitize_group_name, plugin.get_option("groups") or ())
    groups = {*plugin.inventory.groups, plugin.get_option("group"), *health, *composed}
    names = Names(
        groups, {name: _what_it_is(host) for name, host in plugin.inventory.hosts.items()}
    )
    named, clashes = names.give(wanted, plugin.get_option("hostnames"))
    for clash in clashes[:SHOWN]:
        display.warning(str(clash))
    if len(clashes) > SHOWN:
        display.warning(
            f"{len(clashes) - SHOWN} more host names were changed in the same way; set hostnames"
            " to change them."
        )
    return {host: variables_of(customer) for host, customer in named.items()}


def _what_it_is(host: t.Any) -> str:
    """The type of another source's host: a tenant id, `LISTED`, or an empty text for a machine."""
    if tenant_id := host.vars.get(_tenant_options.VARIABLE):
        return str(tenant_id).lower()
    return "" if any(name.startswith("ansible_") for name in host.vars) else LISTED


def variables_of(customer: Customer) -> Variables:
    """The variables of a customer's host.

    Values stay untrusted, so that core never templates them, unless they are from the owner's YAML
    or are words of this collection.
    """
    ours = {
        "tenant_id": trust_as_template(customer.tenant_id),  # safe, because it is a GUID
        "tenant_name": customer.name,
        "default_domain": customer.default_domain,
        "sources": _words.trusted(list(customer.sources)),
    }
    options = {f"{_tenant_options.PREFIX}{name}": value for name, value in ours.items() if value}
    facts = {
        name: _words.trusted(customer.variables[name])
        for name in FACTS
        if name in customer.variables
    }
    return {**options, **customer.variables, **facts}


def add(plugin: t.Any, hosts: t.Mapping[str, Variables]) -> None:
    """Add the hosts to the inventory, before any group that could have the name of a host."""
    inventory, group = plugin.inventory, plugin.inventory.add_group(plugin.get_option("group"))
    inventory.set_variable(
        group, "ansible_connection", trust_as_template(_tenant_options.CONNECTION)
    )
    for host, variables in hosts.items():
        inventory.add_host(host, group=group)
        for name, value in variables.items():
            inventory.set_variable(host, name, value)


def _is_wanted(plugin: t.Any, customer: Customer) -> bool:
    rules = plugin.get_option("filters")
    if not rules:
        return True
    plugin.templar.available_variables = variables_of(customer)
    for rule in rules:
        ((kind, condition),) = rule.items()
        try:
            holds = plugin.templar.evaluate_conditional(condition)
        except AnsibleError as e:
            if plugin.get_option("strict"):
                raise DefenderError(
                    "bad_request",
                    (
                        f"The filter '{kind}: {condition}' fails for the tenant at"
                        f" {customer.where()}: {e}"
                    ),
                ) from None
            continue
        if holds:
            return bool(kind == "include")
    return True
