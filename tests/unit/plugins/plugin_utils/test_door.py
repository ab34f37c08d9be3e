# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which results are hidden, and what is shown in their place."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _door, _execution

Json = dict[str, t.Any]
MODULES: t.Final = Path(__file__).parents[4] / "plugins/modules"


@pytest.mark.parametrize("name", sorted(path.stem for path in MODULES.glob("*.py")))
def test_the_modules_that_may_return_a_secret_are_known(name: str) -> None:
    returned = yaml.safe_load(_execution.module_named(name).RETURN)
    assert bool(set(returned) & set(_scrub.SECRET_KEYS)) == (name in _door.SECRET_MODULES)


@pytest.mark.parametrize(
    ("result", "carries"),
    [
        ({"access_token": "eyJ"}, True),
        ({"secret_text": "x", "failed": True}, True),
        ({"access_token": None, "secret_text": ""}, False),
        ({"failed": True, "msg": "The secret is wrong."}, False),
        (
            {
                "results": {"contoso": {"access_token": "eyJ"}},
                "failures": {"fabrikam": {"msg": "m"}},
            },
            True,
        ),
        ({"results": {"contoso": {"roles": []}}}, False),
        (
            {
                "results": {},
                "failures": {"fabrikam": {"msg": "The secret is wrong."}},
                "failed": True,
            },
            False,
        ),
        ({"results": [{"access_token": "evidence"}]}, False),
        ({"rows": [{"access_token": "evidence"}]}, False),
    ],
)
def test_a_result_is_hidden_when_it_carries_a_secret_and_only_then(
    result: Json, carries: bool
) -> None:
    assert _door.carries_secret(result) is carries
    assert _door.private(result).get("_ansible_no_log", False) is carries


def test_the_failures_in_a_hidden_result_are_warnings() -> None:
    failures = {f"tenant{number}": {"msg": f"Reason {number}."} for number in range(12)}
    hidden = _door.private(
        {
            "results": {"contoso": {"access_token": "eyJ"}},
            "failures": failures,
            "warnings": ["12 of 13"],
        }
    )
    assert hidden["warnings"][:2] == ["12 of 13", "tenant0: Reason 0."]
    assert hidden["warnings"][10:] == [
        "tenant9: Reason 9.",
        "2 more tenants failed; register the result to see them all.",
    ]
