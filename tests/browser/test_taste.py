"""A digest's feedback links and the pages of a reader's taste, in a browser.

With and without scripts, on phone and desktop, in English and Chinese.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from newsletter.adapters.infra.taste_snapshot import shipped_snapshot
from newsletter.audience.feedback_links import feedback_token
from newsletter.audience.tokens import Purpose, make_token
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.digests.selection import Selected, Selection
from newsletter.core.taste.library import LibraryEntry, ReadLibrary, Source
from newsletter.core.taste.profiles import Examples, Liked, learn
from newsletter.core.taste.vectors import pack
from newsletter.models import (
    Delivery,
    Paper,
    PaperFeedback,
    Subscriber,
    Subscription,
    TasteProfile,
    TasteSnapshot,
    Topic,
)
from newsletter.models.selection import store_selections
from newsletter.models.taste import Act
from newsletter.models.taste import Source as From
from newsletter.subscribers.taste.acts import act_on, keep_imported
from newsletter.subscribers.taste.authors import follow_authors
from newsletter.subscribers.taste.imports import begin_import
from newsletter.subscribers.taste.switches import mute_term
from tests.browser.accessibility import TWICE_AS_LARGE, WIDTHS, violations
from tests.browser.conftest import chromium, press
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import digest, new_subscriber

LANGUAGES = ("en", "zh-hans")
TITLES = (
    "MemTrace: Probing What Final Accuracy Misses in Long-Term Memory",
    "PhoneHarness: Harnessing Phone-Use Agents through Mixed GUI, CLI, and Tool Actions",
    "T-Mem: Memory That Anticipates, Not Archives",
    "WorkBench Revisited: Workplace Agents Two Years On",
    "A Practical Evaluation Method for Long-Form Simultaneous Speech-to-Speech Translation",
    "Tooladaptor",
)
AUTHORS = ("Xianxuan Long", "Jorge Iranzo-Sánchez", "Satoshi Nakamura", "Jiliang Tang", "Chenxin Li")


@dataclass(frozen=True, slots=True)
class Reader:
    base: str
    subscriber: Subscriber
    delivery: Delivery

    @property
    def own(self) -> str:
        return f"{self.base}/preferences/{make_token(Purpose.PREFERENCES, subject=self.subscriber.link_key)}"

    def link(self, number: int, act: str = "") -> str:
        """Return a feedback link of the paper of this number, as its mail has it."""
        token = feedback_token(self.delivery.pk, link_key=self.subscriber.link_key)
        return f"{self.base}/r/{token}/{record(number).arxiv_id}{f'/{act}' if act else ''}"

    def standing(self, number: int) -> tuple[str, bool] | None:
        row = PaperFeedback.objects.filter(arxiv_id=record(number).arxiv_id).first()
        return (row.verdict, row.saved_at is not None) if row else None


def record(number: int) -> PaperRecord:
    title = TITLES[number - 1]
    abstract = f"We study memory of language agents on phones. {title} is a harness and a benchmark."
    return paper_record(number, title=title, abstract=abstract, authors=AUTHORS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield from chromium()


@pytest.fixture(params=LANGUAGES)
def reader(request: pytest.FixtureRequest, live_server: LiveServer) -> Reader:
    """One who got a digest of six papers yesterday."""
    now = timezone.now()
    names = {"zh-hans": "智能体记忆"}
    topic = Topic.objects.create(
        slug="memory", name="Agent memory", names=names, query="cat:cs.CV", created_at=now
    )
    subscriber = new_subscriber("ada@example.org", language=request.param)
    Subscription.objects.create(subscriber=subscriber, topic=topic, position=0, created_at=now)
    papers = [
        Paper.objects.create(**_fields(record(number), first_seen_at=now))
        for number in range(1, len(TITLES) + 1)
    ]
    chosen = [Selected(paper_id=each.pk, topic=topic.pk, position=at) for at, each in enumerate(papers)]
    [row] = store_selections([Selection(topics=(topic.pk,), papers=tuple(chosen))])
    delivery = digest(subscriber, selection=row, state="ACCEPTED", slot_at=now - timedelta(days=1))
    return Reader(live_server.url, subscriber, delivery)


def _fields(paper: PaperRecord, **more: Any) -> dict[str, Any]:
    row = Paper.from_record(paper, **more)
    return {each.attname: getattr(row, each.attname) for each in Paper._meta.concrete_fields[1:]}


@pytest.fixture
def taste(reader: Reader) -> Reader:
    """One with papers on every list, authors, words, one left out, and a library that waits."""
    now, subscriber = timezone.now(), reader.subscriber
    for number, act in ((1, Act.SAVE), (2, Act.SAVE), (2, Act.MORE), (3, Act.MORE), (4, Act.LESS)):
        act_on(subscriber, act, [record(number)], source=From.PAGE, now=now - timedelta(days=40 * number))
    old = dataclasses.replace(record(1), arxiv_id="hep-th/9901001", title="The Casimir effect, revisited")
    keep_imported(subscriber, [old], topics={}, now=now)
    Paper.objects.filter(arxiv_id=record(2).arxiv_id).update(version=3)
    follow_authors(subscriber, AUTHORS[:4], now=now)
    snapshot = shipped_snapshot()
    likes = tuple(
        Liked(number, snapshot.vector(record(number).title, record(number).abstract), now)
        for number in (1, 2, 3)
    )
    away = Liked(4, snapshot.vector(record(4).title, record(4).abstract), now)
    row = TasteSnapshot.objects.create(made_at=now, papers=9, content=snapshot.pack())
    for topic in (None, *Topic.objects.all()):
        profile = learn(Examples(likes=likes, dislikes=(away,)), snapshot=snapshot)
        TasteProfile.objects.create(
            subscriber=subscriber,
            topic=topic,
            snapshot=row,
            taste_version=1,
            likes=3,
            terms=pack(profile.vector),
        )
    mute_term(subscriber, "benchmark", surface="benchmark")
    return reader


def library(reader: Reader) -> None:
    entries = [_entry(arxiv_id=record(5).arxiv_id), _entry(arxiv_id=record(1).arxiv_id)]
    entries += [_entry(title=f"A paper that nobody can find, number {n}: with a long title") for n in (1, 2)]
    begin_import(reader.subscriber, ReadLibrary(tuple(entries), ()), name="refs.bib", now=timezone.now())


def _entry(*, arxiv_id: str | None = None, title: str = "") -> LibraryEntry:
    return LibraryEntry(arxiv_id=arxiv_id, doi=None, title=title, authors=(), source=Source.TEXT, line=1)


# --- how they look -----------------------------------------------------------------------------------------


def pages_of(reader: Reader) -> dict[str, str]:
    pages = {name: f"{reader.own}/{name}" for name in ("taste", "saved", "taste/import")}
    pages |= {f"saved {name}": f"{reader.own}/saved?list={name}" for name in ("less", "imported")}
    pages |= {act.value: reader.link(6, act) for act in Act}
    return pages | {"paper": reader.link(6), "saved already": reader.link(1, "save"), "own": reader.own}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_they_are_accessible_and_fit_every_width(browser: Browser, taste: Reader, scheme: Any) -> None:
    page = browser.new_page(color_scheme=scheme)
    for is_waiting in (False, True):
        if is_waiting:
            library(taste)
        for name, address in pages_of(taste).items():
            page.goto(address)
            page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
            assert violations(page) == [], name
    page.close()


def test_empty_ones_are_accessible_and_say_what_comes_next(browser: Browser, reader: Reader) -> None:
    page = browser.new_page()
    for name, address in pages_of(reader).items():
        page.goto(address)
        assert violations(page) == [], name
    page.goto(f"{reader.own}/taste")
    press(page.locator("a[href$='/taste/import']").first)
    page.locator("textarea").wait_for()
    page.close()


def test_letters_twice_as_large_make_no_phone_scroll_sideways(browser: Browser, taste: Reader) -> None:
    library(taste)
    page = browser.new_page(viewport={"width": 320, "height": 800})
    for name, address in pages_of(taste).items():
        page.goto(address)
        page.evaluate(TWICE_AS_LARGE)
        assert page.evaluate("document.documentElement.scrollWidth") == 320, name
    page.close()


# --- what they do ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize(
    ("act", "becomes"), [("save", ("", True)), ("more", ("like", False)), ("less", ("dislike", False))]
)
def test_one_button_does_it_and_another_undoes_it(
    browser: Browser, reader: Reader, act: str, becomes: tuple[str, bool], scripts: bool, width: int
) -> None:
    page = browser.new_page(java_script_enabled=scripts, viewport={"width": width, "height": 800})
    page.goto(reader.link(1, act))
    assert reader.standing(1) is None
    press(page.locator("main button"))
    status = page.locator("main [role=status]")
    status.wait_for()
    assert "MemTrace" in status.inner_text()
    assert reader.standing(1) == becomes
    assert "ada@example.org" not in page.content()
    press(page.locator("main button"))
    page.locator("main button:not(.quiet)").wait_for()
    assert reader.standing(1) is None
    page.close()


def test_the_papers_page_leads_to_each_act(browser: Browser, reader: Reader) -> None:
    page = browser.new_page()
    page.goto(reader.link(2))
    for place in range(3):
        press(page.locator(".paper .links a.act").nth(place))
        page.locator("main button").wait_for()
        page.go_back()
    page.close()


def test_a_program_that_sends_every_form_changes_nothing_and_is_told(
    browser: Browser, reader: Reader
) -> None:
    page = browser.new_page()
    for number in (1, 2, 3, 4):
        page.goto(reader.link(number, "save"))
        press(page.locator("main button"))
    page.locator("main [role=alert]").wait_for()
    assert [reader.standing(number) for number in (1, 2, 3, 4)] == [None] * 4
    assert violations(page) == []
    page.close()


def test_a_library_is_pasted_seen_and_kept_without_scripts(browser: Browser, reader: Reader) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{reader.own}/taste/import")
    page.fill("#text", f"{record(1).arxiv_id}\nhttps://arxiv.org/abs/{record(2).arxiv_id}v2\nno id")
    press(page.locator("button[value=paste]"))
    page.locator("button[value=keep]").wait_for()
    assert page.locator("li").count() == 3
    assert not PaperFeedback.objects.exists()
    press(page.locator("button[value=keep]"))
    page.locator("[role=status]").wait_for()
    assert PaperFeedback.objects.filter(verdict="like").count() == 2
    page.close()


def test_words_authors_papers_and_switches_are_changed_without_scripts(
    browser: Browser, taste: Reader
) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{taste.own}/taste")
    word = page.locator("#words ~ form button[name=word]").first.get_attribute("value")
    press(page.locator("#words ~ form button[name=word]").first)
    page.fill("#name", "Ada Lovelace")
    press(page.locator("button[value=follow]"))
    press(page.locator(f"button[value='saved:{record(1).arxiv_id}']"))
    page.uncheck("input[name=shows_near]")
    press(page.locator("button[value=switches]"))
    page.locator("[role=status]").wait_for()
    subscriber = Subscriber.objects.get()
    assert set(subscriber.muted_terms) == {"benchmark", word}
    assert subscriber.followed_authors.filter(name="Ada Lovelace").exists()
    assert taste.standing(1) is None
    assert (subscriber.shows_near, subscriber.learns) == (False, True)
    page.locator("summary").last.click()
    press(page.locator("button[value=forget]"))
    page.locator("[role=status]").wait_for()
    assert not PaperFeedback.objects.exists()
    page.close()
