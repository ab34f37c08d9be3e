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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    write_records as _records,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.late_credential import (
    LateCredential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

Run = t.Callable[[Tenant, dict[str, t.Any], bool], dict[str, t.Any]]


def spec(options: t.Mapping[str, t.Any], **rules: t.Any) -> dict[str, t.Any]:
    """The arguments of AnsibleModule and of the in-process door: the module's and the tenant's
    options."""
    return {
        "argument_spec": {**_options.TENANT_SPEC, **options},
        "supports_check_mode": True,
        **rules,
    }


def perform(
    run: Run,
    params: dict[str, t.Any],
    *,
    check_mode: bool,
    secrets: list[str] | None = None,
    expected: tuple[dict[str, t.Any], dict[str, t.Any]] | None = None,
) -> dict[str, t.Any]:
    """Run a module for the tenant in its parameters; the tenant is added to the facts of a
    DefenderError.

    :arg secrets: receives other secrets of the call: its tokens, signed links, and the contents of
        its credential's files.
    :arg expected: the states of the object before and after the change, if a plan is applied.
    """
    identity: dict[str, t.Any] = {
        "id": params.get("tenant_id"),
        "name": params.get("tenant_name") or params.get("tenant_id"),
        "cloud": params.get("cloud"),
    }
    tenant = None
    try:
        # with access_token, neither application nor credential is needed
        tenant = Tenant(_options.check(params, anonymous=bool(params.get("access_token"))))
        tenant.expected = expected
        identity = tenant.as_result()
        result = run(tenant, params, check_mode)
    except DefenderError as e:
        e.facts.setdefault("tenant", identity)
        e.facts.setdefault("waited_seconds", _waited(tenant))
        e.facts.update(_writes(tenant))
        if tenant and tenant.warnings:
            e.facts["warnings"] = [*tenant.warnings, *e.facts.get("warnings", [])]
        raise
    except BaseException as e:  # what was written stands in the failed result all the same
        if tenant and tenant.writes:
            _scrub.keep(e, {"tenant": identity, **_writes(tenant)})
        raise
    finally:
        if secrets is not None:
            secrets += _scrub.secrets_in_files(params)
            if tenant:
                secrets += _late_secrets(tenant.options.credential)
                secrets += _scrub.forms([*tenant.guard.tokens, *tenant.secrets])
    if check_mode and not tenant.writes and (change := _predicted_change(result, params)):
        tenant.writes.append(_records.predicted(change, at=tenant.clock.wall()))
    warnings = [*tenant.warnings, *result.pop("warnings", [])]
    return {
        "tenant": identity,
        "changed": False,
        **result,
        **_writes(tenant),
        "waited_seconds": _waited(tenant),
        **({"warnings": warnings} if warnings else {}),
    }


def _writes(tenant: Tenant | None) -> dict[str, t.Any]:
    """The key with the records of all writes, if there are any."""
    return {"writes": tenant.writes} if tenant and tenant.writes else {}


def _predicted_change(
    result: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any]
) -> _records.Change | None:
    """What a module would write that shows its whole change as `diff`, such as those for the
    application; None if that is nothing."""
    diff = result.get("diff") or {}
    if not result.get("changed") or diff.get("before") == diff.get("after"):
        return None
    names = ("app_id", "display_name", "client_id")
    name = next((params[name] for name in names if params.get(name)), "")
    return _records.of_application(name, diff["before"], diff["after"])


def _late_secrets(credential: t.Mapping[str, t.Any]) -> list[str]:
    """The secrets of a credential that was obtained during the call."""
    late = (isinstance(credential, LateCredential) and credential.obtained) or {}
    return _scrub.secrets_of(_options.TENANT_SPEC, late) + _scrub.secrets_in_files(late)


def _waited(tenant: Tenant | None) -> float:
    """Seconds of waiting for the tenant's services: for quotas, and before retries."""
    return round(tenant.http.waited, 1) if tenant else 0.0


def serve(module_spec: t.Mapping[str, t.Any], run: Run) -> None:
    """The main() of a module."""
    module = AnsibleModule(**module_spec)
    result = _answer(module, run, _scrub.secrets_of(module_spec["argument_spec"], module.params))
    # Already masked. AnsibleModule would mask each value of a no_log option everywhere, such as a
    # certificate_password of 1234 in the id of an incident.
    module.no_log_values = set()
    for warning in result.pop("warnings", []):
        module.warn(warning)
    # outside of `except`, because core would add the text of the exception that is being handled
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


def _answer(module: AnsibleModule, run: Run, secrets: list[str]) -> dict[str, t.Any]:
    """The module's result with its arguments; secrets are masked."""
    try:
        writer = _sealed.Writer(os.environ.get(_sealed.VARIABLE))
        unmasked = perform(run, module.params, check_mode=module.check_mode, secrets=secrets)
        result = writer.sealed(_scrub.result(unmasked, secrets))
    except DefenderError as e:
        result = _scrub.result(e.as_result(), secrets)
    except Exception as e:  # reported with its traceback, but without secrets
        result = _scrub.crash(e, secrets)
    shown = _scrub.arguments(module.argument_spec, module.params, secrets)
    return {**result, "invocation": {"module_args": shown}}


def only_here(module_spec: t.Mapping[str, t.Any]) -> None:
    """The main() of a module whose action does all of its work on the controller."""
    AnsibleModule(**module_spec).fail_json(
        msg="This module runs only on the controller; do not delegate it to another machine."
    )
