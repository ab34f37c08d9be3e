# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host's tenant options from its variables, the environment and ansible.cfg.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import functools
import typing as t

from ansible import constants as C
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    connections as _connections,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import (
    CREDENTIAL,
    SOURCES,
    TENANT_SPEC,
)

CONNECTION: t.Final = "mssp.defender_xdr.tenant"
# Core resolves these options as if they were those of a connection plugin of this name. There is no
# such plugin: core would resolve its options for every task, also where nothing reads them.
DEFINED: t.Final = f"{CONNECTION} options"
SECTION: t.Final = "defender_xdr"
PREFIX: t.Final = f"{SECTION}_"
COMMON: t.Final = ("type", "default", "choices")  # what a spec and a definition both have
ONLY_VARIABLE: t.Final = ("tenant_id",)
VARIABLE: t.Final = f"{PREFIX}tenant_id"
VARIABLES: t.Final = tuple(f"{PREFIX}{option}" for option in TENANT_SPEC)
LAYERS: t.Final = ("var", "env", "ini")
SECRETS: t.Final = frozenset(option for option, spec in TENANT_SPEC.items() if spec.get("no_log"))


@functools.cache
def _defined() -> str:
    """Define the options in core's configuration, and return the name that they have there."""
    definitions = {}
    for option, spec in TENANT_SPEC.items():
        definition: dict[str, t.Any] = {key: spec[key] for key in COMMON if key in spec}
        definition["vars"] = [{"name": f"{PREFIX}{option}"}]
        if option not in ONLY_VARIABLE:
            definition["env"] = [{"name": f"{PREFIX}{option}".upper()}]
            definition["ini"] = [{"section": SECTION, "key": option}]
        definitions[option] = definition
    C.config.initialize_plugin_configuration_definitions("connection", DEFINED, definitions)
    return DEFINED


Setting = tuple[t.Any, str]


def prepare() -> None:
    """Prepare in the parent what every worker would otherwise build again.

    Core imports an action before it forks, so workers inherit the definitions of the options and
    the TLS context with the CAs, which takes 30 ms to build. CAs named only in a host's variables
    are loaded by its worker.
    """
    # any error occurs again in the worker, which reports it with the task
    with contextlib.suppress(Exception):
        shared = options_from_env_and_cfg()
        _connections.tls_context(shared["ca_path"][0], shared["validate_certs"][0] is not False)


def options_from_env_and_cfg() -> dict[str, Setting]:
    """The options from the environment and ansible.cfg with their origin, the same for all
    hosts."""
    return {option: _setting(option, {}) for option in TENANT_SPEC}


def _setting(option: str, variables: t.Mapping[str, t.Any]) -> Setting:
    value_and_origin: Setting = C.config.get_config_value_and_origin(
        option, plugin_type="connection", plugin_name=_defined(), variables=variables
    )
    return value_and_origin


def problem(option: str, value: t.Any, *, secret: bool) -> str | None:
    """The reason why the value is not a plain value, without the value; None if it is one.

    Core's message would show the value, and core converts a dictionary in a task argument to text.
    A vault look-up without `.secret` is a dictionary that contains the secret.
    """
    if (
        value is None
        or isinstance(value, (str, int, float))
        and not (secret and isinstance(value, bool))
    ):
        return None
    kinds: tuple[tuple[t.Any, str], ...] = (
        (bool, "true or false"),
        (t.Mapping, "a dictionary"),
        ((list, tuple, set), "a list"),
    )
    kind = next((word for types, word in kinds if isinstance(value, types)), "no text")
    remedy = (
        "Quote it."
        if isinstance(value, bool)
        else "Use the member that holds the value, such as .secret of a vault look-up."
    )
    what = "text" if secret else "one plain value"
    return f"{option} is {kind}, but must be {what} (its content is not shown). {remedy}"


