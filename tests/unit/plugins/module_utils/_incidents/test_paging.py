# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A list that is read while it moves equals what was true at one moment of the reading."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import paging as _walk
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.pages import (
    Item,
    Page,
    Window,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.moving_set import (
    NOON,
    SECOND,
    Change,
    Habits,
    MovingSet,
    Row,
)
from hypothesis import given, settings
from hypothesis import strategies as st

Ages = list[tuple[int, int, bool]]
Schedule = list[list[Change]]
MANY = settings(max_examples=settings().max_examples * 3 // 2)
HOUR = 3600 * SECOND

# What the service holds when the reading begins: spread out, or with many equal times. Of each
# incident its age, when it was updated after its creation, and whether it is active.
APART = st.tuples(
    st.integers(0, HOUR),
    st.sampled_from([0, 0, 1, SECOND, 600 * SECOND, HOUR]),
    st.sampled_from([True, True, False]),
)
TIED = st.tuples(
    st.sampled_from([5, 300 * SECOND, 1500 * SECOND]),
    st.sampled_from([0, SECOND, 250 * SECOND]),
    st.sampled_from([True, True, False]),
)
SIZES = st.integers(0, 12) | st.integers(12, 120)
AGES = SIZES.flatmap(
    lambda size: st.sampled_from([APART, TIED, APART | TIED]).flatmap(
        lambda one: st.lists(one, min_size=size, max_size=size)
    )
)

PLACES = st.lists(st.integers(0, 60), min_size=1, max_size=4).map(tuple)
PAUSES = st.sampled_from([1, 33_333, SECOND, 300 * SECOND])
SINGLE = st.builds(Change, st.sampled_from(["create", "update", "leave", "enter"]), PLACES, PAUSES)
MASS = st.builds(
    Change,
    st.sampled_from(["create", "update", "leave", "enter"]),
    st.integers(5, 40).map(lambda many: tuple(range(many))),
    PAUSES,
)
QUIET: st.SearchStrategy[list[Change]] = st.just([])
CALM = st.lists(
    QUIET | QUIET | QUIET | st.lists(SINGLE | SINGLE | MASS, min_size=1, max_size=2), max_size=40
)
BUSY = st.lists(QUIET | st.lists(SINGLE | SINGLE | MASS, min_size=1, max_size=3), max_size=80)


@st.composite
def habits(draw: st.DrawFn, /, **fixed: t.Any) -> Habits:
    """What a service may be like. Without next links it gives all that is asked for, and a filter
    is either its own matter or the caller's."""
    size = draw(st.integers(3, 10))
    cap = draw(st.just(size) | st.integers(2, 10))
    opaque = draw(st.booleans())
    own = {
        "size": size,
        "cap": cap,
        "links": cap < size or draw(st.booleans()),
        "by": draw(st.sampled_from(["updated", "updated", "created"])),
        "dates": draw(st.booleans()),
        "ahead": draw(st.sampled_from([0, 60 * SECOND, -60 * SECOND, 119 * SECOND])),
        "opaque": opaque,
        "local": not opaque and draw(st.booleans()),
    }
    return Habits(**{**own, **fixed})


def newest_first(items: t.Iterable[Item]) -> list[Item]:
    """By creation; the greater number is the newer one of those created at once."""
    return sorted(
        items, key=lambda item: (item["created_date_time"], int(item["id"])), reverse=True
    )


def read(service: MovingSet, *, limit: int = 0) -> tuple[list[Item], bool]:
    """What the walk finds: newest first, and each incident once, whatever the service does."""
    found, truncated = _walk.everything(service, limit=limit)
    assert found == newest_first(found)
    assert len({item["id"] for item in found}) == len(found)
    return found, truncated


def assert_true_at_one_moment(service: MovingSet, found: list[Item]) -> None:
    assert any(found == newest_first(truth.values()) for truth in service.truths), service.asked


@MANY
@given(ages=AGES, ways=habits(), schedule=CALM)
def test_a_list_that_moves_is_told_as_it_was_at_one_moment(
    ages: Ages, ways: Habits, schedule: Schedule
) -> None:
    service = MovingSet(ages, ways, schedule)
    found, truncated = read(service)
    assert_true_at_one_moment(service, found)
    assert not truncated


@MANY
@given(ages=AGES, ways=habits(), schedule=BUSY)
def test_a_list_that_moves_too_fast_is_an_error_and_never_a_wrong_list(
    ages: Ages, ways: Habits, schedule: Schedule
) -> None:
    service = MovingSet(ages, ways, schedule)
    error: DefenderError | None = None
    try:
        found, _unused = read(service)
    except DefenderError as e:
        error = e
    if error is None:
        assert_true_at_one_moment(service, found)
    else:
        assert error.category == "truncated"
        # it moved to the very end, again and again
        assert sum(map(bool, schedule[: len(service.asked)])) >= _walk.LOOKS


@MANY
@given(ages=AGES, ways=habits(), schedule=CALM, limit=st.integers(1, 30))
def test_a_limit_gives_the_newest_by_creation_of_one_moment_whatever_the_service_sorts_by(
    ages: Ages, ways: Habits, schedule: Schedule, limit: int
) -> None:
    service = MovingSet(ages, ways, schedule)
    found, truncated = read(service, limit=limit)
    assert any(
        found == newest_first(truth.values())[:limit] and truncated == (len(truth) > limit)
        for truth in service.truths
    ), service.asked


@MANY
@given(
    ages=SIZES.flatmap(lambda size: st.lists(TIED, min_size=size, max_size=size)),
    ways=habits(),
    seed=st.integers(1, 10**6),
)
def test_equal_times_in_an_order_that_changes_with_every_page_are_read_whole(
    ages: Ages, ways: Habits, seed: int
) -> None:
    ways.unsteady = seed
    service = MovingSet(ages, ways)
    found, _unused = read(service)
    assert found == newest_first(service.truth().values())
    again = MovingSet(ages, ways)
    assert read(again, limit=7)[0] == found[:7]


@given(
    ages=st.lists(APART, max_size=10),
    ways=habits(size=11, cap=11),
    schedule=BUSY,
    limit=st.integers(0, 20),
)
def test_what_fits_on_one_page_takes_one_request_however_it_moves(
    ages: Ages, ways: Habits, schedule: Schedule, limit: int
) -> None:
    service = MovingSet(ages, ways, schedule)
    found, truncated = read(service, limit=limit)
    assert len(service.asked) == 1
    truth = newest_first(service.truths[0].values())
    assert (found, truncated) == ((truth[:limit], len(truth) > limit) if limit else (truth, False))


# Schedules that once led to a wrong list, as short as they get.


def aged(*seconds: int) -> Ages:
    """Active incidents, created and never updated, so many seconds old."""
    return [(age * SECOND, 0, True) for age in seconds]


def test_pages_that_only_seem_to_be_sorted_by_update_hide_nothing() -> None:
    """Sorted by creation, the first page goes down by update too, and the third incident lies
    between its times."""
    ages = [
        (10 * SECOND, 0, True),
        (50 * SECOND, 0, True),
        (60 * SECOND, 30 * SECOND, True),
        (70 * SECOND, 0, True),
    ]
    service = MovingSet(ages, Habits(size=2, cap=2, by="created", dates=False))
    assert read(service)[0] == newest_first(service.truth().values())


def test_a_list_that_shrinks_below_what_was_counted_is_counted_again() -> None:
    ages = [(5, 0, True), (5, 5, True), (5, 0, True)]
    service = MovingSet(
        ages,
        Habits(size=3, cap=2, by="created", dates=False),
        [[Change("create", (0,) * 5, SECOND)], [], [Change("leave", tuple(range(7)), SECOND)]],
    )
    assert_true_at_one_moment(service, read(service)[0])


def test_what_left_the_list_makes_room_for_what_is_further_down() -> None:
    service = MovingSet(
        aged(*range(300, 309)), Habits(size=3, cap=3), [[], [], [Change("leave", (0, 1), 1)]]
    )
    found, truncated = read(service, limit=4)
    assert len(found) == 4
    assert found == newest_first(service.truth().values())[:4]
    assert truncated


def test_a_limit_among_new_ones_does_not_take_older_ones_instead() -> None:
    """Nineteen come with one time before the first page is proved to be the newest, and all of them
    change before they could be read again."""
    schedule = [
        [Change("create", (0,) * 19, SECOND)],
        *([[]] * 8),
        [Change("update", tuple(range(25)), SECOND)],
    ]
    service = MovingSet(aged(10, 20, 30, 40, 50, 60), Habits(size=5, cap=5), schedule)
    found, _unused = read(service, limit=20)
    assert any(found == newest_first(truth.values())[:20] for truth in service.truths)


def test_what_left_and_came_back_is_found_where_only_the_service_can_tell() -> None:
    """The look at what changed finds the first one gone, and the next look finds it back."""
    schedule = [
        [],
        [],
        [],
        [],
        [Change("leave", (0,), SECOND)],
        [],
        [Change("enter", (0,), SECOND)],
    ]
    service = MovingSet(
        aged(*range(300, 306)), Habits(size=3, cap=3, opaque=True, dates=False), schedule
    )
    found, _unused = read(service)
    assert_true_at_one_moment(service, found)
    assert len(found) == 6


def test_each_look_at_what_changed_reads_only_what_changed_since_the_one_before() -> None:
    """All thirty change at once, and then one of them before every fifth request: read from the
    beginning each time, that would never end."""
    trickle: Schedule = [
        [Change("update", (7,), SECOND)] if number % 5 == 0 else [] for number in range(500)
    ]
    service = MovingSet(
        aged(*range(300, 330)),
        Habits(size=3, cap=3, dates=False),
        [[Change("update", tuple(range(30)), SECOND)], *trickle],
    )
    assert_true_at_one_moment(service, read(service)[0])


def test_what_comes_while_a_list_by_creation_is_counted_does_not_make_it_be_counted_again() -> None:
    ages = [(age * SECOND, age % 2 * 30 * SECOND, True) for age in range(300, 330)]
    service = MovingSet(
        ages,
        Habits(size=5, cap=5, by="created"),
        [[], [], [Change("create", (0,), SECOND)], [], [Change("create", (0,), SECOND)]],
    )
    assert_true_at_one_moment(service, read(service)[0])
    counted = [skip for window, skip in service.asked[1:] if window.matching]
    assert counted == sorted(set(counted))


def test_a_list_that_grows_twice_while_it_is_counted_is_not_taken_for_pages_that_repeat() -> None:
    """Both times, half of what was passed by is shown once more."""
    grown = [Change("create", tuple(range(24)), 1)]
    ages = [(age * SECOND, age % 2 * age * SECOND, True) for age in range(60)]
    service = MovingSet(
        ages,
        Habits(size=5, cap=5, by="created", opaque=True),
        [*([[]] * 10), grown, [], [], [], grown],
    )
    assert_true_at_one_moment(service, read(service)[0])


def test_what_changes_while_the_changes_are_read_is_read_too() -> None:
    """In the look at what changed, an incident jumps from its second page to the front, twice."""
    schedule = [
        [Change("update", tuple(range(6)), SECOND)],
        [],
        [],
        [Change("update", (4,), SECOND)],
        [],
        [Change("update", (0,), SECOND)],
    ]
    service = MovingSet(aged(*range(300, 320)), Habits(size=3, cap=3, dates=False), schedule)
    assert_true_at_one_moment(service, read(service)[0])


@pytest.mark.parametrize("ahead", [-119 * SECOND, 0, 119 * SECOND])
def test_a_service_whose_clock_and_stamps_differ_loses_no_change(ahead: int) -> None:
    service = MovingSet(
        aged(*range(300, 310)),
        Habits(size=3, cap=3, ahead=ahead),
        [[], [Change("leave", (0,), SECOND)]],
    )
    assert_true_at_one_moment(service, read(service)[0])
    since = min(NOON - 300 * SECOND, NOON + ahead - _walk.SKEW)
    assert service.asked[-1] == (Window(matching=False, since=since), 0)


def test_a_list_that_stands_still_takes_one_request_for_each_page_and_one_last_look() -> None:
    """A page whose incidents go down by update, but not by creation, needs no proof that the
    service sorts by update."""
    ages = [
        (HOUR + number, HOUR - number * SECOND, True) if number % 2 else (number * SECOND, 0, True)
        for number in range(300, 330)
    ]
    service = MovingSet(ages, Habits(size=10, cap=10))
    assert len(read(service)[0]) == 30
    # each page but the first begins with the last of the one before
    assert len(service.asked) == 4 + 1
    assert {skip for _window, skip in service.asked} == {0}


def test_a_service_that_never_rests_ends_in_an_error_that_says_so() -> None:
    restless = [[Change("update", (place,), 1)] for place in range(20, 60)] * 40
    service = MovingSet(aged(*range(300, 360)), Habits(size=3, cap=3), restless)
    with pytest.raises(DefenderError) as ended:
        _walk.everything(service, limit=0)
    assert ended.value.category == "truncated"
    assert "changing" in ended.value.message or "faster" in ended.value.message


# A limit, without anything moving.


def test_the_newest_by_creation_are_found_behind_older_ones_that_were_updated_since() -> None:
    """By last update, the two that were created last come last."""
    ages = [(10 * SECOND, 0, True), (20 * SECOND, 0, True)]
    ages += [(HOUR + number * SECOND, HOUR, True) for number in range(40)]
    service = MovingSet(ages, Habits(size=10, cap=10))
    found, truncated = read(service, limit=2)
    assert [item["id"] for item in found] == ["1041", "1040"]
    assert truncated
    assert len(service.asked) <= 5


@pytest.mark.parametrize("limit", [1, 4, 5, 6])
def test_a_small_limit_takes_two_requests_however_long_the_list_is(limit: int) -> None:
    ages = [(number * SECOND, number % 7 * SECOND, True) for number in range(1000, 3000)]
    service = MovingSet(ages, Habits(size=50, cap=50))
    assert read(service, limit=limit) == (newest_first(service.truth().values())[:limit], True)
    assert len(service.asked) == 2


def test_of_those_created_at_once_the_greater_numbers_count() -> None:
    service = MovingSet([(SECOND, 0, True)] * 9, Habits(size=4, cap=4))
    found, truncated = read(service, limit=3)
    assert [item["id"] for item in found] == ["1008", "1007", "1006"]
    assert truncated


def test_a_limit_that_is_exactly_met_is_not_truncated() -> None:
    service = MovingSet(aged(*range(300, 309)), Habits(size=4, cap=4))
    found, truncated = read(service, limit=9)
    assert (len(found), truncated) == (9, False)


@pytest.mark.parametrize("by", ["updated", "created"])
def test_a_large_limit_costs_little_more_than_its_pages(by: str) -> None:
    ages = [(number * SECOND, number * 37 % 900 * SECOND, True) for number in range(1000, 4000)]
    service = MovingSet(ages, Habits(size=50, cap=50, by=by))
    assert read(service, limit=500) == (newest_first(service.truth().values())[:500], True)
    assert len(service.asked) <= 26


# A service that does not do what it is asked.


class Faulty(MovingSet):
    """Ignores what is named, whatever else it does right."""

    def __init__(self, ages: Ages, ways: Habits, ignores: str) -> None:
        super().__init__(ages, ways)
        self.ignores = ignores

    def page(self, window: Window, skip: int) -> Page:
        if "$filter" in self.ignores:
            window = Window()
        return super().page(window, 0 if "$skip" in self.ignores else skip)


SPREAD = [(number * 60 * SECOND, number * 37 % 11 * 50 * SECOND, True) for number in range(10, 260)]
AT_ONCE = [(SECOND, 0, True)] * 250


@pytest.mark.parametrize("by", ["updated", "created"])
@pytest.mark.parametrize("limit", [0, 10, 100])
def test_a_service_that_ignores_the_filter_is_an_error_after_a_few_requests(
    by: str, limit: int
) -> None:
    service = Faulty(SPREAD, Habits(size=50, cap=50, by=by), "$filter")
    with pytest.raises(DefenderError) as raised:
        read(service, limit=limit)
    assert raised.value.category == "unavailable"
    assert len(service.asked) <= 10


@pytest.mark.parametrize("ignores", ["$skip", "$skip and $filter"])
@pytest.mark.parametrize("ages", [SPREAD, AT_ONCE], ids=["spread", "at once"])
@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("limit", [0, 100])
def test_a_service_that_repeats_its_pages_is_an_error_after_a_few_requests(
    ages: Ages, links: bool, limit: int, ignores: str
) -> None:
    service = Faulty(ages, Habits(size=50, cap=50, links=links, by="created"), ignores)
    with pytest.raises(DefenderError) as raised:
        read(service, limit=limit)
    assert raised.value.category == "unavailable"
    assert len(service.asked) <= 40


class Scripted:
    """Answers these pages whatever it is asked, and then the same ones again."""

    name = "The script"
    opaque = False

    def __init__(self, pages: list[tuple[list[tuple[int, int, int]], bool]]) -> None:
        self.pages = pages
        self.asked = 0

    def fits(self, item: Item) -> bool:
        return True

    def page(self, window: Window, skip: int) -> Page:
        rows, more = self.pages[self.asked % len(self.pages)]
        self.asked += 1
        items = [
            Row(number, NOON + made, NOON + made + later, True).item for number, made, later in rows
        ]
        return Page(items, more and bool(items))


ROWS = st.lists(st.tuples(st.integers(1, 30), st.integers(-50, 0), st.integers(0, 50)), max_size=8)
SLOW_ROWS = st.lists(
    st.tuples(st.integers(1, 30), st.integers(-50, 0), st.integers(0, 50)).map(
        lambda row: (row[0], row[1] * HOUR, row[2] * HOUR)
    ),
    max_size=8,
)


@MANY
@given(
    pages=st.lists(
        st.tuples(ROWS | SLOW_ROWS, st.booleans() | st.just(True)), min_size=1, max_size=8
    ),
    limit=st.integers(0, 12),
)
def test_the_walk_ends_for_any_sequence_of_pages(
    pages: list[tuple[list[tuple[int, int, int]], bool]], limit: int
) -> None:
    service = Scripted(pages)
    category = ""
    try:
        _walk.everything(service, limit=limit)
    except DefenderError as e:
        category = e.category
    assert category in ("", "truncated", "unavailable")
    # at most 30 items, so 30 pages
    assert service.asked <= _walk.REQUESTS_A_PAGE * (30 + 2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"last_update_date_time": None}, "item 7 without a readable last_update_date_time"),
        ({"created_date_time": None}, "item 7 without a readable created_date_time"),
        ({"created_date_time": "yesterday"}, "item 7 without a readable created_date_time"),
        (
            {"created_date_time": "2026-13-40T25:00:00Z"},
            "item 7 without a readable created_date_time",
        ),
        ({"created_date_time": ""}, "item 7 without a readable created_date_time"),
        (
            {"last_update_date_time": 1_795_435_200},
            "item 7 without a readable last_update_date_time",
        ),
        (
            {"last_update_date_time": ["2026-11-23"]},
            "item 7 without a readable last_update_date_time",
        ),
        ({"last_update_date_time": {"at": 1}}, "item 7 without a readable last_update_date_time"),
        ({"id": None}, "an item without an id"),
        ({"id": ""}, "an item without an id"),
        ({"id": ["7"]}, "an item without an id"),
    ],
)
def test_an_item_that_cannot_be_placed_is_one_sentence(
    changes: dict[str, t.Any], said: str
) -> None:
    service = Scripted([([(7, 0, 0)], False)])
    whole = service.page(Window(), 0)
    service.page = lambda window, skip: Page([{**whole.items[0], **changes}], False)  # type: ignore[method-assign]
    with pytest.raises(DefenderError) as raised:
        _walk.everything(service, limit=0)
    assert raised.value.category == "unavailable"
    assert said in raised.value.message
    for missing in set(whole.items[0]) & set(changes):
        bare = {name: value for name, value in whole.items[0].items() if name != missing}
        service.page = lambda window, skip, bare=bare: Page([bare], False)  # type: ignore[method-assign,misc]
        with pytest.raises(DefenderError):
            _walk.everything(service, limit=0)
