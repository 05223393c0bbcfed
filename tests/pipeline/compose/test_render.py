"""Pieces, the forms they join to, and how a digest is kept small."""

from __future__ import annotations

import re
from dataclasses import replace
from time import perf_counter

import pytest

from newsletter.core.digests.digest import Digest, DigestTopic
from newsletter.core.summaries.summary import DetailLevel
from tests.mail.digests import (
    ALL,
    MemoryFragments,
    four_cards,
    joined,
    mail,
    make_card,
    make_digest,
    make_paper,
    make_renderer,
    model_summary,
)


@pytest.mark.parametrize("digest", ALL)
def test_every_fragment_ends_in_a_line_break_and_addresses_stand_alone(digest: Digest) -> None:
    rendered = make_renderer().render(digest)
    for fragment in rendered.fragments:
        for form in (fragment.html, fragment.text):
            assert form == "" or form.endswith("\n")
    _, text = joined(rendered)
    addresses = [line for line in text.splitlines() if "http" in line]
    assert all(re.fullmatch(r"https?://\S+", line) for line in addresses)


def test_text_keeps_to_72_columns() -> None:
    for language in ("en", "zh-hans"):
        _, text = mail(four_cards(language))
        for line in text.splitlines():
            columns = sum(2 if re.match(r"[\u2e80-\uffef]", char) else 1 for char in line)
            assert columns <= 72 or line.startswith("http"), line


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_html_and_text_name_the_same_papers_with_id_and_version(language: str) -> None:
    html, text = mail(four_cards(language))
    named = [re.findall(r"arXiv:(\d{4}\.\d{5}v\d+)", form) for form in (html, text)]
    assert named[0] == named[1] == [f"2606.{n:05}v1" for n in range(1, 7)]


def test_a_card_is_the_same_alone_and_among_others() -> None:
    fragment_store = MemoryFragments()
    renderer = make_renderer(fragment_store)
    whole, _ = joined(renderer.render(four_cards()))
    first = make_renderer(fragment_store).render(make_digest(make_card(make_paper(1))))
    card = next(fragment for fragment in first.fragments if 'id="p2606.00001"' in fragment.html)
    assert card.html in whole


def test_nothing_is_rendered_twice() -> None:
    fragment_store = MemoryFragments()
    make_renderer(fragment_store).render(four_cards())
    rendered = fragment_store.rendered
    again = make_renderer(fragment_store).render(
        replace(four_cards(), email="bob@example.org", cadence="daily")
    )
    assert fragment_store.rendered == rendered
    assert "bob" not in "".join(fragment.html + fragment.text for fragment in again.fragments)


def test_another_summary_depth_or_language_is_another_card() -> None:
    fragment_store = MemoryFragments()
    renderer = make_renderer(fragment_store)
    cards = (
        make_card(),
        make_card(summary_key="summary-2"),
        make_card(detail=DetailLevel.HEADLINE),
        make_card(make_paper(version=2)),
    )
    found = {
        next(
            fragment.checksum
            for fragment in renderer.render(make_digest(card)).fragments
            if "<h3" in fragment.html
        )
        for card in cards
    }
    assert len(found) == 3  # another summary under the same words reads the same
    assert sum("<h3" in fragment.html for fragment in fragment_store.values()) == 4


@pytest.mark.parametrize(
    ("detail", "deep", "most"),
    [
        (DetailLevel.HEADLINE, False, 1_900),
        (DetailLevel.TAKEAWAYS, False, 3_800),
        (DetailLevel.READING, True, 6_000),
    ],
)
def test_a_card_stays_small(detail: DetailLevel, deep: bool, most: int) -> None:
    card = make_card(detail=detail, summary=model_summary(deep=deep))
    fragment = next(p for p in make_renderer().render(make_digest(card)).fragments if "<h3" in p.html)
    assert len(fragment.html.encode()) <= most


def test_ten_known_cards_take_no_rendering() -> None:
    renderer = make_renderer()
    digest = make_digest(*(make_card(make_paper(n)) for n in range(1, 11)))
    renderer.render(digest)
    taken = []
    for _ in range(20):
        started = perf_counter()
        renderer.render(digest)
        taken.append(perf_counter() - started)
    assert min(taken) < 0.002


