# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Customer tenants as hosts, out of one's own registry."""

from __future__ import annotations

DOCUMENTATION = r"""
name: tenants
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Customer tenants as hosts
version_added: 0.2.0
description:
  - Makes a host of every customer tenant in a registry, which is a list of one's own in YAML or CSV.
  - Playbooks that say C(hosts=tenants) run unchanged. Every host is in the group that O(group) names, whose variable C(ansible_connection)
    is V(mssp.defender_xdr.tenant), and has the variables C(defender_xdr_tenant_id), C(defender_xdr_tenant_name) and C(defender_xdr_sources)
    beside those of the registry.
  - Its file ends in C(tenants.yml), C(tenants.yaml), C(defender_xdr.yml) or C(defender_xdr.yaml) and has the key O(plugin) at its top.
    A file of such a name without that key is left to other inventory plugins.
extends_documentation_fragment:
  - ansible.builtin.constructed
options:
  plugin:
    description:
      - The name of this plugin.
    type: str
    required: true
    choices: [mssp.defender_xdr.tenants]
  file:
    description:
      - Registry files, and folders of them. A relative path begins at the folder of the inventory's own file.
      - A YAML or JSON file (C(.yml), C(.yaml), C(.json)) has the one key C(tenants), a list of mappings with C(tenant_id), C(name),
        perhaps C(default_domain), and any variables. A CSV file (C(.csv), with commas or semicolons) has a first line with the names of its columns,
        C(tenant_id) and C(name) among them; an empty field is no variable.
      - A tenant option of P(mssp.defender_xdr.tenant#connection), such as C(cloud) or C(client_id), becomes the variable C(defender_xdr_cloud) or
        C(defender_xdr_client_id). Every other name is a variable as it stands, but one that is a keyword of Ansible, such as C(tags), becomes C(tenant_tags).
      - Values in YAML can be templates and vaulted, as in any inventory. The tenant's id, name and domain, and everything in CSV, are never templates.
      - A file that is vaulted as a whole is decrypted.
      - Do not put the registry into a folder that is itself given to Ansible as an inventory, because Ansible then takes it for one.
    type: list
    elements: path
    required: true
  hostnames:
    description:
      - What a host is called. The first of these that a tenant has; its id when it has none of them.
      - Every run of characters other than letters and digits of any script, C(_), C(.) and C(-) becomes one C(_).
      - Two tenants of one name are an error, as is a name that a group has.
    type: list
    elements: str
    choices: [name, default_domain, tenant_id]
    default: [name]
  group:
    description:
      - The group of all these hosts.
    type: str
    default: tenants
  filters:
    description:
      - Which tenants become hosts. Each entry is C(include) or C(exclude) with a Jinja expression over the host's variables, or V(true) or V(false).
        The first entry whose expression holds decides, and a tenant that none decides about is included.
      - O(strict) says what happens to an expression that fails, for example because a tenant lacks the variable. Unless it is set, such an entry does not hold.
    type: list
    elements: dict
    default: []
    suboptions:
      include:
        description: Tenants for which this holds become hosts.
        type: raw
      exclude:
        description: Tenants for which this holds do not become hosts.
        type: raw
notes:
  - A source that cannot be read is an error and never an empty inventory. But unless C(any_unparsed_is_failed) (E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED))
    is set, Ansible itself turns an inventory's error into a warning and goes on without its hosts. Set it.
seealso:
  - plugin: mssp.defender_xdr.tenant
    plugin_type: connection
"""

EXAMPLES = r"""
# customers.tenants.yml, beside registry.yml:
#
# tenants:
#   - {tenant_id: 22222222-2222-2222-2222-222222222222, name: contoso, tier: gold}
#   - {tenant_id: 33333333-3333-3333-3333-333333333333, name: woodgrove, tier: silver, cloud: gcc_high}
#
# What all have in common, such as defender_xdr_client_id, stands in group_vars/tenants.yml.
plugin: mssp.defender_xdr.tenants
file: [registry.yml]

---
# A spreadsheet; no test tenants; groups gold, silver, …; only tenants under contract this year.
plugin: mssp.defender_xdr.tenants
file: [customers.csv]
filters:
  - exclude: tier == 'test'
keyed_groups:
  - key: tier
    prefix: ""
    separator: ""
groups:
  europe: region | default('') in ['eu', 'uk']
compose:
  contact: contact | default('soc@' ~ default_domain)
strict: false
"""

import typing as t
from pathlib import Path

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _inventory


class InventoryModule(BaseInventoryPlugin, Constructable):
    NAME = "mssp.defender_xdr.tenants"

    def verify_file(self, path: str) -> bool:
        """The name is one of ours, and so is the content: an ordinary inventory may be called tenants.yml."""
        return bool(super().verify_file(path)) and _inventory.is_ours(Path(path))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        try:
            _inventory.check(config, self.get_options())
            hosts = _inventory.hosts(self, Path(path))
        except DefenderError as e:
            raise AnsibleParserError(f"{e.category}: {e.message}") from None
        _inventory.add(self, hosts)
        strict = self.get_option("strict")
        for host in hosts:
            self._set_composite_vars(self.get_option("compose"), inventory.get_host(host).get_vars(), host, strict=strict)
        for host in hosts:
            variables = inventory.get_host(host).get_vars()
            self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict, fetch_hostvars=False)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict, fetch_hostvars=False)
