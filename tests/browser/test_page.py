# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as a person sees it, in a real Chromium. Pictures of it go into the folder
$BROWSER_PICTURES."""

from __future__ import annotations

import os
import random
import statistics
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import action as _report
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import (
    Tenant,
)
from ansible_collections.mssp.defender_xdr.tests.bench import report_page
from ansible_collections.mssp.defender_xdr.tests.browser.chromium import Chromium, chromium

Json = dict[str, t.Any]
MEAN: t.Final = (
    "</script><script>document.title='run'</script>{{ 7 * 7 }}<img src=x"
    " onerror=\"document.title='run'\">"
)
ROWS: t.Final = (
    "return [...document.querySelectorAll('[data-table=incidents] tbody tr')].map(row"
    " => [...row.cells].map(cell => cell.innerText))"
)
READY: t.Final = "return document.documentElement.dataset.ready"
FOUND: t.Final = "return document.querySelector('[data-table=incidents] output').innerText"
TYPE: t.Final = """
const [kind, at, value] = arguments;
const field = document.querySelectorAll(`[data-table=incidents] ${kind}`)[at];
field.value = value;
field.dispatchEvent(new Event(kind === 'input' ? 'input' : 'change', {bubbles: true}));
"""
CLICK: t.Final = (
    "[...document.querySelectorAll('[data-table=incidents] th button')].find(one =>"
    " one.innerText.startsWith(arguments[0])).click()"
)


@pytest.fixture(scope="session")
def browser() -> t.Iterator[Chromium]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(os.environ.get("BROWSER_PICTURES") or tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> t.Callable[[int], tuple[Json, Path]]:
    """A report of so many tenants, and its page; one tenant's incidents and name are hostile."""
    known: dict[int, tuple[Json, Path]] = {}

    def make(count: int) -> tuple[Json, Path]:
        if count not in known:
            chance = random.Random(1)
            mean = report_page._incident(chance) | {
                "id": "1",
                "display_name": MEAN,
                "severity": "high",
                "status": "active",
                "assigned_to": MEAN,
            }
            own = [
                *report_page.tenants(count - 1, 5, chance),
                Tenant(
                    host=MEAN,
                    name=MEAN,
                    tenant_id="x",
                    tier=MEAN,
                    incidents={"read": True, "incidents": [mean]},
                ),
            ]
            found = report_page.hunts(own, chance)
            report = report_page.report_of(own, found, title=f"Report of {count} tenants")
            dest = tmp_path_factory.mktemp(f"report{count}")
            _report.write(str(dest), _report.files(report, ["html"]))
            known[count] = report, dest / "report.html"
        return known[count]

    return make


def until(browser: Chromium, script: str, wanted: t.Callable[[t.Any], bool]) -> t.Any:
    """What the script says as soon as it is what is wanted; the search waits for the next key
    before it looks."""
    ends = time.monotonic() + 10
    while not wanted(value := browser.run(script)):
        assert time.monotonic() < ends, value
    return value


@pytest.mark.parametrize("count", [25, 200, 1000])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_shows_what_the_data_says_and_asks_for_nothing(
    browser: Chromium,
    made: t.Callable[[int], tuple[Json, Path]],
    pictures: Path,
    count: int,
    scheme: str,
) -> None:
    report, path = made(count)
    browser.look(scheme=scheme)
    browser.logged("browser")
    browser.requests(path)
    started = time.monotonic()
    browser.open(path)
    until(browser, READY, lambda ready: ready == "yes")
    assert time.monotonic() - started < 10
    # the page itself, and nothing else of any scheme; nothing was refused by its policy or went
    # wrong
    assert browser.requests(path) == [path.resolve().as_uri()]
    assert browser.logged("browser") == []
    assert browser.run("return document.title").startswith(report["title"])
    tiles = browser.run(
        "return [...document.querySelectorAll('.figures div')].map(one =>"
        " one.innerText.split('\\n'))"
    )
    figures = {title: values for title, *values in tiles}
    coverage, summary = report["coverage"], report["incidents_summary"]
    over = f"in {summary['answered']:,} of {count:,} tenants"
    assert figures["Tenants unread"][0] == f"{coverage['unread']:,}"
    assert figures["Open incidents"] == [f"{summary['open']:,}", over]
    assert figures["Past the SLA"] == [f"{summary['breached']:,}", over]
    browser.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
    names = browser.run("return document.querySelector('.gaps')?.innerText ?? ''")
    # a security event stands at the top, and is nobody's task below
    assert {category for category in coverage["by_category"] if category not in names} <= {
        "wrong_tenant"
    }
    alarms = browser.run("return document.querySelectorAll('.alarms li').length")
    assert alarms == len(report["alarms"])
    links = browser.run("return [...document.querySelectorAll('.gaps a')].map(one => one.href)")
    assert set(links) == {
        one["gaps"][0]["link"] for one in report["tenants"] if one["state"] == "unread"
    } - {""}
    # every bar has a width, and no plot is cut off by its frame
    bars = browser.run(
        "return [...document.querySelectorAll('svg.plot rect')].map(one =>"
        " one.getBoundingClientRect().width)"
    )
    assert bars
    assert min(bars) > 0
    light = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in light[4:-1].split(",")) > 600) == (scheme == "light")
    browser.look(scheme=scheme, height=2400)
    browser.picture(pictures / f"report-{count}-{scheme}.png")


