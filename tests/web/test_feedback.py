"""A digest's feedback links: GET changes nothing, POST needs the page's form, a scanner leaves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import time_machine
from django.test import Client

from newsletter.audience.feedback_links import feedback_token
from newsletter.audience.tokens import Purpose
from newsletter.core.digests.selection import Place
from newsletter.models import (
    Delivery,
    MailedAct,
    Match,
    Paper,
    PaperFeedback,
    PaperVector,
    Subscriber,
    Topic,
)
from newsletter.models.selection import store_selections
from newsletter.models.taste import Act, Source
from newsletter.subscribers.revoke_links import revoke_links
from newsletter.subscribers.taste import acts
from newsletter.subscribers.taste.acts import act_on
from newsletter.subscribers.taste.mailed import open_link
from newsletter.subscribers.unsubscribe import erase, unsubscribe
from tests.fakes.papers import paper_record
from tests.web.conftest import SENT, Service, every_row

pytestmark = pytest.mark.django_db
NOW = SENT + timedelta(hours=3)
FORM = re.compile(r'name="form" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Reading:
    service: Service
    clock: time_machine.Traveller

    def path(self, number: int = 1, act: str = "") -> str:
        token = feedback_token(self.service.delivery.pk, link_key=self.service.subscriber.link_key)
        return f"/r/{token}/{paper_record(number).arxiv_id}{f'/{act}' if act else ''}"


@pytest.fixture
def reading(service: Service) -> Iterator[Reading]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield Reading(service, clock)


def press(visitor: Client, path: str, **headers: str) -> Any:
    """Open a page and send its form, as a person does, or a program that reads it."""
    found = FORM.search(visitor.get(path).content.decode())
    assert found is not None
    return visitor.post(path, {"form": found[1]}, headers=headers)


def standing(number: int = 1) -> tuple[str, bool] | None:
    row = PaperFeedback.objects.filter(arxiv_id=paper_record(number).arxiv_id).first()
    return (row.verdict, row.saved_at is not None) if row else None


# --- a reader ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "becomes", "says"),
    [
        (Act.SAVE, ("", True), "Saved. Avatar 1 is in your papers."),
        (Act.MORE, ("like", False), "Papers like Avatar 1 come first"),
        (Act.LESS, ("dislike", False), "Papers like Avatar 1 come later"),
    ],
)
def test_get_asks_post_does_and_undo_undoes(
    visitor: Client, reading: Reading, act: Act, becomes: tuple[str, bool], says: str
) -> None:
    path = reading.path(1, act)
    assert "Nothing has changed so far." in visitor.get(path).content.decode()
    answer = press(visitor, path)
    assert (answer.status_code, answer["Location"], dict(answer.cookies)) == (303, path, {})
    assert standing() == becomes
    page = visitor.get(path).content.decode()
    assert says in page
    assert "Undo" in page
    answer = press(visitor, path)
    assert standing() is None
    assert "Taken back." in visitor.get(answer["Location"]).content.decode()


def test_the_papers_page_has_the_three_links_and_says_what_is_done(visitor: Client, reading: Reading) -> None:
    page = visitor.get(reading.path()).content.decode()
    for act in Act:
        assert f'href="{reading.path(1, act)}"' in page
    press(visitor, reading.path(1, "save"))
    assert re.search(
        r'class="act done" href="[^"]*/save">Saved<', visitor.get(reading.path()).content.decode()
    )
    public = visitor.get(f"/papers/{paper_record(1).arxiv_id}/").content.decode()
    assert "/r/" not in public
    assert "noindex" not in public


def test_papers_close_to_it_can_be_saved_where_the_digest_holds_them(
    visitor: Client, reading: Reading
) -> None:
    new = Paper.from_record(paper_record(20), first_seen_at=NOW)
    new.save()
    vector = PaperVector.objects.filter(paper__arxiv_id="2606.00001").latest("pk")
    PaperVector.objects.create(paper=new, snapshot=vector.snapshot, version=1, terms=vector.terms)
    Match.objects.create(topic=Topic.objects.get(slug="heads"), paper=new, score=1.0, created_at=NOW)
    page = visitor.get(reading.path()).content.decode()
    near = page[page.index('id="near"') : page.index('id="changes"')]
    [outside, inside] = re.findall(r'href="/papers/([\d.]+)/"', near)
    assert outside == "2606.00020"
    path = reading.path().replace("2606.00001", inside)
    assert re.findall(r'class="act" href="([^"]+)">Save<', near) == [f"{path}/save"]


def test_papers_that_were_only_listed_or_counted_have_links_too(visitor: Client, reading: Reading) -> None:
    for number in (2, 14):
        press(visitor, reading.path(number, "save"))
        assert standing(number) == ("", True)


def test_an_id_with_its_version_leads_to_the_paper(visitor: Client, reading: Reading) -> None:
    answer = visitor.get(f"{reading.path()}v1")
    assert (answer.status_code, answer["Location"]) == (302, reading.path())


def test_an_old_id_with_its_slash_is_one_paper(visitor: Client, reading: Reading) -> None:
    Paper.objects.filter(arxiv_id=paper_record(1).arxiv_id).update(arxiv_id="hep-th/9901001")
    path = reading.path().replace(paper_record(1).arxiv_id, "hep-th/9901001")
    assert visitor.get(path).status_code == 200
    press(visitor, f"{path}/save")
    assert PaperFeedback.objects.get().arxiv_id == "hep-th/9901001"


def test_pages_speak_the_readers_language(visitor: Client, reading: Reading) -> None:
    Subscriber.objects.update(language="zh-hans")
    assert "收藏这篇论文？" in visitor.get(reading.path(1, "save")).content.decode()
    assert "多推这类" in visitor.get(reading.path()).content.decode()


def test_a_link_still_works_for_who_has_unsubscribed(visitor: Client, reading: Reading) -> None:
    unsubscribe(reading.service.subscriber, source="test", now=NOW)
    press(visitor, reading.path(1, "save"))
    assert standing() == ("", True)


# --- what is refused ---------------------------------------------------------------------------------------


def test_no_get_changes_a_row(visitor: Client, reading: Reading) -> None:
    paths = [reading.path(number, act) for number in (1, 2, 14) for act in ("", *Act)]
    before = every_row()
    for path in paths * 3:
        assert visitor.get(path).status_code == 200
        assert visitor.head(path).status_code == 200
    assert every_row() == before


def test_a_post_without_the_pages_form_does_nothing(visitor: Client, reading: Reading) -> None:
    path = reading.path(1, "save")
    other = FORM.search(visitor.get(reading.path(1, "more")).content.decode())
    another = FORM.search(visitor.get(reading.path(2, "save")).content.decode())
    mine = FORM.search(visitor.get(path).content.decode())
    assert other
    assert another
    assert mine
    forms = [
        "",
        "x",
        other[1],
        another[1],
        mine[1][:-1],
        mine[1] + "x",
        "é",
        mine[1].replace(".", ""),
        "." * 900,
    ]
    before = every_row()
    for form in forms:
        answer = visitor.post(path, {"form": form})
        assert answer.status_code == 403, form
        assert "Nothing was changed" in answer.content.decode()
    for blind in ({}, {"List-Unsubscribe": "One-Click"}, {"do": "save"}):
        assert visitor.post(path, blind).status_code == 403
    assert visitor.post(path, b"{}", content_type="application/json").status_code == 403
    assert every_row() == before


def test_a_form_is_good_for_a_day(visitor: Client, reading: Reading) -> None:
    path = reading.path(1, "save")
    found = FORM.search(visitor.get(path).content.decode())
    assert found is not None
    reading.clock.shift(timedelta(days=1, seconds=1))
    assert visitor.post(path, {"form": found[1]}).status_code == 403
    assert standing() is None


def test_another_sites_page_cannot_send_it(visitor: Client, reading: Reading) -> None:
    for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert press(visitor, reading.path(1, "save"), **headers).status_code == 403
    assert standing() is None


def test_every_unusable_token_gets_the_same_page(visitor: Client, reading: Reading) -> None:
    token = reading.path().split("/")[2]
    forged = [token[:-1] + ("A" if token[-1] != "A" else "B"), token[1:], f"{token}x", "x", "ключ"]
    forged += [
        reading.service.link(purpose).rpartition("/")[2] for purpose in (Purpose.UNSUBSCRIBE, Purpose.DIGEST)
    ]
    paths = [f"/r/{each}/{paper_record(1).arxiv_id}{act}" for each in forged for act in ("", "/save")]
    pages = {visitor.get(path).content for path in paths}
    assert len(pages) == 1
    assert b"This link does not work" in pages.pop()
    assert {visitor.get(path).status_code for path in paths} == {404}
    before = every_row()
    assert {visitor.post(f"{path}/more").status_code for path in paths} == {404}
    assert every_row() == before


@pytest.mark.parametrize("arxiv_id", ["2606.77777", "2606.99999", "nonsense", "hep-th/9901001", "a/b/c"])
def test_a_token_speaks_for_its_own_digest_alone(visitor: Client, reading: Reading, arxiv_id: str) -> None:
    Paper.from_record(paper_record(77777), first_seen_at=NOW).save()
    token = reading.path().split("/")[2]
    for act in ("", "/save"):
        answer = visitor.get(f"/r/{token}/{arxiv_id}{act}")
        assert answer.status_code == 404
        assert "This paper is not in the digest" in answer.content.decode()
    assert visitor.post(f"/r/{token}/{arxiv_id}/save").status_code == 404


def test_after_ninety_days_a_page_says_what_to_do(visitor: Client, reading: Reading) -> None:
    path = reading.path(1, "save")
    found = FORM.search(visitor.get(path).content.decode())
    assert found is not None
    reading.clock.shift(timedelta(days=90))
    for answer in (visitor.get(path), visitor.post(path, {"form": found[1]}), visitor.get(reading.path())):
        assert answer.status_code == 404
        page = answer.content.decode()
        assert "work for ninety days" in page
        assert 'href="/preferences/"' in page
    assert standing() is None


def test_a_revoked_key_ends_them(visitor: Client, reading: Reading) -> None:
    path = reading.path(1, "save")
    revoke_links(reading.service.subscriber, now=NOW)
    assert visitor.get(path).status_code == 404
    erase(reading.service.subscriber, now=NOW)
    assert visitor.get(path).status_code == 404


def test_an_erasure_between_page_and_button_is_a_broken_link(
    visitor: Client, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = reading.path(1, "save")
    found = FORM.search(visitor.get(path).content.decode())
    assert found is not None

    def open_then_erase(*args: Any, **more: Any) -> Any:
        link = open_link(*args, **more)
        Subscriber.objects.all().delete()
        return link

    monkeypatch.setattr("newsletter.web.feedback.open_link", open_then_erase)
    assert visitor.post(path, {"form": found[1]}).status_code == 404


def test_a_paper_withdrawn_since_is_not_saved_and_the_page_says_so(visitor: Client, reading: Reading) -> None:
    path = reading.path(1, "save")
    found = FORM.search(visitor.get(path).content.decode())
    assert found is not None
    Paper.objects.update(is_withdrawn=True)
    for answer in (visitor.post(path, {"form": found[1]}), visitor.get(path)):
        page = answer.content.decode()
        assert "This paper has been withdrawn" in page
        assert "<button" not in page
    assert standing() is None
    press(visitor, reading.path(1, "less"))
    assert standing() == ("dislike", False)


def test_with_too_many_papers_a_page_says_what_to_do(
    visitor: Client, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "MOST_PAPERS", 0)
    answer = press(visitor, reading.path(1, "save"))
    assert answer.status_code == 409
    assert "Remove some first" in answer.content.decode()
    assert standing() is None


# --- whoever has the mail ----------------------------------------------------------------------------------


def test_a_forwarded_mail_shows_nothing_of_its_reader(visitor: Client, reading: Reading) -> None:
    """No address, no private topic, no other paper, no link to the reader's own pages."""
    service = reading.service
    act_on(service.subscriber, Act.SAVE, [paper_record(3)], source=Source.PAGE, now=NOW)
    assert service.private.matches.filter(paper__arxiv_id=paper_record(1).arxiv_id).exists()
    pages = []
    for act in ("", *Act):
        pages.append(visitor.get(reading.path(1, act)).content.decode())
        if act:
            reading.clock.shift(timedelta(minutes=1))
            press(visitor, reading.path(1, act))
            pages.append(visitor.get(reading.path(1, act)).content.decode())
    for page in pages:
        for word in ("ada@example.org", "/preferences/", "/unsubscribe/", "/digests/", "Secret", "secret"):
            assert word not in page.replace('href="/preferences/"', "")
        assert paper_record(3).title not in page
        assert service.subscriber.link_key not in page


