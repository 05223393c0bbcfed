"""The starter topics: each query is valid, brings its examples and leaves out the near miss."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.audience.starter_topics import StarterTopic, starter_topics
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import And, AndNot, Or, Query, Term, categories, parse, to_text
from newsletter.languages import starter_names

EXAMPLES: dict[str, Any] = tomllib.loads(
    (Path(__file__).parents[1] / "data" / "starter_examples.toml").read_text(encoding="utf-8")
)
TOPICS = pytest.mark.parametrize("topic", starter_topics(), ids=lambda topic: topic.slug)
WITH_EXCLUSION = [topic for topic in starter_topics() if "ANDNOT" in topic.query]


def _paper(example: dict[str, Any]) -> PaperRecord:
    moment = datetime(2026, 6, 15, 12, tzinfo=UTC)
    return PaperRecord(
        arxiv_id="2606.00001",
        version=1,
        title=example["title"],
        abstract=example["abstract"],
        authors=("Ada Example",),
        primary_category=example["categories"][0],
        categories=tuple(example["categories"]),
        published_at=moment,
        updated_at=moment,
    )


def _without_exclusions(query: Query) -> Query:
    if isinstance(query, Term):
        return query
    if isinstance(query, AndNot):
        assert query.keep is not None
        return _without_exclusions(query.keep)
    parts = tuple(_without_exclusions(part) for part in query.parts)
    return And(parts) if isinstance(query, And) else Or(parts)


@TOPICS
def test_it_brings_its_examples_and_leaves_out_the_near_miss(topic: StarterTopic) -> None:
    example = EXAMPLES[topic.slug]
    wanted = [example["match"], *example.get("also", [])]
    index = TopicIndex(list(enumerate(map(_paper, [*wanted, example["miss"]]))))
    assert index.find(parse(topic.query)) == set(range(len(wanted)))


@pytest.mark.parametrize("topic", WITH_EXCLUSION, ids=lambda topic: topic.slug)
def test_its_near_miss_is_left_out_by_the_exclusion_alone(topic: StarterTopic) -> None:
    index = TopicIndex([(2, _paper(EXAMPLES[topic.slug]["miss"]))])
    assert index.search(_without_exclusions(parse(topic.query)))


@TOPICS
def test_its_query_survives_being_written_again(topic: StarterTopic, monkeypatch: pytest.MonkeyPatch) -> None:
    query = parse(topic.query)
    monkeypatch.setattr("newsletter.core.arxiv.query.MAX_LENGTH", 1000)  # to_text writes every parenthesis
    assert parse(to_text(query)) == query


@TOPICS
def test_it_has_a_slug_a_link_can_carry_and_both_names(topic: StarterTopic) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", topic.slug)
    assert topic.name.isascii()
    assert topic.group.isascii()
    assert re.search(r"[\u4e00-\u9fff]", starter_names("topics", topic.slug)["zh-hans"])
    assert re.search(r"[\u4e00-\u9fff]", starter_names("groups", topic.group)["zh-hans"])


def test_it_offers_about_forty_topics_in_groups_that_hold_together() -> None:
    topics = starter_topics()
    assert 38 <= len(topics) <= 46
    assert len({topic.slug for topic in topics}) == len(topics)
    groups = [
        key
        for key, _ in groupby(
            topics, key=lambda topic: (topic.group, starter_names("groups", topic.group)["zh-hans"])
        )
    ]
    assert len({english for english, _ in groups}) == len({chinese for _, chinese in groups}) == len(groups)
    assert len(groups) >= 15


def test_it_offers_the_topics_subscribers_were_promised() -> None:
    names = {topic.slug: topic.name for topic in starter_topics()}
    assert names["talking-head-generation"] == "Talking head generation"
    assert {"co-speech-gesture", "speech-translation"} <= set(names)


@TOPICS
def test_it_never_asks_for_all_of_arxiv(topic: StarterTopic) -> None:
    assert categories(parse(topic.query))
