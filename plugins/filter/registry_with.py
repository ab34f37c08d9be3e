# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: registry_with
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Add a tenant to a registry of tenants
version_added: 0.1.0
description:
  - Reads a YAML registry on the controller, as used by P(mssp.defender_xdr.tenants#inventory), and
    returns its text with an entry for the tenant. Write the text to the file with
    M(ansible.builtin.copy). A file that does not exist is treated as an empty registry.
  - The filter locks the folder of the registry until the task ends. Other tasks that use this
    filter or P(mssp.defender_xdr.registry_without#filter) on a registry in that folder wait, even
    in other runs of Ansible on this machine. Write the text in the same task, so that no entry is
    lost.
  - If the tenant already has an entry, the text is returned unchanged, because your own entry takes
    precedence. All other entries, their order and all comments stay unchanged.
positional: tenant_id, name, variables
options:
  _input:
    description:
      - Path of the registry. It ends in C(.yml) or C(.yaml), and its list has one entry below the
        other. Files encrypted with Ansible Vault are refused, and so are edits that would change
        another entry.
    type: path
    required: true
  tenant_id:
    description:
      - GUID of the tenant.
    type: str
    required: true
  name:
    description:
      - Name of the tenant.
    type: str
    required: true
  variables:
    description:
      - Further variables of the entry. A value that could be a template, and that does not come
        from your own YAML, gets the tag C(!unsafe), so that it stays text. A vaulted value is
        written as the vaulted text that it was.
    type: dict
    default: {}
seealso:
  - plugin: mssp.defender_xdr.registry_without
    plugin_type: filter
  - plugin: mssp.defender_xdr.tenants
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Add the tenant to the registry
  ansible.builtin.copy:
    content: >-
      {{ '/tmp/registry.yml' | mssp.defender_xdr.registry_with(
           defender_xdr_tenant_id, inventory_hostname, {'tier': 'gold'}) }}
    dest: /tmp/registry.yml
    mode: "0644"
  throttle: 1
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The text of the registry.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry_edit as _registry_text,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry_lock as _registry_lock,
)


def registry_with(
    path: str, tenant_id: str, name: str, variables: dict[str, t.Any] | None = None
) -> str:
    try:
        _registry_lock.hold(path)
        return _registry_text.with_tenant(
            _registry_text.read(path), path, tenant_id, name, variables or {}
        )
    except DefenderError as e:
        raise AnsibleFilterError(e.message) from None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"registry_with": registry_with}
