"""Whether two things of a quote have changed places in a claim."""

from __future__ import annotations

import pytest

from newsletter.core.summaries.rules.comparing import exchanges

GUIDES = "TideNet uses radar as a prior that guides sonar in narrow harbours."
BEATS = "In the harbour trial the gauge performs 12% worse in storms than the buoy."


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("TideNet uses sonar as a prior that guides radar.", GUIDES),
        ("In the harbour trial the buoy performs 12% worse in storms than the gauge.", BEATS),
    ],
)
def test_two_things_in_each_others_place_are_found(claim: str, quote: str) -> None:
    assert exchanges(claim, quote)


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("TideNet lets radar guide sonar in harbours.", GUIDES),
        ("In narrow harbours sonar is guided by radar in TideNet.", GUIDES),
        ("In the harbour trial the buoy performs better in storms than the gauge.", BEATS),
        ("TideNet sorts threads indexed by harbour.", "TideNet sorts harbour-indexed threads."),
        (
            "In storms, gauges drift, and in calm water TideNet holds.",
            "TideNet holds in calm water, but gauges drift in storms.",
        ),
    ],
)
def test_another_order_of_the_same_is_no_exchange(claim: str, quote: str) -> None:
    assert not exchanges(claim, quote)
