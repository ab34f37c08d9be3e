# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Customer tenants as hosts, out of one's own registry and the provider's books at Microsoft."""

from __future__ import annotations

DOCUMENTATION = r"""
name: tenants
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Customer tenants as hosts
version_added: 0.2.0
description:
  - Makes a host of every customer tenant that a source knows. Sources are a registry, which is a
    list of one's own in YAML or CSV, the delegated admin relationships (GDAP) of the provider, and
    its contracts as a reseller (CSP).
  - Playbooks that say C(hosts=tenants) run unchanged. Every host is in the group that O(group)
    names, whose variable C(ansible_connection) is V(mssp.defender_xdr.tenant), and has the
    variables C(defender_xdr_tenant_id), C(defender_xdr_tenant_name), C(defender_xdr_default_domain)
    and C(defender_xdr_sources), as far as they are known, beside those of the registry.
  - A tenant that several sources know is one host. What the registry says of it wins, then GDAP,
    then the contracts.
  - C(defender_xdr_gdap) has the best of a customer's relationships (C(id), C(display_name),
    C(status), C(end_date_time), C(auto_extend_duration), C(roles)) and the C(others) in short.
    C(defender_xdr_contract) has C(id) and C(types).
  - Needs C(DelegatedAdminRelationship.Read.All) of Microsoft Graph for the source V(gdap), and
    C(Directory.Read.All) of Microsoft Graph for the source V(contracts), both granted to the
    application in the provider's own tenant. Do not add them to the application that customers
    consent to, because then each customer is asked for them too. Use another application here.
  - The tenant options below are those of the provider's own tenant and serve these two sources
    only. They can be templates, as in C({{ lookup('ansible.builtin.env', 'PROVIDER_SECRET') }}).
    What is not set here comes from the environment and C(ansible.cfg), as for
    P(mssp.defender_xdr.tenant#connection). Hosts do not inherit them.
  - Its file ends in C(.yml) or C(.yaml) and has the key O(plugin). Other files are left to other
    inventory plugins.
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
  - mssp.defender_xdr._tenant
options:
  plugin:
    description:
      - The name of this plugin.
    type: str
    required: true
    choices: [mssp.defender_xdr.tenants]
  sources:
    description:
      - Where tenants come from. Each of them must answer; one that does not is an error.
    type: list
    elements: str
    choices: [file, gdap, contracts]
    default: [file]
  file:
    description:
      - Registry files, and folders of them. A relative path begins at the folder of the inventory's
        own file.
      - A YAML or JSON file (C(.yml), C(.yaml), C(.json)) has the one key C(tenants), a list of
        mappings with C(tenant_id), C(name), perhaps C(default_domain), and any variables.
      - A CSV file (C(.csv)) has a first line with the names of its columns, C(tenant_id) and
        C(name) among them; an empty field is no variable. It is read as spreadsheets save it, in
        UTF-8 or as Excel's Unicode text (UTF-16), separated by commas, semicolons, tabs or C(|), or
        by what a first line such as C(sep=;) names. Columns without a name and rows must be empty
        to be left out. Other encodings, such as Windows-1252, are an error.
      - A tenant option of P(mssp.defender_xdr.tenant#connection), such as C(cloud) or C(client_id),
        becomes the variable C(defender_xdr_cloud) or C(defender_xdr_client_id). Every other name is
        a variable as it stands, but one that is a keyword of Ansible, such as C(tags), becomes
        C(tenant_tags).
      - Values in YAML can be templates and vaulted, as in any inventory. The tenant's id, name and
        domain, and everything in CSV, are never templates, as is everything that comes from
        Microsoft. C(ansible-inventory --list) shows text that is never a template as
        C(__ansible_unsafe).
      - A file that is vaulted as a whole is decrypted.
      - Do not put the registry into a folder that is itself given to Ansible as an inventory,
        because Ansible then takes it for one.
    type: list
    elements: path
    default: []
  gdap_statuses:
    description:
      - What the best relationship of a customer must be for a host, if no other source knows that
        customer. A warning tells who is left out.
      - A customer's best relationship is the first of V(active), V(expiring),
        V(termination_requested), V(terminating), V(activating), V(approved), V(approval_pending),
        V(created), V(expired), V(terminated).
    type: list
    elements: str
    choices: [active, expiring, termination_requested, terminating, activating, approved,
      approval_pending, created, expired, terminated]
    default: [active, expiring, termination_requested, terminating, activating]
  hostnames:
    description:
      - What a host is called. The first of these that a tenant has; its id when it has none of
        them.
      - Every run of characters other than letters and digits of any script, C(_), C(.) and C(-)
        becomes one C(_).
      - Where two tenants have one name, or a tenant that of a group, of Ansible's own V(all) or
        V(localhost), or of another host, C(_) and the first eight characters of its tenant id make
        the name unique, and a warning says so. A tenant of the registry keeps its name against
        those that only Microsoft knows, so that nobody gets another one's C(host_vars) by what it
        calls itself.
      - A host of that name that an earlier inventory has is the same host if it has the same
        C(defender_xdr_tenant_id), or if it has neither that nor a variable C(ansible_*) and the
        tenant is in the registry.
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
      - Which tenants become hosts. Each entry is C(include) or C(exclude) with a Jinja expression
        over the host's variables, or V(true) or V(false). The first entry whose expression holds
        decides, and a tenant that none decides about is included.
      - O(strict) says what happens to an expression that fails, for example because a tenant lacks
        the variable. Unless it is set, such an entry does not hold.
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
  probe:
    description:
      - Ask every host's tenant for a token, in parallel, and put the host into the group
        C(healthy), or else into the group of the category that a task would fail with, such as
        C(not_consented) or C(role_missing). The variable C(defender_xdr_probe) says C(category),
        C(roles), C(checked_at) and, where something is wrong, C(text).
      - The tenant's options are its host's, from this inventory, from C(group_vars) and
        C(host_vars) beside it, and from inventories before it. Those beside a playbook are not
        known here.
      - It comes last, so that O(filters), O(groups) and O(keyed_groups) do not see
        C(defender_xdr_probe).
    type: bool
    default: false
  probe_resource:
    description:
      - The API whose token is asked for.
    type: str
    choices: [graph, xdr, endpoint]
    default: graph
  probe_required_for:
    description:
      - Modules whose roles must be in the token.
    type: list
    elements: str
    default: [incident_info]
  probe_concurrency:
    description:
      - How many tenants are asked at once.
    type: int
    default: 32
  tenant_id:
    description:
      - GUID of the provider's own tenant.
  tenant_name:
    description:
      - Name of the provider's tenant in messages.
  cache:
    description:
      - Keep what the sources V(gdap) and V(contracts) and the probe answered, each for the options
        that were used, as templates, the environment and C(ansible.cfg) gave them, and for what
        credential files held. Another provider, application or credential is asked anew.
      - The registry is read every time. No token and no secret is kept there, and no
        finding of the probe that may be over at once, such as V(throttled), or that is this side's
        mistake (V(bad_request)).
      - Cache plugins that write files make them readable by everybody. Where O(cache_connection) is
        a folder, those of this inventory get mode 0600, because they name your customers.
notes:
  - A source that cannot be read is an error and never an empty inventory. But unless
    C(any_unparsed_is_failed) (E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED)) is set, Ansible itself
    turns an inventory's error into a warning and goes on without its hosts. Set it.
seealso:
  - plugin: mssp.defender_xdr.tenant
    plugin_type: connection
"""

