# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signer of assertions: the right key for the right certificate, its validity and its chain."""

from __future__ import annotations

import base64
import datetime
import itertools
import types

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    certificate_signer as _certificate_signer,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.desk import (
    DER,
    PASSWORD,
    Desk,
    is_of,
    refused,
    signer,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Papers


def test_a_renewed_certificate_is_taken_before_the_old_one(desk: Desk, papers: Papers) -> None:
    # the same key three times: expired, valid, and not yet valid
    app = papers.application
    for order in itertools.islice(
        itertools.permutations([papers.expired, app, papers.not_yet_valid]), 0, None, 2
    ):
        pem = b"".join(pair.certificate_pem for pair in order) + app.key_pem
        assert is_of(signer({"certificate_path": desk.put("app.pem", pem)}), app)


def test_the_right_key_of_several_is_taken(desk: Desk, papers: Papers) -> None:
    app, other = papers.application, papers.stranger
    for keys in (app.key_pem + other.key_pem, other.key_pem + app.key_pem):
        path = desk.put("app.pem", app.certificate_pem + keys)
        assert is_of(signer({"certificate_path": path}), app)


def test_the_chain_is_in_order_and_without_strangers(desk: Desk, papers: Papers) -> None:
    app, authority = papers.application, papers.authority
    others = [papers.other_authority, papers.stranger]
    wanted = [
        base64.b64encode(pair.certificate.public_bytes(DER)).decode() for pair in (app, authority)
    ]
    for order in itertools.islice(itertools.permutations([app, authority, *others]), 0, None, 5):
        pem = b"".join(pair.certificate_pem for pair in order) + app.key_pem
        path = desk.put("app.pem", pem)
        assert signer({"certificate_path": path, "certificate_chain": True}).x5c == wanted


def test_a_certificate_without_its_key_and_a_key_without_its_certificate_are_told(
    desk: Desk, papers: Papers
) -> None:
    for content in (papers.application.certificate_pem, papers.application.key_pem):
        assert (
            refused({"certificate_path": desk.put("app.pem", content)}).category
            == "bad_credentials"
        )


def test_key_and_certificate_have_to_be_a_pair(desk: Desk, papers: Papers) -> None:
    path = desk.put("app.pem", papers.application.certificate_pem)
    error = refused(
        {"certificate_path": path, "private_key_path": desk.put("key.pem", papers.stranger.key_pem)}
    )
    assert (
        error.message == f"certificate_path {path}: the private key does not match any certificate."
    )


def test_a_certificate_out_of_its_time_is_told_with_the_time(desk: Desk, papers: Papers) -> None:
    for pair, said in (
        (papers.expired, "expired on {0.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"),
        (papers.not_yet_valid, "is not valid before {0.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"),
    ):
        path = desk.put("app.pem", pair.certificate_pem + pair.key_pem)
        error = refused({"certificate_path": path})
        assert (error.category, error.who) == ("credential_expired", "partner")
        assert (
            error.message
            == f"certificate_path {path}: the certificate {said.format(pair.certificate)}."
        )


def test_an_elliptic_key_is_refused(desk: Desk, papers: Papers) -> None:
    path = desk.put("app.pem", papers.elliptic.certificate_pem + papers.elliptic.key_pem)
    assert (
        refused({"certificate_path": path}).message
        == f"certificate_path {path}: the key is not an RSA key, but Entra ID accepts only RSA"
        " keys."
    )


def test_the_chain_is_sent_only_when_asked_for_and_begins_with_the_own_certificate(
    desk: Desk, papers: Papers
) -> None:
    app, authority = papers.application, papers.authority
    wanted = [
        base64.b64encode(each.certificate.public_bytes(DER)).decode() for each in (app, authority)
    ]
    pem = desk.put("app.pem", authority.certificate_pem + app.certificate_pem + app.key_pem)
    pfx = desk.put("app.pfx", app.pfx(None, chain=[authority.certificate]))
    for path in (pem, pfx):
        assert signer({"certificate_path": path}).x5c is None
        assert signer({"certificate_path": path, "certificate_chain": True}).x5c == wanted


def test_a_signer_shows_no_key(papers: Papers) -> None:
    app = papers.application
    assert "RSA" not in repr(signer({"certificate": (app.certificate_pem + app.key_pem).decode()}))


def test_a_file_is_parsed_once_in_a_process(desk: Desk, papers: Papers) -> None:
    app = papers.application
    pem = app.certificate_pem + app.key_pem
    for credential in (
        {"certificate": pem.decode()},
        {"certificate_path": desk.put("app.pem", pem)},
        {
            "certificate_path": desk.put("app.pfx", app.pfx(PASSWORD)),
            "certificate_password": PASSWORD,
        },
        {
            "certificate_path": desk.put("app.cer", app.certificate_pem),
            "private_key_path": desk.put("app.key", app.encrypted_key_pem(PASSWORD)),
            "certificate_password": PASSWORD,
        },
    ):
        assert signer(credential).key is signer(credential).key


def test_a_file_that_changed_is_parsed_anew(desk: Desk, papers: Papers) -> None:
    for pair in (papers.application, papers.stranger, papers.application):
        path = desk.put("app.pem", pair.certificate_pem + pair.key_pem)
        assert is_of(signer({"certificate_path": path}), pair)
        assert is_of(
            signer(
                {
                    "certificate_path": desk.put("app.cer", pair.certificate_pem),
                    "private_key_path": desk.put("app.key", pair.key_pem),
                }
            ),
            pair,
        )


def test_a_wrong_password_is_refused_after_the_right_one(desk: Desk, papers: Papers) -> None:
    path = desk.put("app.pfx", papers.application.pfx(PASSWORD))
    signer({"certificate_path": path, "certificate_password": PASSWORD})
    assert "is wrong" in refused({"certificate_path": path, "certificate_password": "no"}).message
    assert "is required" in refused({"certificate_path": path}).message


def test_the_validity_is_checked_each_time(
    desk: Desk, papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = papers.application
    credential = {"certificate_path": desk.put("app.pem", app.certificate_pem + app.key_pem)}
    assert is_of(signer(credential), app)
    second = datetime.timedelta(seconds=1)
    for now, problem in (
        (app.certificate.not_valid_after_utc + second, "expired on"),
        (app.certificate.not_valid_before_utc - second, "is not valid before"),
    ):
        clock = types.SimpleNamespace(now=lambda _zone, now=now: now)
        monkeypatch.setattr(
            _certificate_signer,
            "datetime",
            types.SimpleNamespace(datetime=clock, UTC=datetime.UTC),
        )
        error = refused(credential)
        assert error.category == "credential_expired"
        assert problem in error.message
