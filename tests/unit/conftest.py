# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Hypothesis works in every unit test, and what the tests share in memory."""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile

import pytest
from ansible_collections.mssp.defender_xdr.tests.unit.forks import FORKED
from hypothesis import HealthCheck, settings

# nothing written beside the code, and nothing measured by the clock on a machine that does other
# things too
settings.register_profile(
    "explore",
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=2000,
    print_blob=True,
)
# the same examples in every run, so that what fails was broken by the change; those nobody has
# tried yet are for "explore"
settings.register_profile(
    "unit", settings.get_profile("explore"), derandomize=True, max_examples=100
)
# on the cores after the first one, where the same examples would be tried again
settings.register_profile("again", settings.get_profile("unit"), max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "again" if FORKED else "unit"))


def pytest_configure(config: pytest.Config) -> None:
    """Give the tests an Ansible home of their own, below which is recorded whose rows a file holds;
    once, and not in each of ansible-test's forks."""
    stack = contextlib.ExitStack()
    config.add_cleanup(stack.close)
    os.environ["ANSIBLE_HOME"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="home"))


def pytest_collection_finish() -> None:
    """Look for garbage only among what the tests make: ansible-test forks for each of thousands,
    and each fork would copy what is looked through."""
    gc.collect()
    gc.freeze()
