# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of a report: nothing that a customer wrote runs, and figures without an answer are
dashes."""

from __future__ import annotations

import base64
import csv
import hashlib
import html.parser
import io
import json
import re
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    model as _report_model,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import page as _report_page
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import plots as _plots
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    tables as _report_tables,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.hunt_rows import read
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._report.reports import (
    CONSENT,
    Json,
    alert,
    hunt,
    incident,
    made,
    setting,
    tenant,
)
from hypothesis import given
from hypothesis import strategies as st

HOSTILE: t.Final = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "{{ 7 * 7 }}{% for x in y %}",
    '=HYPERLINK("http://evil.example")',
    "@SUM(1)",
    '"><img src=x onerror=alert(1)>',
    "[click](https://evil.example) <@everyone> `x`",
    "\u2028\u2029\u0000\x1b]8;;",
    "gpj.\u202eexe",
    "\ud800",
    "&lt;b&gt;",
)


class Page(html.parser.HTMLParser):
    """What a browser makes of the page: its elements, its text, and what its scripts are."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag if tag in self.raw else ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        (self.raw[self.inside] if self.inside else self.texts).append(data)


def hostile(word: str) -> Json:
    mean = incident(
        id=word,
        display_name=word,
        assigned_to=word,
        status=word,
        severity=word,
        classification=word,
        custom_tags=[word],
        incident_web_url=f"javascript:{word}",
        alerts=[
            alert(
                title=word,
                category=word,
                service_source=word,
                evidence=[{"device_dns_name": word}, {"user_account": {"account_name": word}}],
            )
        ],
        asked={word: word},
    )
    sick = tenant(
        f"sick{word}", read=False, category=word, text=word, who=word, advice=f"{word} {CONSENT}"
    )
    stolen = tenant(f"stolen{word}", read=False, category="wrong_tenant", text=word)
    row = {"DeviceName": word, "AccountName": word, "FileName": word, "Timestamp": word}
    hunts = {
        word: hunt(
            title=word,
            description=word,
            tactics=[word],
            techniques=[word],
            timespan=word,
            hits={f"host{word}": 2},
            failures={f"sick{word}": {"category": word, "msg": word}},
            rows={f"host{word}": [row]},
        )
    }
    tenants = [tenant(f"host{word}", mean, tier=word), sick, stolen]
    rows = read(hunts, {}, "/soc")
    rows.shared = [
        {"kind": "domain", "value": word, "tenants": [word, "b"], "hunts": [word], "rows": 2}
    ]
    return _report_model.build(
        tenants, hunts, rows, setting(title=word, versions={"ours": word}, previous=frozenset())
    )


def check_page(report: Json, words: t.Iterable[str]) -> None:
    text = _report_page.page(report)
    page = Page(text)
    assert len(page.raw["script"]) == 2
    assert len([tag for tag, _attributes in page.tags if tag == "script"]) == 2
    assert not {"img", "iframe", "object", "embed", "link", "base", "form"} & {
        tag for tag, _attributes in page.tags
    }
    for tag, attributes in page.tags:
        assert not [
            name
            for name in attributes
            if name.startswith("on") or name in ("src", "style", "xlink:href")
        ], (tag, attributes)
        if "href" in attributes:
            assert re.match("https://|#", attributes["href"] or ""), attributes
    # the policy lets exactly this script and this style run
    policy = next(
        attributes["content"] or ""
        for tag, attributes in page.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    digest = [
        "sha256-" + base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        for own in (page.raw["style"][0], page.raw["script"][1])
    ]
    assert policy == (
        f"default-src 'none'; style-src '{digest[0]}'; script-src '{digest[1]}'; base-uri"
        " 'none'; form-action 'none'"
    )
    rows = json.loads(page.raw["script"][0])["incidents"]["rows"]
    assert len(rows) == len(report["incidents"])
    shown = "".join(page.texts)
    for word in words:
        assert _report_model.fit(word) in shown, word


@pytest.mark.parametrize("word", HOSTILE)
def test_what_a_customer_wrote_is_shown_and_never_run(word: str) -> None:
    report = hostile(word)
    check_page(report, [word])
    for name, content in _report_tables.csvs(report).items():
        for row in csv.reader(io.StringIO(content.decode(), newline="")):
            assert not [
                cell
                for cell in row
                if cell.startswith(("=", "+", "@", "\t", "\r")) or re.match(r"-[^\d.]", cell)
            ], (name, row)
    said = _report_tables.markdown(report)
    assert not re.search(r"(?<!\\)(<|\[|\{\{|@everyone)", said), said


@given(st.text(max_size=40))
def test_no_text_breaks_the_structure_of_the_page(word: str) -> None:
    check_page(hostile(word), [])


@given(st.text())
def test_the_embedded_data_is_unchanged(word: str) -> None:
    report = made(tenant("a", incident(display_name=word)))
    embedded = _report_page._embedded(report)
    assert "<" not in embedded
    assert "\u2028" not in embedded
    assert json.loads(embedded)["incidents"]["rows"][0][
        _report_page.COLUMNS.index("name")
    ] == _report_model.fit(word)


def test_every_figure_is_a_dash_if_no_tenant_was_read() -> None:
    failure = {"category": "timeout", "text": "No."}
    failures = {"a": {"category": "timeout", "msg": "No."}}
    report = made(tenant("a", read=False, **failure), hunts={"script": hunt(failures=failures)})
    summary = report["incidents_summary"]
    assert {key: summary[key] for key in ("asked", "answered")} == {"asked": 1, "answered": 0}
    assert {value for key, value in summary.items() if key not in ("asked", "answered")} == {None}
    assert report["hunts"][0]["rows"] is None
    assert report["tactics"] == [
        {"tactic": "Execution", "hunts": 1, "hunts_with_hits": None, "tenants": None}
    ]
    text = _report_tables.markdown(report)
    assert "Open incidents: – (in 0 of 1 tenants)" in text
    assert "Hunts with hits: – of 1 in 0 of 1 tenants" in text
    assert "Indicators found in several tenants: –" in text
    page = _report_page.page(report)
    assert "1 hunt that no tenant answered" in page
    assert "without hits" not in page
    assert "was found in more than one tenant" not in page
    assert "tactics" not in _plots.plots(report)
    figures = {tile["title"]: tile["number"] for tile in _report_page.tiles(report)}
    assert figures.pop("Tenants unread") == "1"
    assert set(figures.values()) == {"–"}
    assert b'"incidents open","","1","0"' in _report_tables.csvs(report)["summary.csv"]
    check_page(report, ["No tenant could be read, so its incidents are not known."])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("azure_ad_identity_protection", "Entra ID Protection"),
        ("microsoft_defender_for_office365", "Office 365"),
        ("microsoft_something_new", "something new"),
    ],
)
def test_a_product_has_its_short_name(source: str, expected: str) -> None:
    report = made(tenant("a", incident(alerts=[alert(service_source=source)])))
    assert report["incidents"][0]["service_sources"] == [source]
    embedded = json.loads(_report_page._embedded(report))["incidents"]["rows"][0]
    assert embedded[_report_page.COLUMNS.index("service_sources")] == [expected]
    assert embedded[_report_page.COLUMNS.index("tactics")] == ["Initial Access"]
    assert f">{expected}</td>" in _report_page.page(report)


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "–"), (0.5, "30 min"), (47.4, "47 h"), (-3, "3 h"), (72, "3 d")]
)
def test_a_duration_is_shown_in_its_largest_whole_unit(value: float | None, expected: str) -> None:
    assert _report_page.hours(value) == expected
