"""Citations to download: of a paper, of a digest and of what a reader likes; none tells what is personal."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import rispy
from django.test import Client

from newsletter.audience.tokens import Purpose
from newsletter.core.arxiv.cite import Form
from newsletter.core.digests.selection import Place
from newsletter.models import Paper, Topic
from newsletter.models.selection import store_selections
from newsletter.models.taste import Act, Source
from newsletter.subscribers.taste.acts import act_on
from newsletter.web.cite import answer
from tests.fakes.papers import paper_record
from tests.web.conftest import SENT, Service
from tests.web.test_rendered import kept_pages

TYPES = {
    Form.BIBTEX: "application/x-bibtex",
    Form.RIS: "application/x-research-info-systems",
    Form.CSL: "application/vnd.citationstyles.csl+json",
}


def cited(visitor: Client, path: str) -> list[str]:
    """Return the addresses of the papers in a file of CSL-JSON."""
    return [item["URL"] for item in json.loads(visitor.get(path).content)]


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("arxiv_id", ["2606.00001", "2606.00001v1", "10.48550/arXiv.2606.00001"])
def test_a_paper_is_cited_under_any_form_of_its_id(
    visitor: Client,
    service: Service,  # noqa: ARG001
    form: Form,
    arxiv_id: str,
) -> None:
    found = visitor.get(f"/papers/{arxiv_id}/cite.{form}", follow=True)
    assert found["Content-Type"] == f"{TYPES[form]}; charset=utf-8"
    assert found["Content-Disposition"] == f'attachment; filename="arxiv-2606.00001v1.{form}"'
    assert "https://arxiv.org/abs/2606.00001v1" in found.content.decode()


@pytest.mark.django_db
def test_an_old_id_makes_a_name_of_a_file(visitor: Client) -> None:
    Paper.from_record(paper_record(arxiv_id="hep-th/9901001"), first_seen_at=SENT).save()
    found = visitor.get("/papers/hep-th/9901001/cite.ris")
    assert found["Content-Disposition"] == 'attachment; filename="arxiv-hep-th-9901001v1.ris"'


def test_another_version_is_not_cited_as_the_one_known(visitor: Client, service: Service) -> None:  # noqa: ARG001
    Paper.objects.filter(arxiv_id="2606.00001").update(version=2)
    for number, status in ((1, 404), (2, 302), (3, 404)):
        assert visitor.get(f"/papers/2606.00001v{number}/cite.bib").status_code == status


def test_forms_of_an_id_fill_no_memory(visitor: Client, service: Service) -> None:  # noqa: ARG001
    for name in ("cite.bib", "card.png"):
        visitor.get(f"/papers/2606.00001/{name}")
        number = kept_pages()
        for given in ("2606.00001v1", "2606.00001v7", "arXiv:2606.00001", "https://arxiv.org/abs/2606.00001"):
            visitor.get(f"/papers/{given}/{name}")
            visitor.get(f"/papers/{given}/")
        assert kept_pages() == number


def test_a_changed_paper_is_cited_as_it_is_now(visitor: Client, service: Service) -> None:  # noqa: ARG001
    path = "/papers/2606.00001/cite.bib"
    assert "version = {1}" in visitor.get(path).content.decode()
    Paper.objects.filter(arxiv_id="2606.00001").update(version=2)
    assert "version = {2}" in visitor.get(path).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/papers/2606.99999/cite.bib", "/papers/x/cite.ris", "/digests/x/cite.json"]
)
def test_what_is_not_there_is_not_cited(visitor: Client, path: str) -> None:
    assert visitor.get(path).status_code == 404
    assert visitor.get(path.rpartition(".")[0] + ".exe", follow=True).status_code == 404


def test_a_digest_is_cited_in_its_order(visitor: Client, service: Service) -> None:
    selection = service.delivery.selected
    named = [*selection.shown(Place.SUMMARIZED), *(each.paper_id for each in selection.papers[1:])]
    papers = Paper.objects.in_bulk(named)
    for purpose in (Purpose.DIGEST, Purpose.SHARE):
        found = cited(visitor, f"{service.link(purpose)}/cite.json")
        assert found == [f"https://arxiv.org/abs/{papers[each]}" for each in dict.fromkeys(named)]
    said = visitor.get(f"{service.link(Purpose.DIGEST)}/cite.ris")
    assert said["X-Robots-Tag"] == "noindex"
    assert len(rispy.loads(said.content.decode())) == len(found)


def test_a_shared_digest_cites_nothing_personal(visitor: Client, service: Service) -> None:
    selection = service.delivery.selected
    secret, near, *others = selection.papers
    changed = [
        replace(secret, topic=Topic.objects.get(slug="secret").pk),
        replace(near, place=Place.NEAR),
        *others,
    ]
    [stored] = store_selections([replace(selection, papers=tuple(changed))])
    service.delivery.selection = stored
    service.delivery.save()
    mine = cited(visitor, f"{service.link(Purpose.DIGEST)}/cite.json")
    shared = cited(visitor, f"{service.link(Purpose.SHARE)}/cite.json")
    papers = Paper.objects.in_bulk([each.paper_id for each in selection.papers])
    personal = {f"https://arxiv.org/abs/{papers[each.paper_id]}" for each in (secret, near)}
    assert personal <= set(mine)
    assert set(shared) == set(mine) - personal


@pytest.mark.parametrize("form", ["bib", "ris", "csl"])
def test_what_a_reader_likes_is_cited_in_every_form(visitor: Client, service: Service, form: str) -> None:
    row = Paper.objects.get(arxiv_id="2606.00003")
    act_on(service.subscriber, Act.SAVE, [row.record], source=Source.PAGE, now=SENT)
    found = visitor.get(f"{service.link(Purpose.PREFERENCES)}/taste/export.{form}")
    assert found.status_code == 200
    assert "https://arxiv.org/abs/2606.00003v1" in found.content.decode()
    assert "2606.00001" not in found.content.decode()
    assert found["Content-Disposition"].startswith('attachment; filename="what-i-like-')


def test_an_answer_is_for_any_list_of_papers() -> None:
    found = answer([paper_record(1), paper_record(2)], form=Form.CSL, name="week")
    assert len(json.loads(found.content)) == 2
    assert found["Content-Disposition"] == 'attachment; filename="week.json"'
