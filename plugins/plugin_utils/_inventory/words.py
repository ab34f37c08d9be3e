# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's own words in inventory variables, the only trusted text there besides the
owner's.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import itertools
import typing as t

from ansible.template import trust_as_template
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _errors
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import (
    contracts as _contracts,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import (
    customer as _customers,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import gdap as _gdap
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    app_roles as _app_roles,
)

HEALTHY: t.Final = "healthy"
WORDS: t.Final = frozenset(
    {
        HEALTHY,
        _customers.OWNER,
        _contracts.SOURCE,
        _gdap.SOURCE,
        *_gdap.STATUSES,
        *_errors.CATEGORIES,
        *itertools.chain.from_iterable(_app_roles.APP_ROLES.values()),
    }
)


def trusted(value: t.Any) -> t.Any:
    """The value with the collection's words trusted and all other text unchanged.

    `ansible-inventory --list` wraps untrusted text as `__ansible_unsafe`, which is unnecessary for
    fixed words.
    """
    if isinstance(value, dict):
        return {name: trusted(member) for name, member in value.items()}
    if isinstance(value, list):
        return list(map(trusted, value))
    is_word = isinstance(value, str) and value in WORDS
    return trust_as_template(value) if is_word else value
