# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures that several files share."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.tests.unit.forks import FORKED
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Papers
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    FakeClock,
    FakeHttp,
    parameters,
)

PAPERS: t.Final = Papers()


def pytest_collection_finish() -> None:
    """Make all keys and certificates once, and not in each fork."""
    if FORKED:
        PAPERS.make_all()


@pytest.fixture
def time() -> FakeClock:
    """A clock that only sleeping moves."""
    return FakeClock()


@pytest.fixture(scope="session")
def papers() -> Papers:
    """Keys and certificates, made once."""
    return PAPERS


@pytest.fixture
def tenant_with(time: FakeClock) -> t.Callable[..., Tenant]:
    """A tenant whose requests end in a script."""

    def build(http: FakeHttp, **changes: t.Any) -> Tenant:
        options = _options.check(parameters(**changes))
        return Tenant(options, clock=time.clock, http=t.cast("t.Any", http))

    return build
