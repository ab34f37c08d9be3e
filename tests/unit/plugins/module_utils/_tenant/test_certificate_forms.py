# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forms of a certificate: PEM, DER and PFX, in base64 and with damaged line ends."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.desk import (
    DER,
    PASSWORD,
    PEM_WRAPPINGS,
    WRAPPINGS,
    Desk,
    given_both_ways,
    is_of,
    key_der,
    signer,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Papers


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
@pytest.mark.parametrize("password", [None, PASSWORD])
def test_a_pfx_is_read_out_of_base64(
    desk: Desk, papers: Papers, wrap: t.Callable[[bytes], bytes], password: str | None
) -> None:
    app = papers.application
    more = {"certificate_password": password} if password else {}
    for way in given_both_ways(desk, wrap(app.pfx(password)), **more):
        assert is_of(signer(way), app)


@pytest.mark.parametrize("wrap", PEM_WRAPPINGS.values(), ids=PEM_WRAPPINGS)
@pytest.mark.parametrize("password", [None, PASSWORD])
def test_a_pem_is_read_whatever_became_of_its_lines(
    desk: Desk, papers: Papers, wrap: t.Callable[[bytes], bytes], password: str | None
) -> None:
    app = papers.application
    more = {"certificate_password": password} if password else {}
    key = app.encrypted_key_pem(password) if password else app.key_pem
    for way in given_both_ways(desk, wrap(app.certificate_pem + key), **more):
        assert is_of(signer(way), app)


def test_certificate_and_key_come_in_files_of_either_form(desk: Desk, papers: Papers) -> None:
    app = papers.application
    der = app.certificate.public_bytes(DER)
    for certificate in (app.certificate_pem, der, base64.b64encode(der)):
        for key in (app.key_pem, key_der(app), base64.b64encode(key_der(app)), app.pfx(None)):
            path = desk.put("app.key", key)
            for way in given_both_ways(desk, certificate, private_key_path=path):
                assert is_of(signer(way), app)
        for key in (app.encrypted_key_pem(PASSWORD), key_der(app, PASSWORD), app.pfx(PASSWORD)):
            more = {"private_key_path": desk.put("app.key", key), "certificate_password": PASSWORD}
            for way in given_both_ways(desk, certificate, **more):
                assert is_of(signer(way), app)
