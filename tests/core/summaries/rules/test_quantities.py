"""The numbers that a sentence states: values, units, ranges, vague ones, in English and Chinese."""

from __future__ import annotations

import pytest

from newsletter.core.summaries.rules.quantities import quantities


def read(text: str) -> list[tuple[float, str]]:
    return [(float(quantity.value), quantity.unit) for quantity in quantities(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("300K steps", [(300_000, "")]),
        ("30万步", [(300_000, "")]),
        ("47× faster", [(47, "×")]),
        ("快 47 倍", [(47, "×")]),
        ("a two-fold gain", [(2, "×")]),
        ("31 percent", [(31, "%")]),
        ("百分之三十五", [(35, "%")]),
        ("百分之三点五", [(3.5, "%")]),
        ("三成", [(30, "%")]),
        ("11.3 percentage points", [(11.3, "point")]),
        ("11.3 个百分点", [(11.3, "point")]),
        ("2.8 × 10⁻¹⁴", [(2.8e-14, "")]),
        ("10^-3", [(0.001, "")]),
        ("r = -0.181", [(-0.181, "")]),
        ("6 GB of memory", [(6, "GB")]),
        ("a third", [(1 / 3, "part")]),
        ("五分之一", [(0.2, "part")]),
        ("1/5 of the images", [(0.2, "part")]),
        ("half of them", [(0.5, "part")]),
        ("64.5 +/- 1.8%", [(64.5, "%"), (1.8, "%")]),
        ("64 位数据", [(64, "bit")]),
        ("since March 2026", [(3, "month of the year"), (2026, "")]),
        ("自 2026 年 3 月起", [(2026, ""), (3, "month of the year")]),
        ("GPT-4 and 3DGS", []),
        ("三维", []),
    ],
)
def test_a_number_is_read_with_its_unit(text: str, expected: list[tuple[float, str]]) -> None:
    found = read(text)
    assert [unit for _, unit in found] == [unit for _, unit in expected]
    assert [value for value, _ in found] == pytest.approx([value for value, _ in expected])


@pytest.mark.parametrize(
    "text", ["3–5 hours", "from 3 to 5 hours", "between 3 and 5 hours", "3 至 5 小时", "介于 3 和 5 小时"]
)
def test_both_ends_of_a_range_have_its_unit(text: str) -> None:
    assert read(text) == [(3, "h"), (5, "h")]


def test_over_reaches_the_second_of_two_numbers() -> None:
    stated, printed = (
        quantities(text) for text in ("over 4,400 posts and 50,000 notes", "4,434 posts and 50,338 notes")
    )
    assert all(one.agrees_with(other) for one, other in zip(stated, printed, strict=True))


def test_two_numbers_side_by_side_are_no_range() -> None:
    assert read("eight terms and 5%") == [(8, ""), (5, "%")]


@pytest.mark.parametrize(
    ("claim", "quote", "agrees"),
    [
        ("tens of minutes", "数十分钟", True),
        ("tens of minutes", "47 minutes", True),
        ("47 minutes", "tens of minutes", False),
        ("several hours", "tens of minutes", False),
        ("数十块 GPU", "12 GPUs", False),
        ("十几块 GPU", "12 GPUs", True),
        ("十几块 GPU", "47 GPUs", False),
        ("数小时", "tens of minutes", False),
        ("hundreds of hours", "thousands of hours", False),
        ("half", "50%", True),
        ("over 4,400 posts", "4,434 posts", True),
        ("超过 4400 条帖子", "4,434 posts", True),
        ("4,400 posts", "4,434 posts", False),
        ("over 4,400 posts", "6,434 posts", False),
        ("over 4,500 posts", "4,434 posts", False),
        ("47%", "47×", False),
        ("11.3%", "11.3 points", False),
        ("14 hours", "14 harbours", False),
        ("300", "300 ms", True),
        ("300 ms", "300", False),
        ("47 ms", "47 on the SUPERB benchmark", False),
        ("0.181", "r = -0.181", False),
        ("2.8 × 10⁻¹²", "2.8 × 10⁻¹⁴", False),
    ],
)
def test_what_a_claim_may_state_of_a_quote(claim: str, quote: str, agrees: bool) -> None:
    (stated,), (printed,) = quantities(claim), quantities(quote)
    assert stated.agrees_with(printed) is agrees


@pytest.mark.parametrize(
    "text", ["10^{" + "9" * 5_000 + "}", "10" + "⁹" * 5_000, "10⁻", "10^{-}", "1/" + "9" * 5_000]
)
def test_a_number_without_end_breaks_nothing(text: str) -> None:
    quantities(f"It takes {text} steps.")
