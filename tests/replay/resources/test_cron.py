"""When schedules come due."""

from datetime import UTC, datetime

import pytest

from utilities.replay.ids import timestamp
from utilities.replay.resources.cron import Cron, CronError


def due(expression, after, count=3, zone="UTC"):
    moments = Cron.parse(expression, zone).upcoming(datetime.fromisoformat(after).replace(tzinfo=UTC), count)
    return [timestamp(moment)[:16] for moment in moments]


@pytest.mark.rule(
    "a schedule has five fields with numbers, lists and ranges; 0 and 7 are both Sunday",
    topic="deployments",
    evidence="sdk",
    source="the docstring of `expression`",
)
@pytest.mark.parametrize(
    ("expression", "moments"),
    [
        ("0 9 * * 1-5", ["2026-05-08T09:00", "2026-05-11T09:00", "2026-05-12T09:00"]),
        ("0 0 * * 0", ["2026-05-10T00:00", "2026-05-17T00:00", "2026-05-24T00:00"]),
        ("0 0 * * 7", ["2026-05-10T00:00", "2026-05-17T00:00", "2026-05-24T00:00"]),
        ("15,45 23 31 1,12 *", ["2026-12-31T23:15", "2026-12-31T23:45", "2027-01-31T23:15"]),
        ("0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]),
    ],
)
def test_times_of_a_schedule(expression, moments):
    assert due(expression, "2026-05-08T08:59") == moments


@pytest.mark.rule(
    "where both the day of the month and that of the week are restricted, either is enough, as in POSIX",
    topic="deployments",
    evidence="doc",
    source="the page about scheduled deployments: standard POSIX cron",
)
def test_either_day_is_enough():
    assert due("0 0 13 * 5", "2026-05-08T01:00") == [
        "2026-05-13T00:00",
        "2026-05-15T00:00",
        "2026-05-22T00:00",
    ]
    assert due("0 0 13 * *", "2026-05-08T01:00", 2) == ["2026-05-13T00:00", "2026-06-13T00:00"]


@pytest.mark.rule(
    "a step (`*/15`, `0-30/10`) is taken", topic="deployments", evidence="ours",
    note="POSIX has no steps; nobody says whether the hosted service takes them",
)  # fmt: skip
def test_steps():
    assert due("*/15 * * * *", "2026-05-08T08:59") == [
        "2026-05-08T09:00",
        "2026-05-08T09:15",
        "2026-05-08T09:30",
    ]
    assert due("0-30/10 8 * * *", "2026-05-08T08:11", 2) == ["2026-05-08T08:20", "2026-05-08T08:30"]


@pytest.mark.rule(
    "a schedule is read on the wall clock of its zone: 20:00 stays 20:00 in summer and in winter",
    topic="deployments",
    evidence="doc",
)
def test_the_clock_on_the_wall():
    assert due("0 20 * * *", "2026-03-07T12:00", 2, "America/New_York") == [
        "2026-03-08T01:00",
        "2026-03-09T00:00",
    ]


@pytest.mark.rule(
    "a time that the clock skips in spring doesn't come due, one that it shows twice in autumn does twice",
    topic="deployments",
    evidence="doc",
)
@pytest.mark.parametrize(
    ("expression", "zone", "after", "moments"),
    [
        ("30 2 * * *", "America/New_York", "2026-03-07T12:00", ["2026-03-09T06:30", "2026-03-10T06:30"]),
        ("30 1 * * *", "America/New_York", "2026-10-31T12:00", ["2026-11-01T05:30", "2026-11-01T06:30"]),
        # An hour between them in which a whole other one of the schedule lies.
        ("0,30 1 * * *", "America/New_York", "2026-11-01T05:15", ["2026-11-01T05:30", "2026-11-01T06:00"]),
        # A day that Samoa never had.
        ("0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00", ["2012-12-29T22:00", "2013-12-29T22:00"]),
    ],
    ids=["spring", "autumn", "in order", "no such day"],
)
def test_when_the_clock_is_put_forward_or_back(expression, zone, after, moments):
    assert due(expression, after, 2, zone) == moments


@pytest.mark.rule(
    "seconds, years, names, `@daily`, `L`, `W`, `#`, `?` and what can never come due are refused",
    topic="deployments",
    evidence="sdk",
    source="the docstring of `expression`",
    note="of names and of what never comes due it says nothing",
)
@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("0 9 * *", "must have 5 fields"),
        ("0 0 9 * * *", "must have 5 fields"),
        ("@daily", "must have 5 fields"),
        ("0 9 L * *", "'L' is no day of the month"),
        ("0 9 15W * *", "'15W' is no day of the month"),
        ("0 9 * * 5#2", "'5#2' is no day of the week"),
        ("0 9 ? * *", "'?' is no day of the month"),
        ("0 9 * JAN *", "'JAN' is no month"),
        ("60 9 * * *", "'60' is no minute: 0 to 59"),
        ("0 17-9 * * *", "'17-9' is no hour"),
        ("*/0 * * * *", "'*/0' is no minute"),
        ("0,, * * * *", "'' is no minute"),
        ("0 0 31 2 *", "never comes due"),
    ],
)
def test_an_expression_that_is_none(expression, told):
    with pytest.raises(CronError) as refused:
        Cron.parse(expression, "UTC")
    assert told in str(refused.value)


@pytest.mark.rule("a schedule's zone is one of the IANA database", topic="deployments", evidence="sdk")
def test_a_zone_that_is_none():
    for zone in ("Mars/Olympus", "../UTC", "EDT"):
        with pytest.raises(CronError, match="is not an IANA time zone"):
            Cron.parse("0 9 * * *", zone)
