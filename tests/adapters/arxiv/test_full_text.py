"""Papers' HTML from a real server on loopback: what is asked, what is read, and what is no paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest

from newsletter.adapters.arxiv.full_text import MAX_DEPTH, ArxivFullTexts, read_page
from newsletter.adapters.arxiv.html_paper import CAPTIONS
from newsletter.adapters.arxiv.oai import ArxivOai
from newsletter.adapters.ports import PaperText, RequestGate
from newsletter.core.arxiv.full_text import FullText
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.errors import PermanentError, TemporaryError
from tests.fakes.arxiv_html import AROUND, Sample, as_served, as_served_before, samples
from tests.fakes.arxiv_server import CLOSED, CUT, HANG, ArxivServer, Fault, throttled
from tests.fakes.papers import paper_record

GAZE = samples()["gaze"]
OLD = paper_record(arxiv_id="quant-ph/0201082", title=GAZE.record.title)
READABLE = [sample for sample in samples().values() if "reason" not in sample.expected]
ELSEWHERE = Fault(status=302, headers=(("Location", "https://example.org/x.png"),), body="")
SERVED = (as_served, as_served_before)
Served = Callable[..., bytes]


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    html = {each.record.versioned_id: each.html for each in samples().values()} | GAZE.files
    with ArxivServer(html=html) as running:
        yield running


def source(
    server: ArxivServer,
    *,
    gate: RequestGate = nullcontext,
    seconds: float = 60.0,
    timeout: float = 30.0,
    max_bytes: int = 1_000_000,
) -> ArxivFullTexts:
    return ArxivFullTexts(
        gate=gate,
        url=server.html_url,
        oai=ArxivOai(gate=nullcontext, url=server.oai_url),
        timeout=(30.0, timeout),
        user_agent="test (mailto:operator@example.org)",
        seconds=seconds,
        max_bytes=max_bytes,
    )


def refusal(server: ArxivServer, paper: PaperRecord = GAZE.record, *, max_bytes: int = 1_000_000) -> str:
    with pytest.raises(PermanentError) as caught:
        source(server, max_bytes=max_bytes).read(paper, figures=0)
    return caught.value.reason


def read(sample: Sample, body: bytes) -> FullText:
    return read_page(
        body, paper=sample.record, address=f"https://arxiv.org/html/{sample.record.versioned_id}"
    ).text


def whole(text: FullText) -> str:
    return "\n\n".join(each.text for each in text.sections)


# --- what is read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("served", SERVED)
@pytest.mark.parametrize("sample", READABLE, ids=lambda each: each.name)
def test_a_sample_is_read_as_it_should_be(sample: Sample, served: Served) -> None:
    expected, text = sample.expected, read(sample, served(sample.latexml, name=sample.record.versioned_id))
    found = [[each.title, each.role.value, each.level, each.anchor] for each in text.sections]
    assert found == expected["sections"]
    captions = next((each.text for each in text.sections if each.title == CAPTIONS), "")
    assert [caption for caption in expected["captions"] if caption not in captions] == []
    assert list(text.affiliations) == expected["affiliations"]
    assert (list(text.keywords), list(text.links)) == (expected["keywords"], expected["links"])
    assert len(text.references) == expected["references"]
    assert [each.arxiv_id for each in text.references if each.arxiv_id] == expected["cites"]
    assert [each for each in expected["says"] if each not in whole(text)] == []
    assert [each for each in (*expected["never"], *AROUND) if each in whole(text)] == []
    assert not text.is_cut


@pytest.mark.parametrize("served", SERVED)
def test_a_figure_is_one_image_with_one_caption(served: Served) -> None:
    for sample in READABLE:
        name = sample.record.versioned_id
        found = read_page(
            served(sample.latexml, name=name), paper=sample.record, address=f"https://arxiv.org/html/{name}"
        )
        shown = [
            [each.number, each.address.removeprefix(f"https://arxiv.org/html/{name}/")]
            for each in found.figures
        ]
        assert shown == sample.expected["figures"]


def test_references_say_what_is_cited() -> None:
    assert read(GAZE, GAZE.html).references[1].text == (
        "A. Turing and G. Boole, “GazeNet: eye contact from video,” arXiv preprint arXiv:2401.01234v2, 2024."
    )


# --- what is asked ----------------------------------------------------------------------------------------


def test_it_asks_for_exactly_this_version(server: ArxivServer) -> None:
    server.html["quant-ph/0201082v1"] = as_served(GAZE.latexml, name="quant-ph/0201082v1")
    for paper in (GAZE.record, OLD):
        assert source(server).read(paper, figures=0).text.sections[1].title == "Introduction"

    first, second = server.requests
    assert (first.path, second.path) == ("/html/2606.00011v1", "/html/quant-ph/0201082v1")
    assert first.headers["User-Agent"] == "test (mailto:operator@example.org)"
    assert first.headers["Connection"] == "close"


def figures_of(server: ArxivServer, *, limit: int = 4, timeout: float = 30.0) -> PaperText:
    return source(server, timeout=timeout).read(GAZE.record, figures=limit)


def test_figures_are_fetched_and_made_small(server: ArxivServer) -> None:
    first, second = figures_of(server).figures
    assert (first.number, first.caption) == (
        "1",
        "Angular error over time. Lower is better; the band shows five seeds.",
    )
    assert (first.image.extension, second.image.extension) == ("png", "jpg")
    assert first.mail_image is not None
    assert [each.path for each in server.requests[1:]] == [
        "/html/2606.00011v1/gaze-error.png",
        "/html/2606.00011v1/gaze-eye.jpg",
    ]


def test_without_leave_no_figure_is_asked_for(server: ArxivServer) -> None:
    assert figures_of(server, limit=0).figures == ()
    assert len(server.requests) == 1
    assert [each.number for each in figures_of(server, limit=1).figures] == ["1"]


@pytest.mark.parametrize(
    "fault",
    [Fault(status=404), Fault(body="no image"), HANG, CLOSED, throttled(), ELSEWHERE],
    ids=["404", "no image", "a stall", "closed", "429", "moved"],
)
def test_a_figure_that_cannot_be_had_costs_itself_and_not_the_text(server: ArxivServer, fault: Fault) -> None:
    server.fail(Fault(), fault)
    read = figures_of(server, timeout=0.5 if fault is HANG else 30.0)
    assert [each.number for each in read.figures] == ["2"]
    assert read.text.sections


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:1/x.png",
        "//169.254.169.254/x.png",
        "file:///etc/x.png",
        "2606.00011v1/gaze-error.svg",
    ],
)
def test_a_figure_elsewhere_or_of_another_kind_is_not_asked_for(server: ArxivServer, place: str) -> None:
    page = GAZE.html.replace(b"2606.00011v1/gaze-error.png", place.encode())
    server.html["2606.00011v1"] = page
    assert [each.number for each in figures_of(server).figures] == ["2"]
    assert len(server.requests) == 2


# --- what is no paper -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sample", [each for each in samples().values() if each not in READABLE], ids=lambda e: e.name
)
def test_what_was_lost_in_conversion_is_refused(server: ArxivServer, sample: Sample) -> None:
    assert refusal(server, sample.record) == sample.expected["reason"]


def test_a_paper_without_html_is_led_to_its_abstract(server: ArxivServer) -> None:
    assert refusal(server, paper_record(99)) == "missing"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(status=404, body="not found"), "missing"),
        (Fault(status=410, body="withdrawn"), "missing"),
        (Fault(status=403, body="forbidden"), "refused"),
        (Fault(body=""), "not_paper"),
        (Fault(body="<!DOCTYPE html><html><body>arXiv is down for maintenance</body></html>"), "not_paper"),
        (Fault(body="%PDF-1.7", content_type="application/pdf"), "not_paper"),
        (Fault(body='<div class="ltx_document">This is not LaTeXML</div>'), "not_paper"),
        (Fault(body=samples()["tides"].html.decode()), "other_paper"),
        (Fault(body=GAZE.html.decode().replace("00011v1", "00011v2")), "other_paper"),
        (Fault(body=GAZE.latexml), "other_paper"),
        (Fault(body=GAZE.html.decode().replace("Steady Gaze: Eye Contact", "Tea and Cakes")), None),
        (Fault(body=GAZE.html.decode().replace(GAZE.record.title, "Tea with Cakes")), "other_paper"),
        (Fault(body=GAZE.html.decode()[:9_000]), "truncated"),
        (Fault(body=GAZE.html.decode().replace("</html>", "")), "truncated"),
    ],
)
def test_what_is_not_this_paper_is_refused_with_a_reason(
    server: ArxivServer, fault: Fault, reason: str | None
) -> None:
    server.fail(fault)
    if reason is None:
        assert source(server).read(GAZE.record, figures=0).text.sections
    else:
        assert refusal(server) == reason


def test_its_stamp_counts_before_the_links_that_others_put_there(server: ArxivServer) -> None:
    """The paper after it, in a page whose links all name the one that was asked for."""
    page = GAZE.html.replace(b"arXiv:2606.00011v1 [cs.CV]", b"arXiv:2606.00012v1 [cs.CV]")
    server.html["2606.00011v1"] = page
    assert refusal(server) == "other_paper"


@pytest.mark.parametrize("announced", [True, False])
def test_a_page_that_is_too_big_is_not_read_to_its_end(server: ArxivServer, announced: bool) -> None:
    if not announced:
        server.fail(Fault(drip=0.0001))
    assert refusal(server, max_bytes=500) == "too_big"


def test_a_page_that_is_too_deep_is_refused(server: ArxivServer) -> None:
    for levels in (MAX_DEPTH, 5_000, 100_000):
        nested = "<div>" * levels + "deep" + "</div>" * levels
        server.html["2606.00011v1"] = GAZE.html.replace(b"<section", nested.encode() + b"<section", 1)
        assert refusal(server, max_bytes=2_000_000) in {"too_deep", "not_paper"}


def test_an_entity_bomb_is_text() -> None:
    bomb = b'<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
    page = GAZE.html.replace(b"<!DOCTYPE html>", bomb).replace(b"Viewers notice", b"&x;&b; Viewers notice")
    assert "root:" not in whole(read(GAZE, page))


@pytest.mark.parametrize(
    "fault",
    [HANG, CUT, CLOSED, throttled(), throttled(status=503), Fault(drip=0.2)],
    ids=["a stall", "a cut", "closed", "429", "503", "dripping"],
)
def test_what_may_work_later_is_temporary(server: ArxivServer, fault: Fault) -> None:
    server.fail(fault)
    with pytest.raises(TemporaryError):
        source(server, seconds=0.8, timeout=0.5).read(GAZE.record, figures=0)
    assert source(server).read(GAZE.record, figures=0).text.sections


def test_retry_after_is_passed_on(server: ArxivServer) -> None:
    server.fail(throttled("120"))
    with pytest.raises(TemporaryError) as caught:
        source(server).read(GAZE.record, figures=0)
    assert (caught.value.retry_after, caught.value.status) == (120.0, 429)


def test_each_request_waits_for_its_own_turn_at_the_gate(server: ArxivServer) -> None:
    server.fail(Fault(status=301, headers=(("Location", "/html/2606.00011v1"),), body=""))
    turns: list[str] = []

    @contextmanager
    def gate() -> Iterator[None]:
        turns.append("in")
        try:
            yield
        finally:
            turns.append("out")

    assert len(source(server, gate=gate).read(GAZE.record, figures=4).figures) == 2
    assert turns == ["in", "out"] * 4
    assert server.most_open == 1


@pytest.mark.parametrize(
    "place",
    ["http://127.0.0.1:1/html/x", "https://example.org/x", "file:///etc/passwd", "//169.254.169.254/latest"],
)
def test_a_redirect_away_from_arxiv_is_not_followed(server: ArxivServer, place: str) -> None:
    server.fail(Fault(status=302, headers=(("Location", place),), body=""))
    assert refusal(server) == "moved"
    assert len(server.requests) == 1


def test_redirects_end(server: ArxivServer) -> None:
    server.fail(*[Fault(status=302, headers=(("Location", "/html/2606.00011v1"),), body="")] * 9)
    assert refusal(server) == "moved"
    assert len(server.requests) == 4
