"""The reader's pages about their taste: words, authors, lists, switches, a library; what each form does."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from bibtexparser.entrypoint import parse_string
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from newsletter.audience.tokens import Purpose
from newsletter.core.taste.snapshot import make_snapshot
from newsletter.core.taste.vectors import pack
from newsletter.models import LibraryImport, Paper, PaperFeedback, Subscriber, TasteProfile, TasteSnapshot
from newsletter.models.taste import Act, Source
from newsletter.subscribers.taste import acts, switches
from newsletter.subscribers.taste.acts import act_on, keep_imported
from newsletter.subscribers.taste.authors import MOST_AUTHORS, follow_authors
from newsletter.web import library, saved
from tests.fakes.json_server import CLOSED
from tests.fakes.orcid import OrcidServer, external_id, summary, work
from tests.fakes.papers import paper_record
from tests.fakes.zotero import KEY, ZoteroServer, item
from tests.traces import every_table
from tests.web.conftest import JOINED, Service, every_row

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def page(visitor: Client, service: Service, path: str = "/taste", *, status: int = 200) -> str:
    answer = visitor.get(service.link(Purpose.PREFERENCES) + path)
    assert answer.status_code == status
    return answer.content.decode()


def send(visitor: Client, service: Service, path: str = "/taste", **fields: Any) -> Any:
    """Load a page and send one of its forms, as a browser does."""
    found = TOKEN.search(page(visitor, service, path))
    assert found is not None
    address = service.link(Purpose.PREFERENCES) + path
    return visitor.post(address, fields | {"csrfmiddlewaretoken": found[1]})


def done(visitor: Client, answer: Any) -> str:
    """Follow the redirect that each form answers with."""
    assert answer.status_code == 303, answer.content.decode()
    return str(visitor.get(answer["Location"]).content.decode())


def act(service: Service, what: Act, *numbers: int) -> None:
    papers = [Paper.objects.get(arxiv_id=paper_record(number).arxiv_id).record for number in numbers]
    act_on(service.subscriber, what, papers, source=Source.PAGE, now=JOINED)


def learn(subscriber: Subscriber) -> None:
    """Give the reader a profile with two words that lift and one that lowers."""
    texts = [("language agents", "medical survey")] * 5
    snapshot = make_snapshot(texts, name="2026-06-05")
    row = TasteSnapshot.objects.create(made_at=JOINED, papers=5, content=snapshot.pack())
    numbers = snapshot.numbers
    terms = {numbers["languag"]: 0.5, numbers["agent"]: 0.7, numbers["survey"]: -0.4}
    TasteProfile.objects.create(
        subscriber=subscriber, snapshot=row, taste_version=1, likes=2, terms=pack(terms)
    )


# --- what it shows -----------------------------------------------------------------------------------------


def test_the_own_page_leads_to_it(visitor: Client, service: Service) -> None:
    own = page(visitor, service, "")
    base = service.link(Purpose.PREFERENCES)
    assert f'href="{base}/taste"' in own
    assert f'href="{base}/saved"' in own
    assert "Save three papers and the order becomes yours." in own


def test_an_empty_one_says_what_comes_next(visitor: Client, service: Service) -> None:
    shown = page(visitor, service)
    assert "Nothing is known of your taste yet." in shown
    assert f"{service.link(Purpose.PREFERENCES)}/taste/import" in shown
    assert "No paper is here yet." in page(visitor, service, "/saved")


def test_it_names_papers_words_and_authors(visitor: Client, service: Service) -> None:
    act(service, Act.SAVE, 1)
    act(service, Act.MORE, 2)
    act(service, Act.LESS, 3)
    keep_imported(service.subscriber, [paper_record(4)], topics={}, now=JOINED)
    follow_authors(service.subscriber, ["Ada Lovelace"], now=JOINED)
    learn(service.subscriber)
    shown = page(visitor, service)
    assert "Learned from 3 papers you liked or saved. 1 was not for you." in shown
    for number in (1, 2, 3, 4):
        assert paper_record(number).title in shown
    lifts, _, lowers = shown.partition("Lower a paper")
    assert lifts.index(">agents<") < lifts.index(">language<")
    assert ">survey<" in lowers
    assert "Unfollow Ada Lovelace" in shown


def test_in_chinese_it_speaks_chinese(visitor: Client, service: Service) -> None:
    Subscriber.objects.update(language="zh-hans")
    act(service, Act.SAVE, 1)
    for path, words in (("/taste", "我的偏好"), ("/saved", "我的收藏"), ("/taste/import", "带入我的文献库")):
        shown = page(visitor, service, path)
        assert f"<h1>{words}</h1>" in shown
        assert 'lang="zh-Hans"' in shown


def test_a_forged_token_opens_none_of_them(visitor: Client, service: Service) -> None:
    base = service.link(Purpose.PREFERENCES)[:-1]
    for path in ("/taste", "/saved", "/taste/import", "/taste/export.json", "/taste/export.bib"):
        assert visitor.get(f"{base}{path}").status_code == 404
        assert visitor.post(f"{base}{path}").status_code in (403, 404, 405)


def test_all_of_them_are_kept_by_nobody(visitor: Client, service: Service) -> None:
    for path in ("/taste", "/saved", "/taste/import", "/taste/export.json", "/taste/export.bib"):
        answer = visitor.get(service.link(Purpose.PREFERENCES) + path)
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Robots-Tag"] == "noindex"


# --- what its forms do -------------------------------------------------------------------------------------


def test_every_form_needs_the_cookie_of_its_page(visitor: Client, service: Service) -> None:
    before = every_row()
    for path in ("/taste", "/saved", "/taste/import"):
        for do in ("forget", "switches", "keep", "paste"):
            answer = visitor.post(service.link(Purpose.PREFERENCES) + path, {"do": do, "text": "2606.00001"})
            assert answer.status_code == 403
    assert every_row() == before


def test_what_no_form_sends_changes_nothing(visitor: Client, service: Service) -> None:
    act(service, Act.SAVE, 1)
    page(visitor, service)
    before = every_row()
    for fields in ({"do": "nonsense"}, {}, {"do": "mute", "word": "none"}, {"do": "unmute", "word": "none"}):
        assert send(visitor, service, **fields).status_code == 303
    for where in (
        "",
        "x",
        "saved:",
        "saved:2606.77777",
        "nonsense:2606.00001",
        "less:2606.00001",
        "a" * 9000,
    ):
        assert send(visitor, service, do="remove", paper=where).status_code == 303
        assert send(visitor, service, "/saved", paper=where).status_code == 303
    assert every_row() == before


def test_a_word_is_left_out_and_put_back(visitor: Client, service: Service) -> None:
    learn(service.subscriber)
    shown = done(visitor, send(visitor, service, do="mute", word="agent"))
    assert Subscriber.objects.get().muted_terms == {"agent": "agents"}
    assert "Left out. Nothing is learned" in shown
    assert "Leave out “agents”" not in shown
    shown = done(visitor, send(visitor, service, do="unmute", word="agent"))
    assert Subscriber.objects.get().muted_terms == {}
    assert "Leave out “agents”" in shown


def test_too_many_words_are_refused(
    visitor: Client, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switches, "MOST_MUTED", 0)
    learn(service.subscriber)
    answer = send(visitor, service, do="mute", word="agent")
    assert answer.status_code == 400
    assert "put some back first" in answer.content.decode()


def test_an_author_is_followed_and_unfollowed(visitor: Client, service: Service) -> None:
    shown = done(visitor, send(visitor, service, do="follow", name=" Jorge  Iranzo-Sánchez "))
    assert "Unfollow Jorge Iranzo-Sánchez" in shown
    done(visitor, send(visitor, service, do="unfollow", name="Jorge Iranzo-Sánchez"))
    assert not service.subscriber.followed_authors.exists()


@pytest.mark.parametrize("name", ["", "42", "x" * 200, "<script>"])
def test_what_is_no_name_is_shown_again_with_the_reason(visitor: Client, service: Service, name: str) -> None:
    answer = send(visitor, service, do="follow", name=name)
    if name == "<script>":  # it has letters: a name like any other, and shown as text
        assert "&lt;script&gt;" in done(visitor, answer)
        return
    assert answer.status_code == 400
    assert "is not a name" in answer.content.decode()
    assert not service.subscriber.followed_authors.exists()


def test_with_too_many_authors_it_says_so(visitor: Client, service: Service) -> None:
    names = [f"Ada {chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(MOST_AUTHORS)]
    follow_authors(service.subscriber, names, now=JOINED)
    answer = send(visitor, service, do="follow", name="One More")
    assert answer.status_code == 400
    assert "You follow 200 authors already" in answer.content.decode()


def test_switches_are_stored_as_they_stand(visitor: Client, service: Service) -> None:
    done(visitor, send(visitor, service, do="switches", learns="on", names_imports="on"))
    row = Subscriber.objects.get()
    assert [row.learns, row.shows_near, row.shows_revised, row.names_imports] == [True, False, False, True]
    done(visitor, send(visitor, service, do="switches"))
    assert "Learning is switched off." in _with_a_paper(visitor, service)


def _with_a_paper(visitor: Client, service: Service) -> str:
    act(service, Act.SAVE, 1)
    return page(visitor, service)


def test_forgetting_forgets_all(visitor: Client, service: Service) -> None:
    act(service, Act.SAVE, 1)
    follow_authors(service.subscriber, ["Ada Lovelace"], now=JOINED)
    learn(service.subscriber)
    shown = done(visitor, send(visitor, service, do="forget"))
    assert "Forgotten." in shown
    assert "Nothing is known of your taste yet." in shown
    assert not PaperFeedback.objects.exists()


# --- lists -------------------------------------------------------------------------------------------------


def test_each_list_has_its_papers_by_month_and_each_can_be_taken_off(
    visitor: Client, service: Service
) -> None:
    act(service, Act.SAVE, 1)
    act(service, Act.MORE, 1, 2)
    act(service, Act.LESS, 3)
    keep_imported(service.subscriber, [paper_record(4)], topics={}, now=JOINED)
    for name, number in (("saved", 1), ("more", 2), ("less", 3), ("imported", 4)):
        shown = page(visitor, service, f"/saved?list={name}")
        assert "June 2026" in shown
        assert paper_record(number).title in shown
        where = f"{name}:{paper_record(number).arxiv_id}"
        after = done(visitor, send(visitor, service, f"/saved?list={name}", paper=where))
        assert "Removed." in after
        assert paper_record(number).title not in after
    assert [(row.arxiv_id, row.verdict) for row in PaperFeedback.objects.all()] == [("2606.00001", "like")]


def test_a_revised_and_a_withdrawn_paper_say_so(visitor: Client, service: Service) -> None:
    act(service, Act.SAVE, 1, 2)
    Paper.objects.filter(arxiv_id=paper_record(1).arxiv_id).update(version=2)
    Paper.objects.filter(arxiv_id=paper_record(2).arxiv_id).update(is_withdrawn=True)
    shown = page(visitor, service, "/saved")
    assert "Revised on 15 June: v2." in shown
    assert shown.count("/papers/2606.00001/#changes") == 1
    assert "Withdrawn by its authors." in shown


def test_a_paper_that_was_not_gathered_leads_to_arxiv(visitor: Client, service: Service) -> None:
    old = replace(paper_record(1), arxiv_id="hep-th/9901001", title="Old")
    keep_imported(service.subscriber, [old], topics={}, now=JOINED)
    assert 'href="https://arxiv.org/abs/hep-th/9901001v1"' in page(visitor, service, "/saved?list=imported")


def test_long_lists_have_pages(visitor: Client, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "ON_A_PAGE", 2)
    act(service, Act.MORE, 1, 2, 3, 4, 5)
    first, last = (
        page(visitor, service, "/saved?list=more"),
        page(visitor, service, "/saved?list=more&page=3"),
    )
    assert "Page 1 of 3" in first
    assert "page=2" in first
    assert "Page 3 of 3" in last
    for odd in ("page=0", "page=99", "page=x", "list=x", "list=", "page=" + "9" * 400):
        page(visitor, service, f"/saved?{odd}")
    # The last one of the last page leaves the page before it.
    number = PaperFeedback.objects.order_by("at", "pk")[0].arxiv_id
    assert "Page 2 of 2" in done(
        visitor, send(visitor, service, "/saved?list=more&page=3", paper=f"more:{number}")
    )


# --- exports -----------------------------------------------------------------------------------------------


def test_all_of_it_is_taken_along_as_json(visitor: Client, service: Service) -> None:
    act(service, Act.SAVE, 1)
    act(service, Act.LESS, 3)
    follow_authors(service.subscriber, ["Ada Lovelace"], now=JOINED)
    learn(service.subscriber)
    answer = visitor.get(f"{service.link(Purpose.PREFERENCES)}/taste/export.json")
    assert re.fullmatch(
        r'attachment; filename="what-i-like-\d{4}-\d\d-\d\d\.json"', answer["Content-Disposition"]
    )
    known = json.loads(answer.content)
    assert [(each["arxiv_id"], each["verdict"], bool(each["saved_at"])) for each in known["papers"]] == [
        ("2606.00001", None, True),
        ("2606.00003", "dislike", False),
    ]
    assert known["papers"][0]["topics"] == ["heads"]
    assert known["authors"] == ["Ada Lovelace"]
    assert known["words"] == [{"topic": None, "lifts": ["agents", "language"], "lowers": ["survey"]}]


def test_what_is_liked_is_taken_along_as_bibtex(visitor: Client, service: Service) -> None:
    act(service, Act.SAVE, 1)
    act(service, Act.LESS, 3)
    old = replace(paper_record(1), arxiv_id="hep-th/9901001", title="Old & {odd}", authors=("Jürgen Ehlers",))
    keep_imported(service.subscriber, [old], topics={}, now=JOINED)
    answer = visitor.get(f"{service.link(Purpose.PREFERENCES)}/taste/export.bib")
    read = parse_string(answer.content.decode())
    assert {entry["eprint"] for entry in read.entries} == {"2606.00001", "hep-th/9901001"}
    assert read.failed_blocks == []
    page(visitor, service, "/taste/export.doc", status=404)


# --- a library ---------------------------------------------------------------------------------------------

IMPORT = "/taste/import"


def test_what_is_pasted_is_shown_and_then_kept(visitor: Client, service: Service) -> None:
    act(service, Act.LESS, 2)
    Paper.objects.filter(arxiv_id=paper_record(3).arxiv_id).update(is_withdrawn=True)
    text = "2606.00001 arXiv:2606.00002v3\nhttps://arxiv.org/pdf/2606.00003\nno id in here"
    shown = done(visitor, send(visitor, service, IMPORT, do="paste", text=text))
    assert "3 papers were found in what you pasted." in shown
    assert "you have it already" in shown
    assert "withdrawn by its authors, and not kept" in shown
    assert "no arXiv id, arXiv address or DOI was found in it" in shown
    assert "Keep this 1 paper" in shown
    assert PaperFeedback.objects.count() == 1
    assert "A library waits for you" in page(visitor, service)
    assert "Your library is kept." in done(visitor, send(visitor, service, IMPORT, do="keep"))
    assert dict(PaperFeedback.objects.values_list("arxiv_id", "verdict")) == {
        "2606.00001": "like",
        "2606.00002": "dislike",
    }
    assert PaperFeedback.objects.get(verdict="like").topics == [
        service.subscriber.subscriptions.get(topic__slug="heads").topic_id
    ]


def test_a_file_is_read_and_stays_in_memory(
    visitor: Client, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was begun")

    monkeypatch.setattr("django.core.files.uploadedfile.TemporaryUploadedFile.__init__", refuse)
    bib = b"@misc{a, title={Avatar 1}, eprint={2606.00001}}\n@misc{b, title={Nobody knows this one}}"
    file = SimpleUploadedFile("my \xe4 refs.bib", bib)
    shown = done(visitor, send(visitor, service, IMPORT, do="file", file=file))
    assert "1 paper was found in my ä refs.bib." in shown
    assert "1 entry is still being looked up" in shown
    assert "Keep this 1 paper, and look no further" in shown
    assert "Find them" not in shown
    done(visitor, send(visitor, service, IMPORT, do="drop"))
    assert not LibraryImport.objects.exists()
    assert not PaperFeedback.objects.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "This could not be read:"),
        (b"PK\x03\x04 zipped", "This could not be read:"),
        (b"x" * (10 * 1024 * 1024 + 1), "the file is larger than 10 MB"),
        (b'[{"title": "half', "This could not be read:"),
        (b"\n", "This could not be read:"),
    ],
    ids=["a picture", "an archive", "too long", "broken JSON", "empty"],
)
def test_what_is_no_library_gets_one_line_and_leaves_nothing(
    visitor: Client, service: Service, content: bytes, says: str
) -> None:
    file = SimpleUploadedFile("refs.bib", content)
    answer = send(visitor, service, IMPORT, do="file", file=file)
    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not LibraryImport.objects.exists()


def test_a_form_without_a_file_or_with_too_long_a_text_says_so(visitor: Client, service: Service) -> None:
    answer = send(visitor, service, IMPORT, do="file")
    assert "choose a file first" in answer.content.decode()
    answer = send(visitor, service, IMPORT, do="paste", text="2606.00001 " * 10_000)
    assert "give it as a file" in answer.content.decode()
    assert answer.status_code == 400


def test_with_too_many_papers_nothing_is_kept_and_the_import_waits(
    visitor: Client, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "MOST_PAPERS", 1)
    send(visitor, service, IMPORT, do="paste", text="2606.00001 2606.00002")
    answer = send(visitor, service, IMPORT, do="keep")
    assert answer.status_code == 400
    assert "Remove some first" in answer.content.decode()
    assert not PaperFeedback.objects.exists()
    assert LibraryImport.objects.exists()


def test_keeping_what_is_gone_shows_the_forms_again(visitor: Client, service: Service) -> None:
    assert "Find them" in done(visitor, send(visitor, service, IMPORT, do="keep"))
    assert "Find them" in done(visitor, send(visitor, service, IMPORT, do="drop"))


def test_after_twenty_a_day_it_says_when_to_come_back(visitor: Client, service: Service) -> None:
    for _ in range(20):
        send(visitor, service, IMPORT, do="paste", text="2606.00001")
        send(visitor, service, IMPORT, do="drop")
    answer = send(visitor, service, IMPORT, do="paste", text="2606.00001")
    assert answer.status_code == 400
    assert "come back tomorrow" in answer.content.decode()


def test_a_zotero_library_is_read_and_its_key_is_kept_nowhere(
    visitor: Client, service: Service, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with ZoteroServer() as server:
        settings.CONFIG = settings.CONFIG.model_copy(update={"zotero_url": server.host})
        server.libraries["groups/123"] = [item(1, title="Avatar 1", url="https://arxiv.org/abs/2606.00001")]
        server.keys[KEY] = ["groups/123"]
        fields = {"do": "zotero", "kind": "group", "zotero": "123"}
        for wrong in ("", "x" * 24):
            answer = send(visitor, service, IMPORT, **fields, key=wrong)
            assert answer.status_code == 400
            assert "This could not be read:" in answer.content.decode()
        shown = done(visitor, send(visitor, service, IMPORT, **fields, key=KEY))
        assert "1 paper was found in Zotero 123." in shown
        server.replies.extend([CLOSED] * 20)
        send(visitor, service, IMPORT, do="drop")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(library, "PATIENCE", 0.5)
            answer = send(visitor, service, IMPORT, **fields, key=KEY)
    assert "No answer came. Please try again later:" in answer.content.decode()
    assert KEY not in answer.content.decode() + shown + caplog.text + str(every_table())


def test_the_works_of_an_orcid_record_are_read(visitor: Client, service: Service, settings: Settings) -> None:
    with OrcidServer() as server:
        settings.CONFIG = settings.CONFIG.model_copy(update={"orcid_url": server.url})
        server.records["0000-0002-1825-0097"] = [
            work(summary("Avatar 2", external_id("arxiv", "2606.00002")))
        ]
        shown = done(visitor, send(visitor, service, IMPORT, do="orcid", orcid="0000-0002-1825-0097"))
        assert "1 paper was found in ORCID 0000-0002-1825-0097." in shown
        send(visitor, service, IMPORT, do="drop")
        for nobody in ("0000-0001-5109-3700", "0000-0002-1825-0098", "", "Ada Lovelace"):
            answer = send(visitor, service, IMPORT, do="orcid", orcid=nobody)
            assert answer.status_code == 400
            assert "This could not be read:" in answer.content.decode()
    assert not LibraryImport.objects.exists()


def test_while_others_are_read_it_says_so_and_the_site_stays_up(visitor: Client, service: Service) -> None:
    held = [library._AT_ONCE.acquire(blocking=False) for _ in range(2)]
    try:
        assert held == [True, True]
        answer = send(visitor, service, IMPORT, do="paste", text="2606.00001")
    finally:
        for _ in held:
            library._AT_ONCE.release()
    assert "try again in a minute" in answer.content.decode()
    done(visitor, send(visitor, service, IMPORT, do="paste", text="2606.00001"))


def test_a_library_that_nobody_kept_is_forgotten(visitor: Client, service: Service) -> None:
    from newsletter.pipeline.monitor.retention import forget_old

    send(visitor, service, IMPORT, do="paste", text="2606.00001")
    assert forget_old(now=timezone.now() + timedelta(days=1))["libraries"] == 0
    assert forget_old(now=timezone.now() + timedelta(days=3))["libraries"] == 1
