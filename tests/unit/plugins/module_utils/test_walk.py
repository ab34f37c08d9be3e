# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A list that is read while it moves equals what was true at one moment of the reading."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _walk
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils.moving_set import NOON, SECOND, Change, Habits, MovingSet
from hypothesis import given, settings
from hypothesis import strategies as st

Ages = list[tuple[int, int, bool]]
Schedule = list[list[Change]]
MANY = settings(max_examples=150)
HOUR = 3600 * SECOND

# What the service holds when the reading begins: spread out, or with many equal times. Of each incident its age, when it
# was updated after its creation, and whether it is active.
APART = st.tuples(st.integers(0, HOUR), st.sampled_from([0, 0, 1, SECOND, 600 * SECOND, HOUR]), st.sampled_from([True, True, False]))
TIED = st.tuples(st.sampled_from([5, 300 * SECOND, 1500 * SECOND]), st.sampled_from([0, SECOND, 250 * SECOND]), st.sampled_from([True, True, False]))
SIZES = st.integers(0, 12) | st.integers(12, 120)
AGES = SIZES.flatmap(lambda size: st.sampled_from([APART, TIED, APART | TIED]).flatmap(lambda one: st.lists(one, min_size=size, max_size=size)))

PLACES = st.lists(st.integers(0, 60), min_size=1, max_size=4).map(tuple)
PAUSES = st.sampled_from([1, 33_333, SECOND, 300 * SECOND])
SINGLE = st.builds(Change, st.sampled_from(["create", "update", "leave", "enter"]), PLACES, PAUSES)
MASS = st.builds(Change, st.sampled_from(["create", "update", "leave", "enter"]), st.integers(5, 40).map(lambda many: tuple(range(many))), PAUSES)
QUIET: st.SearchStrategy[list[Change]] = st.just([])
CALM = st.lists(QUIET | QUIET | QUIET | st.lists(SINGLE | SINGLE | MASS, min_size=1, max_size=2), max_size=40)
BUSY = st.lists(QUIET | st.lists(SINGLE | SINGLE | MASS, min_size=1, max_size=3), max_size=80)


@st.composite
def habits(draw: st.DrawFn, /, **fixed: t.Any) -> Habits:
    """What a service may be like. Without next links it gives all that is asked for, and a filter is either its own matter or the caller's."""
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


def newest_first(items: t.Iterable[_walk.Item]) -> list[_walk.Item]:
    return sorted(sorted(items, key=lambda item: item["id"]), key=lambda item: item["last_update_date_time"], reverse=True)


def times(items: t.Iterable[_walk.Item]) -> list[str]:
    return [item["last_update_date_time"] for item in items]


def read(service: MovingSet, *, limit: int = 0) -> tuple[list[_walk.Item], bool]:
    """What the walk finds: newest first, and each incident once, whatever the service does."""
    found, truncated = _walk.everything(service, limit=limit)
    assert found == newest_first(found)
    assert len({item["id"] for item in found}) == len(found)
    return found, truncated


def assert_true_at_one_moment(service: MovingSet, found: list[_walk.Item]) -> None:
    assert any(found == newest_first(truth.values()) for truth in service.truths), service.asked


@MANY
@given(ages=AGES, ways=habits(), schedule=CALM)
def test_a_list_that_moves_is_told_as_it_was_at_one_moment(ages: Ages, ways: Habits, schedule: Schedule) -> None:
    service = MovingSet(ages, ways, schedule)
    found, truncated = read(service)
    assert_true_at_one_moment(service, found)
    assert not truncated


@MANY
@given(ages=AGES, ways=habits(), schedule=BUSY)
def test_a_list_that_moves_too_fast_is_an_error_and_never_a_wrong_list(ages: Ages, ways: Habits, schedule: Schedule) -> None:
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
@given(ages=AGES, ways=habits(by="updated"), schedule=CALM, limit=st.integers(1, 30))
def test_a_limit_gives_the_newest_of_one_moment_and_says_whether_there_are_more(ages: Ages, ways: Habits, schedule: Schedule, limit: int) -> None:
    service = MovingSet(ages, ways, schedule)
    found, truncated = read(service, limit=limit)
    # among equal times any will do
    assert any(
        times(found) == times(newest_first(truth.values())[:limit])
        and all(truth.get(item["id"]) == item for item in found)
        and truncated == (len(truth) > limit)
        for truth in service.truths
    ), service.asked


@MANY
@given(ages=AGES, ways=habits(by="created"), schedule=CALM, limit=st.integers(1, 30))
def test_a_limit_is_kept_whatever_the_service_sorts_by(ages: Ages, ways: Habits, schedule: Schedule, limit: int) -> None:
    service = MovingSet(ages, ways, schedule)
    found, truncated = read(service, limit=limit)
    assert any(
        len(found) == min(limit, len(truth)) and all(truth.get(item["id"]) == item for item in found) and truncated == (len(truth) > limit)
        for truth in service.truths
    ), service.asked


@MANY
@given(ages=SIZES.flatmap(lambda size: st.lists(TIED, min_size=size, max_size=size)), ways=habits(), seed=st.integers(1, 10**6))
def test_equal_times_in_an_order_that_changes_with_every_page_are_read_whole(ages: Ages, ways: Habits, seed: int) -> None:
    ways.unsteady = seed
    service = MovingSet(ages, ways)
    found, _unused = read(service)
    assert found == newest_first(service.truth().values())


