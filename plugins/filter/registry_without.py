# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: registry_without
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Remove a tenant from a registry of tenants
version_added: 0.1.0
description:
  - Reads a YAML registry on the controller, as used by P(mssp.defender_xdr.tenants#inventory), and
    returns its text without the entry of the tenant. Write the text to the file with
    M(ansible.builtin.copy). If the tenant has no entry, the text is returned unchanged.
  - The filter locks the folder of the registry until the task ends. Other tasks that use this
    filter or P(mssp.defender_xdr.registry_with#filter) on a registry in that folder wait, even in
    other runs of Ansible on this machine. Write the text in the same task, so that no entry is
    lost.
positional: tenant_id
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
seealso:
  - plugin: mssp.defender_xdr.registry_with
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Remove the tenant from the registry
  ansible.builtin.copy:
    content:
      "{{ '/tmp/registry.yml' | mssp.defender_xdr.registry_without(defender_xdr_tenant_id) }}"
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


def registry_without(path: str, tenant_id: str) -> str:
    try:
        _registry_lock.hold(path)
        return _registry_text.without_tenant(_registry_text.read(path), path, tenant_id)
    except DefenderError as e:
        raise AnsibleFilterError(e.message) from None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"registry_without": registry_without}
