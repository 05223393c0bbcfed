"""Pieces, the forms they join to, and how a digest is kept small."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from newsletter.core.digests.digest import CardWhy, Digest, DigestTopic, stand_in
from newsletter.core.digests.selection import WhyCode
from newsletter.core.summaries.summary import DetailLevel
from newsletter.mail.templates import MailTemplate
from tests.mail.digests import (
    ALL,
    READER,
    MemoryFragments,
    claim,
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


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_html_and_text_name_the_same_of_many_papers_and_of_headlines(language: str) -> None:
    cards = [make_card(make_paper(n), rank=n) for n in range(1, 31)]
    for depth in (DetailLevel.TAKEAWAYS, DetailLevel.HEADLINE):
        near = (make_card(make_paper(40)),)
        digest = make_digest(*cards, language=language, depth=depth, near=near, listed=(make_paper(50),))
        named = [set(re.findall(r"arXiv:(\d{4}\.\d{5}v\d+)", form)) for form in mail(digest)]
        assert named[0] == named[1] == {f"2606.{n:05}v1" for n in (*range(1, 31), 40, 50)}


def test_a_card_is_the_same_alone_and_among_others() -> None:
    fragment_store = MemoryFragments()
    renderer = make_renderer(fragment_store)
    whole, _ = joined(renderer.render(four_cards()))
    digest = replace(four_cards(), listed=(), counted=0, language="en")
    first = make_renderer(fragment_store).render(replace(digest, email="bob@example.org"))
    card = next(fragment for fragment in first.fragments if 'name="p2606.00002"' in fragment.html)
    assert card.html.replace("[[feedback_url]]", READER["feedback_url"]) in whole


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
    ("detail", "depth", "most"),
    [
        (DetailLevel.HEADLINE, DetailLevel.HEADLINE, 2_000),
        (DetailLevel.TAKEAWAYS, DetailLevel.TAKEAWAYS, 2_700),
        (DetailLevel.READING, DetailLevel.READING, 3_400),
    ],
)
def test_a_card_stays_small(detail: DetailLevel, depth: DetailLevel, most: int) -> None:
    card = make_card(detail=detail, summary=model_summary(deep=detail is DetailLevel.READING))
    rendered = make_renderer().render(make_digest(card, depth=depth))
    fragment = next(fragment for fragment in rendered.fragments if "<h3" in fragment.html)
    assert len(fragment.html.encode()) <= most


def test_a_line_takes_about_half_a_kilobyte() -> None:
    rendered = make_renderer().render(four_cards())
    lines = [fragment.html for fragment in rendered.fragments if 'href="#p' in fragment.html]
    assert len(lines) == 3
    assert max(len(line.encode()) for line in lines) <= 700


def test_ten_known_cards_take_no_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = make_renderer()
    digest = make_digest(*(make_card(make_paper(n)) for n in range(1, 11)))
    first = renderer.render(digest)
    monkeypatch.delattr(MailTemplate, "render")
    assert renderer.render(digest) == first


def test_nine_papers_with_takeaways_near_and_titles_take_about_forty_kilobytes() -> None:
    cards = [make_card(make_paper(n), rank=n) for n in range(1, 10)]
    near = (make_card(make_paper(20)), make_card(make_paper(21)))
    listed = tuple(make_paper(30 + n) for n in range(6))
    html, _ = mail(make_digest(*cards, near=near, listed=listed, counted=36))
    assert 34_000 < len(html.encode()) < 43_000


def test_of_many_papers_all_have_a_line_and_the_best_six_a_card() -> None:
    cards = [make_card(make_paper(n), rank=n) for n in range(1, 31)]
    rendered = make_renderer().render(make_digest(*cards))
    html, _ = joined(rendered)
    assert len(re.findall(r'name="p2606', html)) == 6
    assert html.count('href="#p2606') == 6
    lines = re.findall(r'<a class="k" href="[^"]*(?:#p|papers/)(2606\.\d+)/?" lang="en"', html)
    assert lines == [f"2606.{n:05}" for n in range(2, 31)]
    assert "Seven of these 30 stand in full." in " ".join(html.split())
    assert rendered.digest.reduced == 0
    assert len(html.encode()) < 50_000


def test_a_large_digest_is_reduced_from_the_last_rank_on_and_says_so() -> None:
    wordy = replace(
        model_summary(), takeaways=(claim("Lamps are dim, and this is said at length. " * 90),) * 3
    )
    cards = [make_card(make_paper(n), summary=wordy, rank=n) for n in range(1, 11)]
    wanted = make_digest(*reversed(cards), listed=(make_paper(90),))
    rendered = make_renderer().render(wanted)
    html, text = joined(rendered)
    assert len(html.encode()) <= 90_000
    depths = [card.detail.rank for card in rendered.digest.ranked]
    assert depths == sorted(depths, reverse=True)
    assert len(set(depths)) == 2
    assert rendered.digest.matched == wanted.matched
    lowered = sum(rank < DetailLevel.TAKEAWAYS.rank for rank in depths)
    assert rendered.digest.reduced == lowered > 0
    assert "less detail than you asked for" in html.replace("\n", " ")
    assert "less detail than you asked for" in text.replace("\n", " ")


def test_what_does_not_fit_as_a_headline_is_listed_then_counted() -> None:
    cards = [make_card(make_paper(n), rank=n) for n in range(1, 81)]
    wanted = make_digest(*cards[:40], listed=tuple(make_paper(n) for n in range(91, 97)))
    wanted = replace(
        wanted,
        depth=DetailLevel.HEADLINE,
        topics=(*wanted.topics, DigestTopic(slug="b", name="B", cards=tuple(cards[40:]))),
    )
    rendered = make_renderer().render(wanted)
    shown = rendered.digest
    html, text = joined(rendered)
    assert len(html.encode()) <= 90_000
    assert len(shown.listed) == 6
    assert shown.matched == wanted.matched == 86
    assert shown.reduced == 80
    ids = [card.paper.arxiv_id for topic in shown.topics for card in topic.cards]
    ids += [paper.arxiv_id for paper in shown.listed]
    assert ids == [f"2606.{n:05}" for n in range(1, len(ids) + 1)]
    assert f"and {shown.counted} more" in html
    assert f"and {shown.counted} more" in text


def test_the_mail_shows_three_takeaways_and_counts_the_claims_shown() -> None:
    html, text = mail(make_digest(make_card()))
    assert html.count("Lamp finding") == text.count("Lamp finding") == 3
    assert "1 claim withheld: no evidence." in html
    for form in (html, text):
        assert "4 claims stand, 1 was withheld." in " ".join(form.split())
    headline, text = mail(make_digest(make_card(), depth=DetailLevel.HEADLINE))
    assert "Lamp finding" not in headline
    assert "1 claim stands" in " ".join(text.split())


WORDING = "the wording was not checked"


@pytest.mark.parametrize(("language", "is_said"), [("en", False), ("zh-hans", False), ("de", True)])
def test_the_footer_says_where_wording_is_not_checked(language: str, is_said: bool) -> None:
    digest = make_digest(make_card(), make_card(summary_key="other", language=language))
    html, text = joined(make_renderer().render(digest))
    assert (WORDING in html) is is_said
    assert (WORDING in " ".join(text.split())) is is_said
    assert "Whether a claim says what its quote says is for you to judge." in " ".join(text.split())


@pytest.mark.parametrize("number", [1, 3])
def test_few_papers_have_no_front_and_each_card_its_own_finding(number: int) -> None:
    html, text = mail(make_digest(*(make_card(make_paper(n)) for n in range(1, number + 1))))
    assert 'href="#p' not in html
    assert "a line each" not in text
    assert text.count("LampNet makes 4.2 % fewer errors on lamp labels.") == number


def test_nothing_is_said_twice() -> None:
    cards = [make_card(make_paper(n)) for n in range(1, 6)]
    _, text = mail(make_digest(*cards))
    assert text.count("LampNet makes 4.2 % fewer errors on lamp labels.") == 5


def test_lines_lead_to_the_cards_below_them_without_the_lead() -> None:
    html, _ = mail(four_cards())
    assert re.findall(r'href="#p([\d.]+)"[^>]*>([^<]+)', html) == [
        (f"2606.{n:05}", f"LampNet-{n}") for n in (2, 3, 4)
    ]
    assert re.findall(r'name="p([\d.]+)"', html) == [f"2606.{n:05}" for n in (2, 3, 4)]


def test_a_topics_heading_says_how_many_it_brought_and_leads_there() -> None:
    digest = four_cards()
    topic = replace(digest.topics[0], total=43)
    html, text = mail(replace(digest, topics=(topic,)))
    assert re.search(
        r'4 of <a class="s" href="https://digest.example.org/topics/lamps/2026-W\d\d/"[^>]*>43</a>', html
    )
    assert "Lamps & <lights> (4 of 43)" in text
    private = replace(topic, slug="mine", name=stand_in("mine"))
    names = (("topic:mine", "Secret"),)
    html, _ = mail(replace(digest, topics=(private,), private_names=names))
    assert "/topics/mine" not in html
    assert "Secret" in html


def test_a_venue_is_copied_from_comment_or_journal_reference() -> None:
    accepted = make_paper(1, comment="8 pages, accepted at NeurIPS 2026")
    published = make_paper(2, comment="12 pages", journal_ref="JMLR 27 (2026) 1-40")
    html, text = mail(make_digest(make_card(accepted), make_card(published)))
    for form in (html, text):
        assert form.count("NeurIPS 2026") == form.count("JMLR 27 (2026) 1-40") == 1
        assert "8 pages" not in form


def test_who_is_followed_stands_on_the_line_and_in_no_stored_fragment() -> None:
    why = (("2606.00002", CardWhy(WhyCode.FOLLOWS, author="Ada Ray-Osborne")),)
    rendered = make_renderer().render(replace(four_cards(), whys=why))
    assert not any("Osborne" in each.html + each.text for each in rendered.fragments)
    html, text = joined(rendered)
    assert html.count("Ada Ray-Osborne") == text.count("Ada Ray-Osborne") == 2
    assert "You follow Ada Ray-Osborne." in text
