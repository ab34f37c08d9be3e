# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenant options of an inventory file; errors never contain their values.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible.errors import AnsibleError
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _tenant_options

SECRETS: t.Final = tuple(
    name for name, option in _options.TENANT_SPEC.items() if option.get("no_log")
)
SHORTEST: t.Final = 4  # shorter texts are not secrets, and masking them would damage messages
Template = t.Callable[[t.Any], t.Any]


@contextlib.contextmanager
def discreet(values: t.Mapping[str, t.Any], prefix: str = "") -> t.Iterator[None]:
    """Remove the values of secret options from core's errors.

    :arg values: options or variables by name, as far as known when an error occurs.
    :arg prefix: prefix of the option names in `values`.
    """
    try:
        yield
    except AnsibleError as e:
        hidden = {text for name in SECRETS for text in _texts(values.get(f"{prefix}{name}"))}
        text = _scrub.text(str(e), sorted(hidden, key=len, reverse=True))
        raise DefenderError("bad_request", text) from None


def resolved(
    variables: t.Mapping[str, t.Any],
    template: Template,
    overrides: t.Mapping[str, t.Any],
    **more: t.Any,
) -> dict[str, t.Any]:
    """The tenant options from `_tenant_options.resolve`.

    Raises DefenderError without secrets, even if a template produced them.

    :arg variables: variables of the host.
    :arg template: renders one value in the host's context.
    :arg overrides: options that override variables and may be templates.
    """
    host: dict[str, t.Any] = {}
    options: dict[str, t.Any] = {}
    with discreet(host, _tenant_options.PREFIX), discreet(options):
        for name in _options.TENANT_SPEC:
            variable = f"{_tenant_options.PREFIX}{name}"
            if variable in variables:
                host[variable] = template(variables[variable])
            if name in overrides:
                options[name] = template(overrides[name])
        _tenant_options.check_kinds(host, prefix=_tenant_options.PREFIX)
        _tenant_options.check_kinds(options)
        return _tenant_options.resolve(host, lambda value: value, options, **more)


def _texts(value: t.Any) -> list[str]:
    """Every text in a value that is long enough to be a secret, and its single lines."""
    if isinstance(value, t.Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple)):
        return [text for member in value for text in _texts(member)]
    if value is None or isinstance(value, bool):
        return []
    text = str(value)
    lines = [line.strip() for line in text.splitlines()]
    return [part for part in (text, *lines) if len(part) >= SHORTEST]
