# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The consent link in its three forms: what Microsoft's pages say, and values that no character
breaks out of."""

from __future__ import annotations

import re
import typing as t
import uuid
from urllib.parse import parse_qsl, urlsplit

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.consent_url import FilterModule
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.consent_link import (
    consent_link,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import TENANT_HINT
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    CONSENT_URL,
    TENANT,
)
from hypothesis import given
from hypothesis import strategies as st

LANDING = "https://onboarding.partner.example/consented?from=mail"


def parts(link: str) -> tuple[str, str, dict[str, str]]:
    """Origin, path and values of a link, each value exactly once."""
    read = urlsplit(link)
    assert not read.fragment
    pairs = parse_qsl(read.query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return f"{read.scheme}://{read.netloc}", read.path, dict(pairs)


def test_the_plain_form_is_what_messages_carry() -> None:
    assert consent_link(TENANT, CLIENT) == CONSENT_URL


def test_the_form_of_microsofts_page_names_the_tenant() -> None:
    link = consent_link(TENANT, CLIENT, form="page")
    assert (
        link
        == f"https://login.microsoftonline.com/{TENANT}/oauth2/authorize?prompt=consent&response_type=code&sso_reload=true&client_id={CLIENT}"
    )


@pytest.mark.parametrize(
    ("cloud", "login", "scope"),
    [
        ("public", "https://login.microsoftonline.com", "https://graph.microsoft.com/.default"),
        ("gcc", "https://login.microsoftonline.com", "https://graph.microsoft.com/.default"),
        ("gcc_high", "https://login.microsoftonline.us", "https://graph.microsoft.us/.default"),
        ("dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us/.default"),
    ],
)
def test_the_v2_form_asks_for_all_roles_of_one_api(cloud: str, login: str, scope: str) -> None:
    found = parts(consent_link(TENANT, CLIENT, form="v2", redirect_uri=LANDING, cloud=cloud))
    assert found == (
        login,
        f"/{TENANT}/v2.0/adminconsent",
        {"client_id": CLIENT, "scope": scope, "redirect_uri": LANDING},
    )
    with pytest.raises(DefenderError, match="china"):
        consent_link(TENANT, CLIENT, form="v2", redirect_uri=LANDING, cloud="china")
    xdr = parts(consent_link(TENANT, CLIENT, form="v2", redirect_uri=LANDING, api="xdr"))
    assert xdr[2]["scope"] == "https://api.security.microsoft.com/.default"


def test_an_old_name_of_the_login_service_becomes_the_new_one() -> None:
    assert consent_link(TENANT, CLIENT, login_url="https://login.windows.net/") == CONSENT_URL
    assert consent_link(TENANT, CLIENT, login_url="https://127.0.0.1:8443").startswith(
        "https://127.0.0.1:8443/"
    )


@given(
    tenant=st.uuids(),
    client=st.uuids(),
    form=st.sampled_from(["adminconsent", "v2", "page"]),
    state=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    query=st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="#\\"), max_size=20
    ),
)
def test_what_goes_into_a_link_comes_out_of_it(
    tenant: uuid.UUID, client: uuid.UUID, form: str, state: str, query: str
) -> None:
    landing = f"https://partner.example/back?q={query}"
    where, path, values = parts(
        consent_link(
            str(tenant).upper(), str(client).upper(), form=form, state=state, redirect_uri=landing
        )
    )
    assert where == "https://login.microsoftonline.com"
    assert path.split("/")[1] == str(tenant)
    assert (values["client_id"], values["state"], values["redirect_uri"]) == (
        str(client),
        state,
        landing,
    )


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"tenant_id": "common"}, "one specific tenant"),
        ({"tenant_id": "organizations"}, "one specific tenant"),
        ({"tenant_id": "Consumers"}, "one specific tenant"),
        ({"tenant_id": "contoso"}, re.escape(TENANT_HINT)),
        ({"tenant_id": "contoso.onmicrosoft.com"}, "not a GUID"),
        ({"tenant_id": ""}, "tenant_id is not set"),
        ({"tenant_id": f"{TENANT}/../common"}, "not a GUID"),
        ({"client_id": "my app"}, "client_id is 'my app'"),
        (
            {"client_id": "my app"},
            r"\. Take the application \(client\) id from the app registration's overview page",
        ),
        ({"form": "v1"}, "adminconsent, v2, page"),
        ({"form": "v2"}, "^redirect_uri is not set"),
        ({"cloud": "mars"}, "public, gcc, gcc_high"),
        ({"api": "teams"}, "graph, xdr, endpoint"),
        ({"redirect_uri": "http://partner.example/"}, "redirect_uri"),
        ({"redirect_uri": "https://partner.example/#here"}, "without a fragment"),
        ({"redirect_uri": "https://"}, "redirect_uri"),
        ({"redirect_uri": "https://[::1"}, "redirect_uri"),
        ({"redirect_uri": "//partner.example/"}, "redirect_uri"),
        ({"redirect_uri": "https://partner.example/a page"}, "redirect_uri"),
        ({"redirect_uri": "https://partner.example\\@evil.example/"}, "redirect_uri"),
        ({"redirect_uri": "https://partner.example/\n"}, "redirect_uri"),
        ({"login_url": "http://login.microsoftonline.com"}, "login_url is"),
    ],
)
def test_what_no_link_can_be_made_of_is_refused_in_a_sentence(
    changes: dict[str, str], word: str
) -> None:
    values: dict[str, t.Any] = {"tenant_id": TENANT, "client_id": CLIENT, **changes}
    with pytest.raises(DefenderError, match=word) as caught:
        consent_link(values.pop("tenant_id"), values.pop("client_id"), **values)
    assert caught.value.category == "bad_request"


@pytest.mark.parametrize("page", ["http://localhost:8000/back", "http://127.0.0.1/"])
def test_a_page_on_this_machine_may_be_the_landing(page: str) -> None:
    assert parts(consent_link(TENANT, CLIENT, redirect_uri=page))[2]["redirect_uri"] == page


def test_the_filter_speaks_in_the_words_of_the_link() -> None:
    consent_url = FilterModule().filters()["consent_url"]
    assert consent_url(TENANT, CLIENT) == CONSENT_URL
    with pytest.raises(AnsibleFilterError, match="not a GUID"):
        consent_url("contoso", CLIENT)