def check_kinds(
    values: t.Mapping[str, t.Any], *, prefix: str = "", secrets: t.Collection[str] = SECRETS
) -> None:
    """Refuse dictionaries and lists as values of tenant options before core does; raises
    `bad_request`.

    :arg values: options by name with the prefix; other names are ignored.
    :arg secrets: the options that hold secrets.
    """
    for option in {**TENANT_SPEC, **dict.fromkeys(secrets)}:
        name = f"{prefix}{option}"
        text = problem(name, values.get(name), secret=option in secrets)
        if text:
            raise DefenderError("bad_request", text)


def resolve(
    variables: t.Mapping[str, t.Any],
    template: t.Callable[[t.Any], t.Any],
    task_args: t.Mapping[str, t.Any],
    *,
    shared: t.Mapping[str, Setting] | None = None,
) -> dict[str, t.Any]:
    """A module's arguments, completed with the host's tenant options; options that are not set are
    left out.

    :arg variables: all variables of the task's host.
    :arg template: renders one value in that host's context.
    :arg task_args: task arguments including module_defaults.
    :arg shared: the result of `options_from_env_and_cfg`, if many hosts are resolved.

    Only the nearest source with a credential is used, so that a task can override the inventory's
    credential. The host's name is the tenant's name unless the arguments name another tenant.
    Raises `bad_request`.
    """
    host_variables = {
        variable: template(variables[variable]) for variable in VARIABLES if variable in variables
    }
    try:
        check_kinds(host_variables, prefix=PREFIX)
        check_kinds(task_args)
    except DefenderError as e:
        e.facts["tenant"] = _tenant_named(variables, host_variables, task_args)
        raise
    merged: dict[str, t.Any] = {}
    layer: dict[str, str] = {}
    for option in TENANT_SPEC:
        # each option has one variable, defender_xdr_OPTION
        value, origin = (
            shared[option]
            if shared and f"{PREFIX}{option}" not in host_variables
            else _setting(option, host_variables)
        )
        if value is not None and origin != "default":
            merged[option] = value
            layer[option] = origin.split(":")[0] if origin.startswith(("var", "env")) else "ini"
    arguments = {option: value for option, value in task_args.items() if value is not None}
    nearest = next(
        (
            source
            for source in LAYERS
            if any(merged.get(option) and layer[option] == source for option in SOURCES)
        ),
        None,
    )
    for option in CREDENTIAL:
        if any(arguments.get(source) for source in SOURCES) or layer.get(option) != nearest:
            merged.pop(option, None)
    if VARIABLE in host_variables:
        if not names_another(host_variables[VARIABLE], arguments):
            if "inventory_hostname" in variables:
                merged.setdefault("tenant_name", variables["inventory_hostname"])
        elif layer.get("tenant_name") == "var":
            # the host's name is not the name of the other tenant
            del merged["tenant_name"]
    return t.cast("dict[str, t.Any]", native({**merged, **arguments}))


def names_another(tenant_id: t.Any, arguments: t.Mapping[str, t.Any]) -> bool:
    """Whether a task's arguments name a different tenant."""
    named = arguments.get("tenant_id")
    return bool(named) and str(named).strip().lower() != str(tenant_id).strip().lower()


def _tenant_named(
    variables: t.Mapping[str, t.Any],
    host_variables: t.Mapping[str, t.Any],
    arguments: t.Mapping[str, t.Any],
) -> dict[str, t.Any]:
    """The result's key `tenant` when the options themselves are invalid."""

    def plain(option: str) -> str | None:
        value = arguments.get(option) or host_variables.get(f"{PREFIX}{option}")
        return str(value) if isinstance(value, str) else None

    tenant_id = plain("tenant_id")
    name = plain("tenant_name") or variables.get("inventory_hostname") or tenant_id
    return {"id": tenant_id, "name": name, "cloud": plain("cloud") or "public"}


def native(value: t.Any) -> t.Any:
    """The value without core's tags (such as its origin), which are not needed here and make copies
    slow."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {native(name): native(member) for name, member in value.items()}
    if isinstance(value, list):
        return list(map(native, value))
    return value
