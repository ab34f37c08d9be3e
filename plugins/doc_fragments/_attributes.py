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
  - For a host that has C(defender_xdr_tenant_id), and on the controller, the module runs inside
    Ansible's own process and starts no Python. Where the task runs on, or is delegated to, another
    machine that is no tenant, it is sent there as any module. Files that it reads or writes
    (certificate, token cache) are then that machine's, and it needs the packages.
  - Delegated to a host that has C(defender_xdr_tenant_id), the task asks that host's tenant, with
    its options. Delegated to any other machine, it asks the tenant of the play's host.
  - The task keyword C(environment) counts, for the variables C(DEFENDER_XDR_*) and for proxies.
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
    description: Supports C(async).
    support: none
  platform:
    description: Where it runs.
    support: full
    platforms: posix
"""

    READS = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and say what would change, without changing anything.
    support: full
    details: It only reads, so it does the same in check mode.
  diff_mode:
    description: Says what has changed, or would change, in diff mode.
    support: N/A
    details: It changes nothing.
"""