def test_all_incidents_are_searched_sorted_and_filtered_in_the_page(
    browser: Chromium, made: t.Callable[[int], tuple[Json, Path]]
) -> None:
    report, path = made(1000)
    browser.look()
    browser.open(path)
    until(browser, READY, bool)
    every = report["incidents"]
    assert browser.run(FOUND) == f"{len(every):,} found, 100 shown"
    oldest = min(
        (one for one in every if one["severity"] == "high"), key=lambda one: str(one["created"])
    )
    first = browser.run(ROWS)[0]
    assert (first[0], first[2]) == ("high", oldest["tenant_name"])
    browser.run(TYPE, "input", 0, "ransomware gold")
    expected = [
        one for one in every if one["tier"] == "gold" and "ransomware" in one["name"].lower()
    ]
    until(browser, FOUND, lambda text: text.startswith(f"{len(expected):,} found"))
    browser.run(TYPE, "input", 0, "")
    until(browser, FOUND, lambda text: text.startswith(f"{len(every):,} found"))
    browser.run(TYPE, "select", 0, "high")
    high = [one for one in every if one["severity"] == "high"]
    assert browser.run(FOUND).startswith(f"{len(high):,} found")
    browser.run(CLICK, "Tenant")
    names = [row[2].lower() for row in browser.run(ROWS)]
    assert names == sorted(names)
    browser.run(CLICK, "Tenant")
    names = [row[2].lower() for row in browser.run(ROWS)]
    assert names == sorted(names, reverse=True)
    assert browser.run(
        "return document.querySelector('[data-table=incidents] th[aria-sort]').innerText"
    ).startswith("Tenant")
    browser.run(
        "[...document.querySelectorAll('[data-table=incidents] .tools button')].pop().click()"
    )
    assert len(browser.run(ROWS)) == len(high)


def test_the_next_rows_come_while_scrolling_and_scrolling_stays_smooth(
    browser: Chromium, made: t.Callable[[int], tuple[Json, Path]]
) -> None:
    browser.look()
    browser.open(made(1000)[1])
    until(browser, READY, bool)
    scroll = """
    const done = arguments[arguments.length - 1];
    const frame = document.querySelector('[data-table=incidents] .scroll');
    frame.scrollIntoView();
    const frames = [];
    let last = performance.now(), steps = 0;
    const step = (now) => {
      frames.push(now - last);
      last = now;
      frame.scrollTop += 400;
      if (++steps < 120) requestAnimationFrame(step);
      else done([frames, frame.querySelectorAll('tbody tr').length]);
    };
    requestAnimationFrame((now) => { last = now; requestAnimationFrame(step); });
    """
    frames, rows = browser.ask("POST", "/execute/async", {"script": scroll, "args": []})
    assert rows > 400
    # a frame is 17 ms; the machine does other things too, so that single ones may take long
    assert statistics.median(frames) < 60


def test_what_a_customer_wrote_is_seen_and_does_nothing(
    browser: Chromium, made: t.Callable[[int], tuple[Json, Path]]
) -> None:
    browser.look()
    browser.open(made(25)[1])
    until(browser, READY, bool)
    browser.run(TYPE, "input", 0, "document.title")
    rows = until(browser, ROWS, lambda rows: len(rows) == 1)
    assert rows[0][1].startswith(MEAN)
    assert (rows[0][2], rows[0][5]) == (MEAN, MEAN)
    assert browser.run("return document.title").startswith("Report of 25 tenants")
    assert browser.run("return document.querySelectorAll('img').length") == 0


