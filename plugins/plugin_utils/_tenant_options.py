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
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.loader import connection_loader
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    connections as _connections,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.late_credential import LATE
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
CREDENTIAL_VARIABLES: t.Final = tuple(f"{PREFIX}{option}" for option in CREDENTIAL)
CREDENTIAL_SPEC: t.Final = {option: TENANT_SPEC[option] for option in CREDENTIAL}
LAYERS: t.Final = ("var", "env", "ini")
SECRETS: t.Final = frozenset(option for option, spec in TENANT_SPEC.items() if spec.get("no_log"))
LISTS: t.Final = frozenset(option for option, spec in TENANT_SPEC.items() if spec["type"] == "list")


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

    Core imports an action before it forks, so workers inherit the definitions of the options, the
    connection plugin with its documentation, which takes 3 ms to parse, and the TLS context with
    the CAs, which takes 30 ms to build. CAs named only in a host's variables are loaded by its
    worker.
    """
    # any error occurs again in the worker, which reports it with the task
    with contextlib.suppress(Exception):
        shared = options_from_env_and_cfg()
        _connections.tls_context(shared["ca_path"][0], shared["validate_certs"][0] is not False)
        connection_loader.get(CONNECTION, class_only=True)


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
        value = values.get(name)
        members = value if option in LISTS and isinstance(value, list) else [value]
        for member in members:
            if text := problem(name, member, secret=option in secrets):
                raise DefenderError("bad_request", text)


def resolve(
    variables: t.Mapping[str, t.Any],
    template: t.Callable[[t.Any], t.Any],
    task_args: t.Mapping[str, t.Any],
    *,
    shared: t.Mapping[str, Setting] | None = None,
    late: bool = False,
) -> dict[str, t.Any]:
    """A module's arguments, completed with the host's tenant options; options that are not set are
    left out.

    :arg variables: all variables of the task's host.
    :arg template: renders one value in that host's context.
    :arg task_args: task arguments including module_defaults.
    :arg shared: the result of `options_from_env_and_cfg`, if many hosts are resolved.
    :arg late: leave a credential whose variables are templates to the function `LATE` of the
        result, which is called when a token has to be requested.

    Only the nearest source with a credential is used, so that a task can override the inventory's
    credential. The host's name is the tenant's name unless the arguments name another tenant.
    Raises `bad_request`.
    """
    arguments = {option: value for option, value in task_args.items() if value is not None}
    raw = {variable: variables[variable] for variable in VARIABLES if variable in variables}
    credential = {variable: raw[variable] for variable in CREDENTIAL_VARIABLES if variable in raw}
    late = late and not is_plain(credential) and not any(map(arguments.get, CREDENTIAL))
    host_variables = {
        variable: template(value)
        for variable, value in raw.items()
        if not (late and variable in credential)
    }
    try:
        check_kinds(host_variables, prefix=PREFIX)
        check_kinds(task_args)
    except DefenderError as e:
        e.facts["tenant"] = _tenant_named(variables, host_variables, task_args)
        raise
    layers = _layers(host_variables, shared, TENANT_SPEC)
    merged = {option: value for option, (value, _layer) in layers.items()}
    if late:
        merged = {option: value for option, value in merged.items() if option not in CREDENTIAL}
        merged[LATE] = functools.partial(_credential, credential, template, shared)
    else:
        _keep_nearest_credential(merged, layers, arguments)
    if VARIABLE in host_variables:
        if not names_another(host_variables[VARIABLE], arguments):
            if "inventory_hostname" in variables:
                merged.setdefault("tenant_name", variables["inventory_hostname"])
        elif layers.get("tenant_name", ("", ""))[1] == "var":
            # the host's name is not the name of the other tenant
            del merged["tenant_name"]
    return t.cast("dict[str, t.Any]", native({**merged, **arguments}))


def is_plain(value: t.Any) -> bool:
    """Whether templating returns the value unchanged, because no text in it can be a template."""
    if isinstance(value, str):
        return "{" not in value and not value.startswith("#jinja2")
    if isinstance(value, dict):
        return all(is_plain(name) and is_plain(member) for name, member in value.items())
    if isinstance(value, list):
        return all(map(is_plain, value))
    return value is None or isinstance(value, (bool, int, float))


def _layers(
    host_variables: t.Mapping[str, t.Any],
    shared: t.Mapping[str, Setting] | None,
    options: t.Iterable[str],
) -> dict[str, Setting]:
    """The options that are set, each with its value and its layer."""
    found = {}
    for option in options:
        # each option has one variable, defender_xdr_OPTION
        value, origin = (
            shared[option]
            if shared and f"{PREFIX}{option}" not in host_variables
            else _setting(option, host_variables)
        )
        if value is not None and origin != "default":
            layer = origin.split(":")[0] if origin.startswith(("var", "env")) else "ini"
            found[option] = value, layer
    return found


def _keep_nearest_credential(
    merged: dict[str, t.Any],
    layers: t.Mapping[str, Setting],
    arguments: t.Mapping[str, t.Any],
) -> None:
    """Remove the options of every credential but the nearest."""
    sources = {layers[option][1] for option in SOURCES if merged.get(option)}
    nearest = next((layer for layer in LAYERS if layer in sources), None)
    is_given = any(map(arguments.get, SOURCES))
    for option in CREDENTIAL:
        if is_given or option in layers and layers[option][1] != nearest:
            merged.pop(option, None)


def _credential(
    variables: t.Mapping[str, t.Any],
    template: t.Callable[[t.Any], t.Any],
    shared: t.Mapping[str, Setting] | None,
) -> dict[str, t.Any]:
    """The options of the credential from these variables, the environment and ansible.cfg."""
    try:
        values = {variable: template(value) for variable, value in variables.items()}
    except Exception as e:  # an undefined variable, or a look-up that failed
        text = _scrub.text(str(e), ())
        raise DefenderError("bad_request", f"The credential cannot be templated: {text}") from None
    check_kinds(values, prefix=PREFIX)
    layers = _layers(values, shared, CREDENTIAL)
    merged = {option: value for option, (value, _layer) in layers.items()}
    _keep_nearest_credential(merged, layers, {})
    checked = ArgumentSpecValidator(CREDENTIAL_SPEC).validate(native(merged))
    if checked.error_messages:
        raise DefenderError("bad_request", "; ".join(checked.error_messages))
    return t.cast("dict[str, t.Any]", checked.validated_parameters)


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
