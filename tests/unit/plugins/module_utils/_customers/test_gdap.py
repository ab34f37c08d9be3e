# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Customers from the provider's GDAP relationships, in the shape of Microsoft's page on delegated
admin relationships."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import gdap as _gdap
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._customers.books import (
    CONTOSO,
    FABRIKAM,
    GRAPH,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    FakeHttp,
    answer,
    graph_token,
    token_answer,
)
from hypothesis import given
from hypothesis import strategies as st


def relationship(
    tenant_id: str | None, status: str, end: str | None = None, number: int = 1, **more: t.Any
) -> dict[str, t.Any]:
    """As the page's example has it."""
    return {
        "@odata.type": "#microsoft.graph.delegatedAdminRelationship",
        "@odata.etag": 'W/"JyIwMzAwZTM0ZS0wMDAwLTAyMDAtMDAwMC02MTRjZjI1YzAwMDAiJw=="',
        "id": f"relationship-{number}",
        "displayName": f"Contoso admin relationship {number}",
        "duration": "P730D",
        "customer": {"tenantId": tenant_id, "displayName": "Contoso Inc"} if tenant_id else None,
        "accessDetails": {
            "unifiedRoles": [{"roleDefinitionId": "dd4db9a0-cc4a-4213-9f9f-70242232d97e"}]
        },
        "status": status,
        "autoExtendDuration": "P180D",
        "createdDateTime": "2022-02-10T11:24:42.3148266Z",
        "endDateTime": end,
        **more,
    }


def test_several_relationships_of_a_tenant_are_one_customer_with_the_latest_active_one() -> None:
    (found,) = _gdap.folded(
        [
            relationship(CONTOSO, "expired", "2024-02-10T11:24:42.3148266Z", 1),
            relationship(CONTOSO.upper(), "active", "2026-12-01T00:00:00Z", 2),
            relationship(CONTOSO, "active", "2027-12-01T00:00:00Z", 3),
            relationship(None, "created", number=4),
        ]
    )
    assert (found.tenant_id, found.name, found.sources, found.where()) == (
        CONTOSO,
        "Contoso Inc",
        ("gdap",),
        "the GDAP relationship relationship-3",
    )
    facts = found.variables["defender_xdr_gdap"]
    assert {
        name: facts[name]
        for name in (
            "id",
            "display_name",
            "status",
            "end_date_time",
            "auto_extend_duration",
            "roles",
        )
    } == {
        "id": "relationship-3",
        "display_name": "Contoso admin relationship 3",
        "status": "active",
        "end_date_time": "2027-12-01T00:00:00Z",
        "auto_extend_duration": "P180D",
        "roles": ["dd4db9a0-cc4a-4213-9f9f-70242232d97e"],
    }
    assert [(other["id"], other["status"]) for other in facts["others"]] == [
        ("relationship-2", "active"),
        ("relationship-1", "expired"),
    ]


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ("terminated", "expired"),
        ("expired", "approvalPending"),
        ("created", "approvalPending"),
        ("approved", "activating"),
        ("activating", "active"),
        ("terminationRequested", "active"),
        ("expiring", "active"),
        ("unknownFutureValue", "terminated"),
        ("somethingNew", "terminated"),
    ],
)
def test_a_relationship_that_gives_access_is_preferred(worse: str, better: str) -> None:
    for rows in ([worse, better], [better, worse]):
        (found,) = _gdap.folded([relationship(CONTOSO, status) for status in rows])
        assert found.variables["defender_xdr_gdap"]["status"] == "".join(
            f"_{letter.lower()}" if letter.isupper() else letter for letter in better
        )


Rows = st.lists(
    st.tuples(
        st.sampled_from([CONTOSO, FABRIKAM, None]),
        st.sampled_from(
            ["active", "expired", "terminationRequested", "approvalPending", "newWord"]
        ),
        st.sampled_from([None, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00.5Z"]),
    ),
    max_size=8,
)


@given(Rows, st.randoms())
def test_the_order_of_relationships_does_not_matter_and_none_is_lost(
    drawn: t.Any, chance: t.Any
) -> None:
    rows = [
        relationship(tenant_id, status, end, number)
        for number, (tenant_id, status, end) in enumerate(drawn)
    ]
    told = {one.tenant_id: one.variables["defender_xdr_gdap"] for one in _gdap.folded(rows)}
    chance.shuffle(rows)
    again = {one.tenant_id: one.variables["defender_xdr_gdap"] for one in _gdap.folded(rows)}
    assert {
        tenant_id: (facts["status"], facts["end_date_time"]) for tenant_id, facts in told.items()
    } == {
        tenant_id: (facts["status"], facts["end_date_time"]) for tenant_id, facts in again.items()
    }
    ids = sorted(each["id"] for facts in told.values() for each in [facts, *facts["others"]])
    assert ids == sorted(row["id"] for row in rows if row["customer"])


def test_all_pages_are_read_with_the_token_of_the_provider(tenant_with: t.Any) -> None:
    link = f"{GRAPH}/v1.0/tenantRelationships/delegatedAdminRelationships?$skipToken=x"
    http = FakeHttp(
        token_answer(graph_token(roles=["DelegatedAdminRelationship.Read.All"])),
        answer(200, {"value": [relationship(CONTOSO, "active")], "@odata.nextLink": link}),
        answer(200, {"value": [relationship(FABRIKAM, "expired")]}),
    )
    assert [one.tenant_id for one in _gdap.customers(tenant_with(http))] == [CONTOSO, FABRIKAM]
    assert [(asked.method, asked.url, asked.params) for asked in http.asked[1:]] == [
        ("GET", f"{GRAPH}/v1.0/tenantRelationships/delegatedAdminRelationships", {"$top": "300"}),
        ("GET", link, None),
    ]
    http.done()


def test_relationships_are_read_in_the_public_cloud_only(tenant_with: t.Any) -> None:
    with pytest.raises(DefenderError, match="cloud is gcc_high, but"):
        _gdap.customers(tenant_with(FakeHttp(), cloud="gcc_high"))