def test_pages_are_kept_by_nobody_and_tell_no_other_site(visitor: Client, reading: Reading) -> None:
    for path in (reading.path(), reading.path(1, "save"), "/r/x/2606.00001/save"):
        answer = visitor.get(path)
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Robots-Tag"] == "noindex"
        assert answer["Referrer-Policy"] == "same-origin"
        assert not answer.cookies


# --- scanners ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "seconds"),
    [
        *((order, seconds) for order in permutations(Act) for seconds in (0, 4, 9)),
        *(((act,), seconds) for act in Act for seconds in (0, 1, 3)),
    ],
)
def test_a_scanner_that_gets_and_posts_every_link_leaves_nothing(
    visitor: Client, reading: Reading, seconds: int, order: tuple[Act, ...]
) -> None:
    """It follows every link, reads each form and sends it: the cleverest that is known, and the blind one."""
    before = (list(PaperFeedback.objects.values()), list(Subscriber.objects.values("seen_papers")))
    statuses = []
    for number in (1, 2, 3, 4, 5, 14):
        visitor.get(reading.path(number))
        for act in order:
            visitor.post(reading.path(number, act))
            statuses.append(press(visitor, reading.path(number, act)).status_code)
            reading.clock.shift(timedelta(seconds=seconds))
    assert (list(PaperFeedback.objects.values()), list(Subscriber.objects.values("seen_papers"))) == before
    assert 429 in statuses
    assert all(MailedAct.objects.values_list("is_ignored", flat=True))