EXAMPLES = r"""
# customers.tenants.yml, beside registry.yml:
#
# tenants:
#   - {tenant_id: 22222222-2222-2222-2222-222222222222, name: contoso, tier: gold}
#   - tenant_id: 33333333-3333-3333-3333-333333333333
#     name: woodgrove
#     tier: silver
#     cloud: gcc_high
#
# What all have in common, such as defender_xdr_client_id, stands in group_vars/tenants.yml.
plugin: mssp.defender_xdr.tenants
file: [registry.yml]

---
# A spreadsheet; no test tenants; groups gold, silver, …; one more variable.
plugin: mssp.defender_xdr.tenants
file: [customers.csv]
filters:
  - exclude: tier == 'test'
keyed_groups:
  - key: tier
    prefix: ""
    separator: ""
groups:
  europe: defender_xdr_region | default('') in ['eu', 'uk']
compose:
  contact: contact | default('soc@' ~ defender_xdr_default_domain)

---
# Every customer with a standing relationship or a contract, what the registry says of them, and
# who of them is ready.
plugin: mssp.defender_xdr.tenants
sources: [file, gdap, contracts]
file: [registry.yml]
hostnames: [default_domain, tenant_id]  # two customers may have one name, but not one domain
tenant_id: 99999999-9999-9999-9999-999999999999
client_id: 88888888-8888-8888-8888-888888888888
client_secret: "{{ lookup('ansible.builtin.env', 'PROVIDER_SECRET') }}"
keyed_groups:
  - key: defender_xdr_gdap.status
    prefix: gdap
probe: true
probe_required_for: [incident_info, hunting_query]
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.ansible/defender_xdr/inventory
"""

