# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module door: a module's SPEC and run() inside an ordinary Ansible module.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub, _sealed
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

Run = t.Callable[[Tenant, dict[str, t.Any], bool], dict[str, t.Any]]


def spec(options: t.Mapping[str, t.Any], **rules: t.Any) -> dict[str, t.Any]:
    """What AnsibleModule and the in-process door validate with: the module's own options beside the
    tenant's."""
    return {
        "argument_spec": {**_options.TENANT_SPEC, **options},
        "supports_check_mode": True,
        **rules,
    }


def perform(
    run: Run, params: dict[str, t.Any], *, check_mode: bool, secrets: list[str] | None = None
) -> dict[str, t.Any]:
    """Run a module for the tenant that its parameters name; a DefenderError leaves with the tenant
    among its facts.

    :arg secrets: takes what else must not be shown: the tokens that the call held, and what its
        credential's files hold.
    """
    named: dict[str, t.Any] = {
        "id": params.get("tenant_id"),
        "name": params.get("tenant_name") or params.get("tenant_id"),
        "cloud": params.get("cloud"),
    }
    tenant = None
    try:
        # a token that was given needs no application to acquire one
        tenant = Tenant(_options.check(params, anonymous=bool(params.get("access_token"))))
        named = tenant.as_result()
        result = run(tenant, params, check_mode)
    except DefenderError as e:
        e.facts.setdefault("tenant", named)
        e.facts.setdefault("waited_seconds", _waited(tenant))
        if tenant and tenant.warnings:
            e.facts["warnings"] = [*tenant.warnings, *e.facts.get("warnings", [])]
        raise
    finally:
        if secrets is not None:
            secrets += _scrub.secrets_in_files(params)
            secrets += _scrub.forms(tenant.guard.tokens if tenant else ())
    warnings = [*tenant.warnings, *result.pop("warnings", [])]
    return {
        "tenant": named,
        "changed": False,
        **result,
        "waited_seconds": _waited(tenant),
        **({"warnings": warnings} if warnings else {}),
    }


def _waited(tenant: Tenant | None) -> float:
    """Seconds that the tenant's services made us wait: quotas, and repeats after failures."""
    return round(tenant.http.waited, 1) if tenant else 0.0


def serve(module_spec: t.Mapping[str, t.Any], run: Run) -> None:
    """A module's main(): parameters in, JSON out."""
    module = AnsibleModule(**module_spec)
    result = _answer(module, run, _scrub.secrets_of(module_spec["argument_spec"], module.params))
    # Masked here already. AnsibleModule would mask every value of a no_log option wherever it
    # occurs: a certificate_password of 1234 in an incident's id too.
    module.no_log_values = set()
    for warning in result.pop("warnings", []):
        module.warn(warning)
    # outside of any except: core adds the exception that is being handled, with its own text
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


def _answer(module: AnsibleModule, run: Run, secrets: list[str]) -> dict[str, t.Any]:
    """The module's result as everybody may see it, with the arguments it was given."""
    try:
        writer = _sealed.Writer(os.environ.get(_sealed.VARIABLE))
        found = perform(run, module.params, check_mode=module.check_mode, secrets=secrets)
        result = writer.sealed(_scrub.result(found, secrets))
    except DefenderError as e:
        result = _scrub.result(e.as_result(), secrets)
    except Exception as e:  # reported whole, but never with a secret in it
        result = _scrub.crash(e, secrets)
    shown = _scrub.arguments(module.argument_spec, module.params, secrets)
    return {**result, "invocation": {"module_args": shown}}


def only_here(module_spec: t.Mapping[str, t.Any]) -> None:
    """The main() of what only its action does, should it ever arrive on a machine."""
    AnsibleModule(**module_spec).fail_json(
        msg="This runs on the controller only; do not delegate it to another machine."
    )