@given(ages=st.lists(APART, max_size=10), ways=habits(size=11, cap=11), schedule=BUSY, limit=st.integers(0, 20))
def test_what_fits_on_one_page_takes_one_request_however_it_moves(ages: Ages, ways: Habits, schedule: Schedule, limit: int) -> None:
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
    """Sorted by creation, the first page goes down by update too, and the third incident lies between its times."""
    ages = [(10 * SECOND, 0, True), (50 * SECOND, 0, True), (60 * SECOND, 30 * SECOND, True), (70 * SECOND, 0, True)]
    service = MovingSet(ages, Habits(size=2, cap=2, by="created", dates=False))
    assert read(service)[0] == newest_first(service.truth().values())


def test_a_list_that_shrinks_below_what_was_counted_is_counted_again() -> None:
    ages = [(5, 0, True), (5, 5, True), (5, 0, True)]
    service = MovingSet(
        ages, Habits(size=3, cap=2, by="created", dates=False), [[Change("create", (0,) * 5, SECOND)], [], [Change("leave", tuple(range(7)), SECOND)]]
    )
    assert_true_at_one_moment(service, read(service)[0])


def test_what_left_the_list_makes_room_for_what_is_further_down() -> None:
    service = MovingSet(aged(*range(300, 309)), Habits(size=3, cap=3), [[], [], [Change("leave", (0, 1), 1)]])
    found, truncated = read(service, limit=4)
    assert len(found) == 4
    assert times(found) == times(newest_first(service.truth().values())[:4])
    assert truncated


def test_a_limit_among_new_ones_does_not_take_older_ones_instead() -> None:
    """Nineteen come with one time before the first page is proved to be the newest, and all of them change before they could be read again."""
    schedule = [[Change("create", (0,) * 19, SECOND)], *([[]] * 8), [Change("update", tuple(range(25)), SECOND)]]
    service = MovingSet(aged(10, 20, 30, 40, 50, 60), Habits(size=5, cap=5), schedule)
    found, _unused = read(service, limit=20)
    assert any(times(found) == times(newest_first(truth.values())[:20]) for truth in service.truths)


def test_what_left_and_came_back_is_found_where_only_the_service_can_tell() -> None:
    """The look at what changed finds the first one gone, and the next look finds it back."""
    schedule = [[], [], [], [], [Change("leave", (0,), SECOND)], [], [Change("enter", (0,), SECOND)]]
    service = MovingSet(aged(*range(300, 306)), Habits(size=3, cap=3, opaque=True, dates=False), schedule)
    found, _unused = read(service)
    assert_true_at_one_moment(service, found)
    assert len(found) == 6


def test_each_look_at_what_changed_reads_only_what_changed_since_the_one_before() -> None:
    """All thirty change at once, and then one of them before every fifth request: read from the beginning each time, that would never end."""
    trickle: Schedule = [[Change("update", (7,), SECOND)] if number % 5 == 0 else [] for number in range(500)]
    service = MovingSet(aged(*range(300, 330)), Habits(size=3, cap=3, dates=False), [[Change("update", tuple(range(30)), SECOND)], *trickle])
    assert_true_at_one_moment(service, read(service)[0])


def test_what_comes_while_a_list_by_creation_is_counted_does_not_make_it_be_counted_again() -> None:
    ages = [(age * SECOND, age % 2 * 30 * SECOND, True) for age in range(300, 330)]
    service = MovingSet(ages, Habits(size=5, cap=5, by="created"), [[], [], [Change("create", (0,), SECOND)], [], [Change("create", (0,), SECOND)]])
    assert_true_at_one_moment(service, read(service)[0])
    counted = [one["skip"] for one in service.asked[1:] if one["matching"]]
    assert counted == sorted(set(counted))


def test_what_changes_while_the_changes_are_read_is_read_too() -> None:
    """In the look at what changed, an incident jumps from its second page to the front, twice."""
    schedule = [[Change("update", tuple(range(6)), SECOND)], [], [], [Change("update", (4,), SECOND)], [], [Change("update", (0,), SECOND)]]
    service = MovingSet(aged(*range(300, 320)), Habits(size=3, cap=3, dates=False), schedule)
    assert_true_at_one_moment(service, read(service)[0])


@pytest.mark.parametrize("ahead", [-119 * SECOND, 0, 119 * SECOND])
def test_a_service_whose_clock_and_stamps_differ_loses_no_change(ahead: int) -> None:
    service = MovingSet(aged(*range(300, 310)), Habits(size=3, cap=3, ahead=ahead), [[], [Change("leave", (0,), SECOND)]])
    assert_true_at_one_moment(service, read(service)[0])
    assert service.asked[-1] == {"matching": False, "since": min(NOON - 300 * SECOND, NOON + ahead - _walk.SKEW), "until": None, "skip": 0}


def test_a_list_that_stands_still_takes_one_request_for_each_page_and_one_last_look() -> None:
    """A page whose incidents go down by update, but not by creation, needs no proof that the service sorts by update."""
    ages = [(HOUR + number, HOUR - number * SECOND, True) if number % 2 else (number * SECOND, 0, True) for number in range(300, 330)]
    service = MovingSet(ages, Habits(size=10, cap=10))
    assert len(read(service)[0]) == 30
    # each page but the first begins with the last of the one before
    assert len(service.asked) == 4 + 1
    assert {one["skip"] for one in service.asked} == {0}


def test_a_service_that_never_rests_ends_in_an_error_that_says_so() -> None:
    restless = [[Change("update", (place,), 1)] for place in range(20, 60)] * 40
    service = MovingSet(aged(*range(300, 360)), Habits(size=3, cap=3), restless)
    with pytest.raises(DefenderError) as ended:
        _walk.everything(service, limit=0)
    assert ended.value.category == "truncated"
    assert "changing" in ended.value.message or "faster" in ended.value.message
