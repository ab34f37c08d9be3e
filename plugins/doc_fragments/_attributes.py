# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any
# time.

from __future__ import annotations


class ModuleDocFragment:
    """What every module has in common in how it runs."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - msal >= 1.35.0
  - requests >= 2.32.3
  - pyjwt[crypto] >= 2.10.0
notes:
  - For a host with the variable C(defender_xdr_tenant_id), and on the controller, the module runs
    inside Ansible's worker process and starts no other Python interpreter. On any other host,
    including one that the task is delegated to, it is transferred and executed like any other
    module. That host then needs the required packages, and the files that the module reads or
    writes (certificate, token cache) are on that host.
  - A task that is delegated to a host with C(defender_xdr_tenant_id) uses that host's tenant and
    options. A task that is delegated to any other host uses the tenant of the play's host.
  - The task keyword C(environment) applies to the variables C(DEFENDER_XDR_*) and to proxy
    variables.
attributes:
  action_group:
    description: Use C(group/mssp.defender_xdr.tenant) in C(module_defaults) to set the tenant
      options for all modules.
    support: full
    membership:
      - mssp.defender_xdr.tenant
  action:
    description: Has a corresponding action plugin, so parts of the options can be executed on the
      controller.
    support: full
  async:
    description: Supports the C(async) keyword.
    support: none
  platform:
    description: Platforms that the module runs on.
    support: full
    platforms: posix
"""

    CONTROLLER = r"""
options: {}
attributes:
  action:
    description: Has a corresponding action plugin, so parts of the options can be executed on the
      controller.
    support: full
  async:
    description: Supports the C(async) keyword.
    support: none
  platform:
    description: Platforms that the module runs on.
    support: full
    platforms: posix
"""

    READS = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and report what would change, without changing anything.
    support: full
    details: The module only reads, so check mode makes no difference.
  diff_mode:
    description: Returns what has changed, or would change, in diff mode.
    support: N/A
    details: The module changes nothing.
"""

    CHANGES = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and report what would change, without changing anything.
    support: full
    details: The object is read, and nothing is sent that changes it.
  diff_mode:
    description: Returns what has changed, or would change, in diff mode.
    support: full
"""
