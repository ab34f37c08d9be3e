# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module's `run()` in this process, with checked arguments and without secrets in the result.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.utils.display import Display
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._module import Call
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.late_credential import LATE
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _tenant_options
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._text_table import safe_text

MODULES: t.Final = "ansible_collections.mssp.defender_xdr.plugins.modules"
RULES: t.Final = (
    "mutually_exclusive",
    "required_together",
    "required_one_of",
    "required_if",
    "required_by",
)
Result = dict[str, t.Any]


def module_named(name: str) -> t.Any:
    """The collection's module with this short name."""
    return importlib.import_module(f"{MODULES}.{name}")


def validated(spec: t.Mapping[str, t.Any], arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """The arguments checked by the module's spec; raises `bad_request`.

    They are checked here so that both doors report errors the same way.
    """
    rules = {rule: spec[rule] for rule in RULES if rule in spec}
    named = {
        "id": arguments.get("tenant_id"),
        "name": arguments.get("tenant_name") or arguments.get("tenant_id"),
        "cloud": arguments.get("cloud", "public"),
    }
    try:
        secrets = {name for name, option in spec["argument_spec"].items() if option.get("no_log")}
        _tenant_options.check_kinds(arguments, secrets=secrets)
    except DefenderError as e:
        e.facts["tenant"] = named
        raise
    late = {LATE: arguments[LATE]} if LATE in arguments else {}
    checked = ArgumentSpecValidator(spec["argument_spec"], **rules).validate(
        {name: value for name, value in arguments.items() if name not in late}
    )
    if checked.error_messages:
        raise DefenderError(
            "bad_request", "; ".join(checked.error_messages), facts={"tenant": named}
        )
    return {**checked.validated_parameters, **late}


def run_here(
    module: t.Any, params: dict[str, t.Any], secrets: t.Sequence[str], *, check_mode: bool
) -> Result:
    """Run the module in this process; see `performed`. A long wait shows lines on the terminal."""
    call = Call(module.run, params, notify=lambda line: Display().display(safe_text(line)))
    return performed(call, secrets, check_mode=check_mode)


def performed(call: Call, secrets: t.Sequence[str], *, check_mode: bool) -> Result:
    """The result of the call without secrets.

    :arg secrets: the secrets in the arguments; further secrets from the call are added if it is a
        list.
    """
    secret_list = secrets if isinstance(secrets, list) else list(secrets)
    return _scrub.result(call.perform(check_mode=check_mode, secrets=secret_list), secret_list)


@contextlib.contextmanager
def environment(action: t.Any) -> t.Iterator[None]:
    """Apply the task keyword `environment` to this process."""
    wanted: dict[str, t.Any] = {}
    action._compute_environment_string(wanted)
    before = dict(os.environ)
    if wanted:
        os.environ.update({name: str(value) for name, value in wanted.items()})
    try:
        yield
    finally:
        if wanted:
            os.environ.clear()
            os.environ.update(before)


def freeze_gc() -> None:
    """Exclude everything the worker inherited from garbage collection.

    It lives until the worker ends anyway, and traversing it would copy the parent's memory pages.
    """
    gc.freeze()
