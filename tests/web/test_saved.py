"""A reader's saved papers: notes of their own, and what is taken along as BibTeX, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import pytest
import yaml
from bibtexparser.entrypoint import parse_string
from django.test import Client

from newsletter.audience.tokens import Purpose
from newsletter.models import Paper, PaperFeedback, Subscriber
from newsletter.models.taste import Act
from newsletter.subscribers.export import export_everything
from newsletter.subscribers.taste.acts import keep_imported
from newsletter.subscribers.unsubscribe import erase
from tests.fakes.papers import paper_record
from tests.traces import every_table
from tests.web.conftest import JOINED, Service
from tests.web.test_public_pages import write_summary
from tests.web.test_taste import act, done, page, send

pytestmark = pytest.mark.django_db
HOSTILE = "=cmd|' /C calc'!A0 <script>x</script> [a](javascript:x) **b** \u2028| # c"


def exported(visitor: Client, service: Service, form: str, *, shelf: str = "") -> str:
    answer = visitor.get(f"{service.link(Purpose.PREFERENCES)}/taste/export.{form}?list={shelf}")
    assert answer.status_code == 200
    name = f"{shelf}-papers" if shelf else "what-i-like"
    assert re.fullmatch(
        rf'attachment; filename="{name}-\d{{4}}-\d\d-\d\d\.{form}"', answer["Content-Disposition"]
    )
    assert answer["X-Robots-Tag"] == "noindex"
    return answer.content.decode()


def test_a_list_is_taken_along_in_every_form(visitor: Client, service: Service) -> None:
    act(service, Act.SAVE, 1)
    act(service, Act.LESS, 3)
    write_summary(Paper.objects.get(arxiv_id="2606.00001"), language="en", headline="It speaks at last.")
    send(visitor, service, "/saved", paper="saved:2606.00001", note="For Lin")
    for shelf, found in (("saved", "2606.00001"), ("less", "2606.00003")):
        (row,) = csv.DictReader(io.StringIO(exported(visitor, service, "csv", shelf=shelf)))
        assert row["arxiv_id"] == found
        (entry,) = parse_string(exported(visitor, service, "bib", shelf=shelf)).entries
        assert entry["eprint"] == found
        assert exported(visitor, service, "md", shelf=shelf).count("### ") == 1
    (row,) = csv.DictReader(io.StringIO(exported(visitor, service, "csv", shelf="saved")))
    assert row == {
        "arxiv_id": "2606.00001",
        "version": "1",
        "title": paper_record(1).title,
        "authors": "Ada Lovelace; Alan Turing",
        "categories": "cs.CV",
        "published": "2026-06-15",
        "doi": "",
        "journal_ref": "",
        "finding": "It speaks at last.",
        "note": "For Lin",
        "verdict": "",
        "saved": f"{JOINED:%Y-%m-%d}",
        "url": "https://arxiv.org/abs/2606.00001v1",
        "pdf": "https://arxiv.org/pdf/2606.00001v1",
    }
    assert exported(visitor, service, "csv").count("2606.00003") == 0


def test_markdown_has_front_matter_months_and_plain_links(visitor: Client, service: Service) -> None:
    act(service, Act.SAVE, 1)
    send(visitor, service, "/saved", paper="saved:2606.00001", note="For Lin")
    old = replace(paper_record(1), arxiv_id="hep-th/9901001", title="Old")
    keep_imported(service.subscriber, [old], topics={}, now=JOINED)
    text = exported(visitor, service, "md")
    front, _, body = text.removeprefix("---\n").partition("\n---\n")
    assert yaml.safe_load(front)["tags"] == ["arxiv"]
    assert body.startswith("\n# Saved papers\n\n## June 2026\n")
    assert f"### [{paper_record(1).title}](<https://arxiv.org/abs/2606.00001v1>)" in body
    assert "- **PDF**: <https://arxiv.org/pdf/2606.00001v1>" in body
    assert "> For Lin" in body
    assert body.count("/papers/") == 1  # the other one has no page here


def test_hostile_titles_are_inert_in_what_is_taken_along(visitor: Client, service: Service) -> None:
    odd = replace(paper_record(1), arxiv_id="2606.00099", title=HOSTILE, authors=(HOSTILE,))
    keep_imported(service.subscriber, [odd], topics={}, now=JOINED)
    PaperFeedback.objects.update(note=HOSTILE)
    (row,) = csv.reader(io.StringIO(exported(visitor, service, "csv").split("\n", 1)[1]))
    assert not [cell for cell in row if cell[:1] in "=+-@" and cell]
    text = exported(visitor, service, "md")
    assert not re.search(r"(?<!\\)(?:<script|\[a|\*\*b|# c)|\u2028", text)
    assert "<script" not in page(visitor, service, "/saved?list=imported")


# --- notes -------------------------------------------------------------------------------------------------


def test_a_note_is_kept_shown_changed_and_deleted(visitor: Client, service: Service) -> None:
    act(service, Act.SAVE, 1)
    assert "Note:</span>" not in page(visitor, service, "/saved")
    where = "saved:2606.00001"
    shown = done(visitor, send(visitor, service, "/saved", paper=where, note=" Compare <b>with</b>\r\nours "))
    assert "The note is kept." in shown
    assert 'Note:</span> <span dir="auto">Compare &lt;b&gt;with&lt;/b&gt; ours</span>' in shown
    assert PaperFeedback.objects.get().saved_at is not None
    before = Subscriber.objects.get().taste_version
    done(visitor, send(visitor, service, "/saved", paper=where, note=""))
    assert PaperFeedback.objects.get().note == ""
    assert Subscriber.objects.get().taste_version == before


def test_too_long_a_note_is_shown_again_and_not_kept(visitor: Client, service: Service) -> None:
    act(service, Act.SAVE, 1)
    answer = send(visitor, service, "/saved", paper="saved:2606.00001", note="x" * 501)
    assert answer.status_code == 400
    assert "A note has at most 500 characters." in answer.content.decode()
    assert "x" * 501 in answer.content.decode()
    assert PaperFeedback.objects.get().note == ""
    done(visitor, send(visitor, service, "/saved", paper="saved:2606.00001", note="é" * 500))
    assert PaperFeedback.objects.get().note == "é" * 500


@pytest.mark.parametrize("where", ["", "saved:", "saved:2606.00009", "x:2606.00001", "saved:" + "9" * 400])
def test_a_note_on_nothing_is_not_kept(visitor: Client, service: Service, where: str) -> None:
    act(service, Act.SAVE, 2)
    done(visitor, send(visitor, service, "/saved", paper=where, note="For Lin"))
    assert PaperFeedback.objects.get().note == ""


def test_a_note_outlasts_other_acts_and_goes_with_the_paper(visitor: Client, service: Service) -> None:
    act(service, Act.SAVE, 1)
    send(visitor, service, "/saved", paper="saved:2606.00001", note="For Lin")
    act(service, Act.MORE, 1)
    assert PaperFeedback.objects.get().note == "For Lin"
    send(visitor, service, "/saved", paper="saved:2606.00001")
    assert "For Lin" in page(visitor, service, "/saved?list=more")
    send(visitor, service, "/saved?list=more", paper="more:2606.00001")
    assert not PaperFeedback.objects.exists()


def test_a_note_is_in_every_export_and_erased_with_the_rest(visitor: Client, service: Service) -> None:
    act(service, Act.SAVE, 1)
    send(visitor, service, "/saved", paper="saved:2606.00001", note="For Lin")
    (paper,) = json.loads(exported(visitor, service, "json"))["papers"]
    assert paper["note"] == "For Lin"
    assert "For Lin" in str(export_everything(service.subscriber, now=JOINED))
    erase(service.subscriber, now=JOINED)
    assert "For Lin" not in str(every_table())