def test_who_was_taken_for_one_is_told_and_can_do_it_again(visitor: Client, reading: Reading) -> None:
    for number in (1, 2, 3):
        press(visitor, reading.path(number, "save"))
    answer = press(visitor, reading.path(4, "save"))
    page = answer.content.decode()
    assert answer.status_code == 429
    assert "as programs use them that check mail" in page
    assert PaperFeedback.objects.count() == 0
    found = FORM.search(page)
    assert found is not None
    reading.clock.shift(timedelta(seconds=11))
    assert visitor.post(reading.path(4, "save"), {"form": found[1]}).status_code == 303
    assert standing(4) == ("", True)


def test_a_reader_with_four_papers_who_wants_more_of_all_says_so_again(
    visitor: Client, reading: Reading
) -> None:
    selection = reading.service.delivery.selected
    shown = tuple(
        replace(each, place=Place.SUMMARIZED if at < 4 else Place.LISTED)
        for at, each in enumerate(selection.papers)
    )
    [row] = store_selections([replace(selection, papers=shown)])
    Delivery.objects.update(selection=row)
    ids = dict(Paper.objects.values_list("pk", "arxiv_id"))
    numbers = [int(ids[each.paper_id][-2:]) for each in shown[:4]]
    for number in numbers[:3]:
        assert press(visitor, reading.path(number, "more")).status_code == 303
        reading.clock.shift(timedelta(seconds=20))
    answer = press(visitor, reading.path(numbers[3], "more"))
    assert answer.status_code == 429
    assert PaperFeedback.objects.count() == 0
    found = FORM.search(answer.content.decode())
    assert found is not None
    reading.clock.shift(timedelta(seconds=20))
    assert visitor.post(reading.path(numbers[3], "more"), {"form": found[1]}).status_code == 303
    assert PaperFeedback.objects.count() == 1


