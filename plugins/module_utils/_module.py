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


class Call:
    """One call of a module for one tenant.

    A sweep performs it in check mode first, and then for real, with the same tokens.

    :arg expected: the states of the object before and after the only change that is allowed.
    :arg notify: shows a line while the module runs.
    """

    def __init__(
        self,
        run: Run,
        params: dict[str, t.Any],
        *,
        expected: tuple[dict[str, t.Any], dict[str, t.Any]] | None = None,
        notify: t.Callable[[str], None] | None = None,
    ) -> None:
        self._run = run
        self._notify = notify
        self._params = params
        self._expected = expected
        self._tenant: Tenant | None = None

    def allow_no_change(self, state: dict[str, t.Any]) -> None:
        """Let the next run fail if the object is no longer in this state, rather than change it."""
        self._expected = (state, state)

    def perform(self, *, check_mode: bool, secrets: list[str] | None = None) -> dict[str, t.Any]:
        """The module's result with the tenant, which is also added to the facts of a DefenderError.

        :arg secrets: receives other secrets of the call: its tokens, signed links, and the contents
            of its credential's files.
        """
        identity: dict[str, t.Any] = {
            "id": self._params.get("tenant_id"),
            "name": self._params.get("tenant_name") or self._params.get("tenant_id"),
            "cloud": self._params.get("cloud"),
        }
        try:
            tenant = self._fresh_tenant()
            identity = tenant.as_result()
            result = self._run(tenant, self._params, check_mode)
        except DefenderError as e:
            e.facts.setdefault("tenant", identity)
            e.facts.setdefault("waited_seconds", _waited(self._tenant))
            e.facts.update(_writes(self._tenant))
            if self._tenant and self._tenant.warnings:
                e.facts["warnings"] = [*self._tenant.warnings, *e.facts.get("warnings", [])]
            raise
        except BaseException as e:  # what was written stands in the failed result all the same
            if self._tenant and self._tenant.writes:
                _scrub.keep(e, {"tenant": identity, **_writes(self._tenant)})
            raise
        finally:
            if secrets is not None:
                secrets += self._secrets()
        if check_mode and not tenant.writes and (change := _predicted_change(result, self._params)):
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

    def _fresh_tenant(self) -> Tenant:
        """The tenant, without anything that an earlier run said about it."""
        if self._tenant is None:
            # with access_token, neither application nor credential is needed
            anonymous = bool(self._params.get("access_token"))
            self._tenant = Tenant(_options.check(self._params, anonymous=anonymous))
        if self._notify:
            self._tenant.notify = self._notify
        self._tenant.expected = self._expected
        self._tenant.writes = []
        self._tenant.warnings.clear()  # its guard has the same list
        return self._tenant

    def _secrets(self) -> list[str]:
        secrets = _scrub.secrets_in_files(self._params)
        if self._tenant:
            secrets += _late_secrets(self._tenant.options.credential)
            secrets += _scrub.forms([*self._tenant.guard.tokens, *self._tenant.secrets])
        return secrets


def perform(
    run: Run, params: dict[str, t.Any], *, check_mode: bool, secrets: list[str] | None = None
) -> dict[str, t.Any]:
    """Run a module for the tenant in its parameters; see `Call.perform`."""
    return Call(run, params).perform(check_mode=check_mode, secrets=secrets)


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
