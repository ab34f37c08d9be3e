# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an inventory's own file to hosts and their variables; what of it is Ansible's constructed features is left to Ansible.

Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import difflib
import re
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.template import trust_as_template
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _customers
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import Customer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _registry, _tenant_options

NAMES: t.Final = tuple(f"{stem}{ending}" for stem in ("tenants", "defender_xdr") for ending in (".yml", ".yaml"))
RULES: t.Final = ("include", "exclude")
Variables = dict[str, t.Any]


def is_ours(path: Path) -> bool:
    """Whether an inventory source is for this plugin, by its name and its key C(plugin); a vault is taken at its name."""
    if not path.name.endswith(NAMES) or not path.is_file():
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    return text.startswith("$ANSIBLE_VAULT;") or re.search(r"^[\"']?plugin[\"']?\s*:", text, re.M) is not None


def check(config: t.Mapping[str, t.Any], options: t.Collection[str]) -> None:
    """Refuse what core would overlook: options that do not exist, and filters of another shape."""
    for key in config:
        if key not in options:
            near = difflib.get_close_matches(str(key), options, 1)
            raise DefenderError("bad_request", f"{key} is no option of this inventory{f'; did you mean {near[0]}?' if near else '.'}")
    for rule in config.get("filters") or []:
        if not isinstance(rule, dict) or len(rule) != 1 or next(iter(rule)) not in RULES:
            raise DefenderError("bad_request", f"An entry of filters is {rule!r}, but must be a mapping with one key, include or exclude.")


def registries(plugin: t.Any, path: Path) -> list[Path]:
    """The registry's files and folders, beginning at the folder of the inventory's own file."""
    if not (given := plugin.get_option("file")):
        raise DefenderError("bad_request", "file is empty; name the registry's files.")
    return [path.parent / Path(plugin.templar.template(each)).expanduser() for each in given]


def hosts(plugin: t.Any, path: Path) -> dict[str, Variables]:
    """The hosts that the inventory's own file asks for, with their variables; raises DefenderError."""
    found = _customers.merged([_customers.unique(_registry.read(registries(plugin, path), plugin.loader))])
    wanted = [customer for customer in found if _is_wanted(plugin, customer)]
    taken = {*plugin.inventory.groups, plugin.get_option("group")}
    named = _customers.named(wanted, plugin.get_option("hostnames"), taken)
    for host, customer in named.items():
        _check_other_sources(plugin, host, customer)
    return {host: {name: plain(value) for name, value in variables_of(customer).items()} for host, customer in named.items()}


def variables_of(customer: Customer) -> Variables:
    """The variables of a customer's host; what only modules can know is not among them."""
    ours = {"tenant_id": customer.tenant_id, "tenant_name": customer.name, "default_domain": customer.default_domain, "sources": list(customer.sources)}
    return {**{f"{_tenant_options.PREFIX}{name}": value for name, value in ours.items() if value}, **customer.variables}


def plain(value: t.Any) -> t.Any:
    """The value with every text marked as trusted in which there is nothing to template.

    Otherwise C(ansible-inventory --list) wraps each one as unsafe, which readers of its JSON do not expect. The others stay as they are: what customers
    call themselves is never a template.
    """
    if isinstance(value, str):
        return value if set(value) & set("{#") else trust_as_template(value)
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return [plain(member) for member in value] if isinstance(value, list) else value


def add(plugin: t.Any, found: t.Mapping[str, Variables]) -> None:
    """Put the hosts into the inventory, all of them before the first group that could bear a host's name."""
    inventory, group = plugin.inventory, plugin.inventory.add_group(plugin.get_option("group"))
    inventory.set_variable(group, "ansible_connection", plain(_tenant_options.CONNECTION))
    for host, variables in found.items():
        inventory.add_host(host, group=group)
        for name, value in variables.items():
            inventory.set_variable(host, name, value)


def _check_other_sources(plugin: t.Any, host: str, customer: Customer) -> None:
    """A host that another inventory source already has must be the same tenant."""
    known = plugin.inventory.hosts.get(host)
    other = known and known.vars.get(_tenant_options.VARIABLE)
    if other and str(other).lower() != customer.tenant_id:
        raise DefenderError(
            "bad_request",
            f"The host {host} is the tenant {other} in another inventory source, but {customer.tenant_id} at {customer.where()}; rename one of them.",
        )


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
                raise DefenderError("bad_request", f"The filter {kind}: {condition} fails for the tenant at {customer.where()}: {e}") from None
            continue
        if holds:
            return bool(kind == "include")
    return True
