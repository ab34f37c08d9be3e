# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module runs in this process as in one of its own: its environment is the task's, and ends with
it."""

from __future__ import annotations

import os
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _execution

Json = dict[str, t.Any]


class Action:
    """An action with the keyword `environment`."""

    def __init__(self, wanted: Json) -> None:
        self._wanted = wanted

    def _compute_environment_string(self, wanted: Json) -> str:
        wanted.update(self._wanted)
        return ""


def test_the_environment_counts_and_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFENDER_XDR_API", "graph")
    before = dict(os.environ)

    def fail() -> None:
        with _execution.environment(Action({"DEFENDER_XDR_API": "xdr", "DEFENDER_XDR_RETRIES": 7})):
            assert os.environ["DEFENDER_XDR_API"] == "xdr"
            assert os.environ["DEFENDER_XDR_RETRIES"] == "7"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert dict(os.environ) == before
