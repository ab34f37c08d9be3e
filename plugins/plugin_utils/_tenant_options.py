# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host's tenant options, out of its variables, the environment and ansible.cfg, by the definitions of the tenant connection.

Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import functools
import typing as t

from ansible import constants as C
from ansible.plugins.loader import connection_loader
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _connections
from ansible_collections.mssp.defender_xdr.plugins.module_utils._options import CREDENTIAL, SOURCES, TENANT_SPEC

CONNECTION: t.Final = "mssp.defender_xdr.tenant"
PREFIX: t.Final = "defender_xdr_"
VARIABLE: t.Final = f"{PREFIX}tenant_id"
LAYERS: t.Final = ("var", "env", "ini")


@functools.cache
def _definitions() -> tuple[str, frozenset[str]]:
    """The name that core knows the plugin's options under, and the variables that feed them.

    Core reads a collection plugin's options only once its class was loaded.
    """
    found = connection_loader.get(CONNECTION, class_only=True)
    name = found._load_name
    return name, frozenset(C.config.get_plugin_vars("connection", name))


Found = tuple[t.Any, str]


def prepare() -> None:
    """Make what each worker would make for itself, where all workers inherit it: core imports an action before it forks.

    That is the plugin's definitions and the context with the CAs, 30 ms each. CAs that only a host's variables name are loaded by its worker.
    """
    with contextlib.suppress(Exception):  # whatever it is, the worker meets it again and tells it with the task
        shared = elsewhere()
        _connections.tls_context(shared["ca_path"][0], shared["validate_certs"][0] is not False)


def elsewhere() -> dict[str, Found]:
    """What the environment and ansible.cfg say, with the origin: the same for every host."""
    return {option: _found(option, {}) for option in TENANT_SPEC}


def _found(option: str, variables: t.Mapping[str, t.Any]) -> Found:
    found: Found = C.config.get_config_value_and_origin(option, plugin_type="connection", plugin_name=_definitions()[0], variables=variables)
    return found


def resolve(
    variables: t.Mapping[str, t.Any], template: t.Callable[[t.Any], t.Any], given: t.Mapping[str, t.Any], *, shared: t.Mapping[str, Found] | None = None
) -> dict[str, t.Any]:
    """A module's arguments: those given, and for the rest the host's tenant options; options nobody set are left out.

    :arg variables: all variables of the task's own host.
    :arg template: renders one value in that host's context.
    :arg given: task arguments, with module_defaults already in them.
    :arg shared: what L(elsewhere) found, when many hosts are asked for.
    Only the nearest source that names a credential counts, so that a task can use another one than its inventory.
    """
    unused, known = _definitions()
    own = {variable: template(variables[variable]) for variable in known if variable in variables}
    merged: dict[str, t.Any] = {}
    layer: dict[str, str] = {}
    for option in TENANT_SPEC:
        # every option has the one variable defender_xdr_OPTION
        value, origin = shared[option] if shared and f"{PREFIX}{option}" not in own else _found(option, own)
        if value is not None and origin != "default":
            merged[option] = value
            layer[option] = origin.split(":")[0] if origin.startswith(("var", "env")) else "ini"
    arguments = {option: value for option, value in given.items() if value is not None}
    nearest = next((source for source in LAYERS if any(merged.get(option) and layer[option] == source for option in SOURCES)), None)
    for option in CREDENTIAL:
        if any(arguments.get(source) for source in SOURCES) or layer.get(option) != nearest:
            merged.pop(option, None)
    return t.cast("dict[str, t.Any]", native({**merged, **arguments}))


def native(value: t.Any) -> t.Any:
    """The value without core's tags (where it was written, and the like), which nothing here reads and which make each copy of it dear."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {native(name): native(member) for name, member in value.items()}
    if isinstance(value, list):
        return list(map(native, value))
    return value