import typing as t
from pathlib import Path

from ansible import constants as C
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _tenant_options
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    cache as _inventory_cache,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    hosts as _inventory,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    options as _inventory_options,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import probe as _probe
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    sources as _sources,
)

LENIENT: t.Final = (
    " Ansible goes on without these tenants, because any_unparsed_is_failed is not set."
)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "mssp.defender_xdr.tenants"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and _inventory.is_ours(Path(path))

    def set_options(
        self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None
    ) -> None:
        """As in core, but a secret that is no text does not come out in the error."""
        with _inventory_options.discreet(direct or {}):
            _tenant_options.check_kinds(direct or {})
            super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        try:
            config = self._read_config_data(path)
            _inventory.check(config, self.get_options())
            provider = _sources.provider(self, config, Path(path))
            key = f"{self.get_cache_key(path)}_{_inventory_cache.question(config, provider)}"
            answers = _inventory_cache.Answers(
                self._cache.get(key) if cache and self.get_option("cache") else None
            )
            hosts = _inventory.hosts(self, _sources.gathered(self, provider, Path(path), answers))
            _inventory.add(self, hosts)
            self._construct(inventory, hosts)
            if self.get_option("probe"):
                _probe.add_health(self, hosts, path, answers)
        except DefenderError as e:
            lenient = not C.config.get_config_value("INVENTORY_ANY_UNPARSED_IS_FAILED")
            raise AnsibleParserError(
                f"{e.category}: {e.message}{LENIENT if lenient else ''}"
            ) from None
        if self.get_option("cache"):
            self._cache[key] = answers.content

    def update_cache_if_changed(self) -> None:
        super().update_cache_if_changed()
        _inventory_cache.close_to_others(self.get_option("cache_connection"), self.cache)

    def _construct(self, inventory: t.Any, hosts: t.Iterable[str]) -> None:
        """Ansible's own features; composed variables of all hosts before the first group that could
        bear a host's name."""
        get_host, strict = inventory.get_host, self.get_option("strict")
        for host in hosts:
            self._set_composite_vars(
                self.get_option("compose"), get_host(host).get_vars(), host, strict=strict
            )
        groups, keyed_groups = self.get_option("groups"), self.get_option("keyed_groups")
        for host in hosts:
            variables = get_host(host).get_vars()
            self._add_host_to_composed_groups(
                groups, variables, host, strict=strict, fetch_hostvars=False
            )
        # last, because core would put a group of a host's name into a composed group in its place
        for host in hosts:
            variables = get_host(host).get_vars()
            self._add_host_to_keyed_groups(
                keyed_groups, variables, host, strict=strict, fetch_hostvars=False
            )
