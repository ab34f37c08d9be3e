# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module door: a module's SPEC and run() inside an ordinary Ansible module.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _options, _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Tenant

Run = t.Callable[[Tenant, dict[str, t.Any], bool], dict[str, t.Any]]


def spec(options: t.Mapping[str, t.Any], **rules: t.Any) -> dict[str, t.Any]:
    """What AnsibleModule and the in-process door validate with: the module's own options beside the tenant's."""
    return {"argument_spec": {**_options.TENANT_SPEC, **options}, "supports_check_mode": True, **rules}


def perform(run: Run, params: dict[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Run a module for the tenant that its parameters name; a DefenderError leaves with the tenant among its facts."""
    named: dict[str, t.Any] = {"id": params.get("tenant_id"), "name": params.get("tenant_name") or params.get("tenant_id"), "cloud": params.get("cloud")}
    tenant = None
    try:
        # a token that was given needs no application to acquire one
        tenant = Tenant(_options.check(params, anonymous=bool(params.get("access_token"))))
        named = tenant.as_result()
        result = run(tenant, params, check_mode)
    except DefenderError as e:
        e.facts.setdefault("tenant", named)
        e.facts.setdefault("waited_seconds", _waited(tenant))
        raise
    warnings = [*tenant.warnings, *result.pop("warnings", [])]
    return {"tenant": named, "changed": False, **result, "waited_seconds": _waited(tenant), **({"warnings": warnings} if warnings else {})}


def _waited(tenant: Tenant | None) -> float:
    """Seconds that the tenant's services made us wait: quotas, and repeats after failures."""
    return round(tenant.http.waited, 1) if tenant else 0.0


def serve(module_spec: t.Mapping[str, t.Any], run: Run) -> None:
    """A module's main(): parameters in, JSON out."""
    module = AnsibleModule(**module_spec)
    secrets = _scrub.secrets_of(module_spec["argument_spec"], module.params)
    try:
        result = perform(run, module.params, check_mode=module.check_mode)
    except DefenderError as e:
        module.fail_json(**_scrub.result(e.as_result(), secrets))
    except Exception as e:  # reported whole, but never with a secret in it
        module.fail_json(**_scrub.crash(e, secrets))
    module.exit_json(**_scrub.result(result, secrets))


def only_here(module_spec: t.Mapping[str, t.Any]) -> None:
    """The main() of what only its action does, should it ever arrive on a machine."""
    AnsibleModule(**module_spec).fail_json(msg="This runs on the controller only; do not delegate it to another machine.")
