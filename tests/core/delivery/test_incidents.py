"""When lateness is an incident, and when too many mails bounce."""

from __future__ import annotations

from math import sqrt

import pytest

from newsletter.core.delivery.incidents import BOUNCES, COMPLAINTS, Reading, Verdict, in_words, judge


def reading(value: float, *, limit: float = 60) -> Reading:
    return Reading(name="a", value=value, limit=limit, says="", look_at="")


@pytest.mark.parametrize(
    ("value", "is_open", "verdict"),
    [
        (60, False, Verdict.CALM),
        (61, False, Verdict.BEGINS),
        (59, True, Verdict.GOES_ON),  # what hovers at the limit is one incident
        (31, True, Verdict.GOES_ON),
        (30, True, Verdict.ENDS),
    ],
)
def test_an_incident_ends_well_below_where_it_begins(value: float, is_open: bool, verdict: Verdict) -> None:
    assert judge(reading(value), is_open=is_open) is verdict


def test_what_must_not_happen_at_all_ends_when_it_is_gone() -> None:
    assert judge(reading(1, limit=0), is_open=True) is Verdict.GOES_ON
    assert judge(reading(0, limit=0), is_open=True) is Verdict.ENDS


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(45, "45 seconds"), (150, "2 minutes"), (7200, "2 hours"), (5400, "90 minutes"), (400_000, "4 days")],
)
def test_ages_are_said_as_a_person_says_them(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("cases", "mails", "blows"),
    [
        (4, 50, False),
        (10, 199, False),
        (10, 200, False),
        (11, 200, True),
        (50, 1000, False),
        (51, 1000, True),
    ],
)
def test_bounces_blow_above_five_percent_of_two_hundred_mails(cases: int, mails: int, blows: bool) -> None:
    assert BOUNCES.blows(cases=cases, mails=mails) is blows


@pytest.mark.parametrize(
    ("cases", "mails", "blows"),
    [
        (1, 10, False),
        (3, 50, False),
        (2, 1000, False),
        (3, 1000, True),
        (10, 10_000, False),
        (11, 10_000, True),
    ],
)
def test_one_complaint_of_a_small_list_stops_nothing(cases: int, mails: int, blows: bool) -> None:
    assert COMPLAINTS.blows(cases=cases, mails=mails) is blows


def test_three_complaints_in_a_thousand_are_the_least_that_is_certainly_too_many() -> None:
    def lower_bound(cases: int, mails: int, z: float = 1.96) -> float:
        """Wilson's interval, 95 %."""
        share = cases / mails
        middle = share + z * z / (2 * mails)
        spread = z * sqrt(share * (1 - share) / mails + z * z / (4 * mails * mails))
        return (middle - spread) / (1 + z * z / mails)

    least, mails = COMPLAINTS.min_cases, COMPLAINTS.min_mails
    assert lower_bound(least, mails) > COMPLAINTS.limit > lower_bound(least - 1, mails)