# --- following an author -----------------------------------------------------------------------------------


def send(visitor: Client, path: str, **data: str) -> Any:
    found = FORM.search(visitor.get(path).content.decode())
    assert found is not None
    return visitor.post(path, {"form": found[1], **data})


def followed(reading: Reading) -> list[str]:
    return list(reading.service.subscriber.followed_authors.values_list("name", flat=True))


def test_an_author_is_followed_and_that_is_taken_back(visitor: Client, reading: Reading) -> None:
    assert f'href="{reading.path(1, "follow")}"' in visitor.get(reading.path()).content.decode()
    path = reading.path(1, "follow")
    before = every_row()
    page = visitor.get(path)
    assert "Follow an author?" in page.content.decode()
    assert page["X-Robots-Tag"] == "noindex"
    assert every_row() == before
    answer = send(visitor, path, author="Alan Turing")
    assert (answer.status_code, dict(answer.cookies), followed(reading)) == (303, {}, ["Alan Turing"])
    said = visitor.get(answer["Location"]).content.decode()
    assert "You follow Alan Turing." in said
    assert "Undo" in said
    answer = send(visitor, path, author="Alan Turing", stop="1")
    assert followed(reading) == []
    assert "You do not follow Alan Turing any more." in visitor.get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({}, 400),
        ({"author": ""}, 400),
        ({"author": "Somebody Else"}, 400),
        ({"author": "Alan Turing", "form": "x"}, 403),
        ({"author": "Alan Turing", "form": ""}, 403),
    ],
)
def test_nobody_is_followed_without_a_choice_on_the_page(
    visitor: Client, reading: Reading, data: dict[str, str], status: int
) -> None:
    answer = send(visitor, reading.path(1, "follow"), **data)
    assert (answer.status_code, followed(reading)) == (status, [])


def test_the_form_of_another_page_follows_nobody(visitor: Client, reading: Reading) -> None:
    for other in (reading.path(2, "follow"), reading.path(1, "save")):
        found = FORM.search(visitor.get(other).content.decode())
        assert found is not None
        answer = visitor.post(reading.path(1, "follow"), {"form": found[1], "author": "Alan Turing"})
        assert (answer.status_code, followed(reading)) == (403, [])


def test_nobody_more_than_allowed_is_followed(
    visitor: Client, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.subscribers.taste.authors.MOST_AUTHORS", 1)
    send(visitor, reading.path(1, "follow"), author="Ada Lovelace")
    assert send(visitor, reading.path(1, "follow"), author="Alan Turing").status_code == 409
    assert followed(reading) == ["Ada Lovelace"]


def test_a_link_that_opens_nothing_follows_nobody(visitor: Client, reading: Reading) -> None:
    path = reading.path(1, "follow")
    for broken in (path.replace("/r/", "/r/x"), path.replace("2606.00001", "2606.99999")):
        assert visitor.get(broken).status_code == 404
        assert visitor.post(broken, {"author": "Alan Turing"}).status_code == 404
    revoke_links(reading.service.subscriber, now=NOW)
    assert visitor.get(path).status_code == 404
