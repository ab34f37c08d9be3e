# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public part of a certificate, from every form of it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.public_certificate import (
    public_certificate,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.desk import (
    DER,
    PEM_WRAPPINGS,
    WRAPPINGS,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Papers


@pytest.mark.parametrize("wrap", PEM_WRAPPINGS.values(), ids=PEM_WRAPPINGS)
def test_a_public_certificate_is_read_in_the_same_forms(
    papers: Papers, wrap: t.Callable[[bytes], bytes]
) -> None:
    der = papers.application.certificate.public_bytes(DER)
    for content in (papers.application.certificate_pem, der):
        wrapped = wrap(content) if content != der or wrap in WRAPPINGS.values() else der
        assert public_certificate("public_certificate", "x", wrapped).der == der
