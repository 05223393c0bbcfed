"""Whether a claim names a topic that its paper never touches."""

from __future__ import annotations

import pytest

from newsletter.core.receipts.topics import has_foreign_topic

TALKING = "We animate a portrait from speech. Patch dropping keeps hour-long videos stable."


@pytest.mark.parametrize(
    "claim",
    [
        "该方法专注于视觉故事，并生成连贯的画面。",
        "该方法可用于机器人。",
        "The method focuses on visual storytelling.",
        "It keeps portraits stable for wildlife videos.",
        "Reinforcement learning keeps the videos stable.",
    ],
)
def test_a_topic_on_which_the_paper_is_silent_is_foreign(claim: str) -> None:
    assert has_foreign_topic(claim, source=TALKING)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("该方法生成连贯的故事。", "It writes narratives that hold together."),
        ("抓取机器人提前停下。", "The manipulator stops before it slips."),
        ("降雨决定洪水的大小。", "Precipitation sets the peak of the discharge."),
        ("Infants look longer at new shapes.", "Babies of six months watched shapes."),
        ("Reinforcement learning finds the berth.", "A policy finds the berth."),
        ("该方法让肖像在一小时的视频中保持稳定。", TALKING),
        ("The method starts anew for every portrait.", TALKING),
    ],
)
def test_a_topic_of_which_the_paper_speaks_in_other_words_is_its_own(claim: str, source: str) -> None:
    assert not has_foreign_topic(claim, source=source)