def test_a_large_digest_is_reduced_from_the_end_and_says_so() -> None:
    deep = model_summary(deep=True)
    cards = [make_card(make_paper(n), detail=DetailLevel.READING, summary=deep) for n in range(1, 24)]
    wanted = make_digest(*cards, listed=(make_paper(90),))
    rendered = make_renderer().render(wanted)
    html, text = joined(rendered)
    assert len(html.encode()) <= 90_000
    depths = [card.detail.rank for topic in rendered.digest.topics for card in topic.cards]
    assert depths == sorted(depths, reverse=True)
    assert len(set(depths)) == 2
    assert rendered.digest.matched == wanted.matched
    lowered = sum(rank < DetailLevel.READING.rank for rank in depths)
    assert rendered.digest.reduced == lowered > 0
    assert "less detail than you asked for" in html.replace("\n", " ")
    assert "less detail than you asked for" in text.replace("\n", " ")


def test_what_does_not_fit_as_a_headline_is_listed_then_counted() -> None:
    cards = [make_card(make_paper(n)) for n in range(1, 81)]
    wanted = make_digest(*cards[:40], listed=tuple(make_paper(n) for n in range(91, 99)))
    wanted = replace(
        wanted, topics=(*wanted.topics, DigestTopic(slug="b", name="B", cards=tuple(cards[40:])))
    )
    rendered = make_renderer().render(wanted)
    shown = rendered.digest
    html, text = joined(rendered)
    assert len(html.encode()) <= 90_000
    assert len(shown.listed) == 10
    assert shown.matched == wanted.matched == 88
    assert shown.reduced == 80
    ids = [card.paper.arxiv_id for topic in shown.topics for card in topic.cards]
    ids += [paper.arxiv_id for paper in shown.listed]
    assert ids == [f"2606.{n:05}" for n in range(1, len(ids) + 1)]
    assert f"and {shown.counted} more" in html
    assert f"and {shown.counted} more" in text


def test_the_mail_shows_five_takeaways_and_counts_all_claims() -> None:
    html, text = mail(make_digest(make_card()))
    assert html.count("Lamp finding") == text.count("Lamp finding") == 5
    assert "8 claims checked against the abstract, 1 withheld for lack of evidence." in html
    headline, _ = mail(make_digest(make_card(detail=DetailLevel.HEADLINE)))
    assert "Lamp finding" not in headline
    assert "claims checked" not in headline


WORDING = "the wording was not checked"


@pytest.mark.parametrize(("language", "is_said"), [("en", False), ("zh-hans", False), ("de", True)])
def test_the_footer_says_where_wording_is_not_checked(language: str, is_said: bool) -> None:
    digest = make_digest(make_card(), make_card(summary_key="other", language=language))
    html, text = joined(make_renderer().render(digest))
    assert (WORDING in html) is is_said
    assert (WORDING in " ".join(text.split())) is is_said
    assert ("whether a claim says what its quote says is for you to judge" in html) is not is_said


def test_the_subject_names_the_first_two_papers_shown_or_listed() -> None:
    three = make_digest(*(make_card(make_paper(n)) for n in (1, 2, 3)))
    assert make_renderer().render(three).subject == "3 new papers: LampNet-1, LampNet-2 and 1 more"
    one = make_digest(make_card(make_paper(1)), listed=(make_paper(2),))
    assert make_renderer().render(one).subject == "2 new papers: LampNet-1 and LampNet-2"


def test_a_card_names_the_other_topics_that_it_matches_where_there_are_any() -> None:
    shared, own = make_card(make_paper(1), also_in=("Night",)), make_card(make_paper(2))
    for form in mail(make_digest(shared, own)):
        assert form.count("Also in: Night") == form.count("Also in") == 1


def test_contents_come_from_four_papers_up() -> None:
    three = make_digest(*(make_card(make_paper(n)) for n in (1, 2, 3)))
    assert 'href="#p' not in mail(three)[0]
    html, _ = mail(four_cards())
    assert re.findall(r'href="#p([\d.]+)"[^>]*>([^<]+)', html) == [
        (f"2606.{n:05}", f"LampNet-{n}") for n in (1, 2, 3, 4)
    ]