def test_a_hit_leads_to_its_incident_and_an_incident_to_its_hunts(
    browser: Chromium, made: t.Callable[[int], tuple[Json, Path]]
) -> None:
    report, path = made(200)
    browser.look()
    browser.open(path)
    until(browser, READY, bool)
    number, host = browser.run(
        "const link = document.querySelector('a[data-find]'); link.closest('details').open = true;"
        " link.click(); return link.dataset.find.split(' ')"
    )
    rows = until(browser, ROWS, lambda rows: 0 < len(rows) < 10)
    name = next(one["name"] for one in report["tenants"] if one["host"] == host)
    assert any(row[1].split("\n")[-1].startswith(f"{number} ·") and row[2] == name for row in rows)
    anchor = browser.run(
        "const link = document.querySelector('[data-table=incidents] a[href^=\"#hunt-\"]');"
        " link.click(); return link.hash"
    )
    opened = f"return document.querySelector('{anchor}').open"
    assert until(browser, opened, bool)


def test_where_nobody_was_read_the_page_says_so(
    browser: Chromium, tmp_path: Path, pictures: Path
) -> None:
    failure = {"read": False, "category": "timeout", "text": "No answer.", "who": "microsoft"}
    silent = [
        Tenant(host=f"t{number}", name=f"T {number}", tenant_id="x", tier="", incidents=failure)
        for number in range(25)
    ]
    report = report_page.report_of(silent, {}, title="Nobody was read")
    _report.write(str(tmp_path), _report.files(report, ["html"]))
    browser.look()
    browser.open(tmp_path / "report.html")
    until(browser, READY, bool)
    numbers = browser.run(
        "return [...document.querySelectorAll('.figures dd:not(.over)')].map(one => one.innerText)"
    )
    assert numbers[0] == "25"
    assert set(numbers[1:]) == {"–"}
    assert "No tenant could be read" in browser.run("return document.body.innerText")
    browser.picture(pictures / "report-nobody.png")


def test_a_narrow_window_needs_no_sideways_scrolling(
    browser: Chromium, made: t.Callable[[int], tuple[Json, Path]], pictures: Path
) -> None:
    browser.look(width=420, height=2400)
    browser.open(made(200)[1])
    until(browser, READY, bool)
    assert browser.run("return document.documentElement.scrollWidth") <= 420
    browser.picture(pictures / "report-200-narrow.png")


def test_keyboard_and_screen_reader_find_their_way(
    browser: Chromium, made: t.Callable[[int], tuple[Json, Path]]
) -> None:
    browser.look()
    browser.open(made(25)[1])
    until(browser, READY, bool)
    # the first stop of the tabulator leads past the navigation
    browser.ask(
        "POST",
        "/actions",
        {
            "actions": [
                {
                    "type": "key",
                    "id": "k",
                    "actions": [
                        {"type": "keyDown", "value": "\ue004"},
                        {"type": "keyUp", "value": "\ue004"},
                    ],
                }
            ]
        },
    )
    assert browser.run("return document.activeElement.className") == "skip"
    browser.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
    told = browser.devtools("Accessibility.getFullAXTree")["nodes"]
    named = {
        (one["role"]["value"], one.get("name", {}).get("value", ""))
        for one in told
        if not one.get("ignored")
    }
    for role in ("table", "button", "searchbox", "combobox", "image", "link"):
        found = {name for kind, name in named if kind == role}
        assert found, role
        assert "" not in found, role
    assert ("image", "Open incidents by age") in named
    # a level of headings is never left out
    levels = [
        int(one[1])
        for one in browser.run(
            "return [...document.querySelectorAll('h1,h2,h3')].map(one => one.tagName)"
        )
    ]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))


def test_it_prints(
    browser: Chromium, made: t.Callable[[int], tuple[Json, Path]], pictures: Path
) -> None:
    browser.look(scheme="dark")
    browser.open(made(25)[1])
    until(browser, READY, bool)
    paper = browser.paper()
    assert paper.startswith(b"%PDF-")
    (pictures / "report-25.pdf").write_bytes(paper)
    browser.look(scheme="dark", media="print")
    assert browser.run("return getComputedStyle(document.querySelector('nav')).display") == "none"
    # paper is white, whatever the screen prefers
    assert (
        browser.run("return getComputedStyle(document.body).backgroundColor")
        == "rgb(255, 255, 255)"
    )


def test_a_time_zone_that_the_browser_does_not_know_costs_no_table(
    browser: Chromium, made: t.Callable[[int], tuple[Json, Path]], tmp_path: Path
) -> None:
    text = made(25)[1].read_text(encoding="utf-8")
    path = tmp_path / "report.html"
    path.write_text(text.replace('"zone":"UTC"', '"zone":"Mars/Olympus"'), encoding="utf-8")
    browser.look()
    browser.open(path)
    until(browser, READY, bool)
    heads = browser.run(
        "return [...document.querySelectorAll('[data-table=incidents] th')].map(one =>"
        " one.innerText)"
    )
    assert browser.run(ROWS)[0][heads.index("Created")].endswith(" UTC")
