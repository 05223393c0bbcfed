"""Two papers of our own, printed by ``typesetter``: one as NeurIPS or ACL has them, one as IEEE."""

from __future__ import annotations

from functools import cache

from newsletter.core.arxiv.papers import PaperRecord
from tests.fakes.papers import paper_record
from tests.fakes.typesetter import SOFT, Sheet, chart, photograph

GAZE_URL = "https://gaze.example.org/code"
CITED_URL = "https://cited.example.org/other"


def _soft(text: str) -> str:
    """Mark with ``~`` where a word may be divided."""
    return text.replace("~", SOFT)


def gaze_record() -> PaperRecord:
    return paper_record(
        11,
        title="Steady Gaze: Eye Contact for Talking Heads in Real Time",
        authors=("Ada Lovelace", "Émile Borel", "Grace Hopper"),
    )


def tide_record() -> PaperRecord:
    return paper_record(
        12,
        title="Listening to Tides with a Ring of Cheap Sensors",
        authors=("Mary Anning", "Inge Lehmann"),
        categories=("eess.SP",),
    )


_FILLER = (
    "Each of the recordings lasts ten minutes and shows one speaker in a quiet room, "
    "so that the camera meets "
    "the eyes at the height of the screen. We repeat every measure~ment five times "
    "with other seeds and report the "
    "mean, since single runs differ by more than the gain that a careless reader might take for progress. "
)


@cache
def gaze_pdf() -> bytes:
    """Numbered headings, raised marks of affiliations, a section of related work with one below it."""
    sheet = Sheet(header="Steady Gaze for Talking Heads", stamp="arXiv:2606.00011v1 [cs.CV] 15 Jun 2026")
    sheet.centred("Steady Gaze: Eye Contact for Talking Heads in Real Time", font="VeraBd", size=15, drop=24)
    sheet.centred("Ada Lovelace^{1,2*}   Émile Borel^{2}   Grace Hopper^{3}", size=11, drop=16)
    sheet.centred("^{1}University of Marylebone   ^{2}Institute for Patient Machines, Paris", drop=12)
    sheet.centred("^{3}Harbour Computing Laboratory", drop=12)
    sheet.centred("ada@marylebone.example.edu", drop=16)
    sheet.begin_columns()
    sheet.footnote("^{*}Work done while visiting the harbour.")
    sheet.footnote("^{1}Released under the terms of the second dataset.")
    sheet.heading("Abstract")
    sheet.paragraph(
        _soft(
            "Talking heads look past the person they talk to. We present Steady Gaze, a "
            "training-free method that "
            "corrects the eyes of a rendered head in 4.2 ms a frame. On three bench~marks it "
            "halves the angular "
            "error of the gaze, from 8.4 to 4.1 degrees."
        )
    )
    sheet.heading("1 Introduction")
    for _ in range(3):
        sheet.paragraph(_soft(_FILLER))
    sheet.paragraph(
        _soft(
            "Our efﬁcient correc~tion keeps the identity of the speaker and works for "
            "state-of-the-art avatars. "
            "The work~flow needs no training data^{1} and no camera calibra~tion, and it "
            "reaches 10^{3} frames a "
            "second on one accelera~tor. Correc~tion and calibration share one work~flow."
        )
    )
    sheet.figure(chart, "**Figure 1:** Angular error over time. Lower is better; the band shows five seeds.")
    sheet.heading("2 Related Work")
    sheet.paragraph(_soft("Borel et al. propose to train a second network for the eyes alone. " + _FILLER))
    sheet.heading("2.1 Gaze in Rendering", size=10)
    sheet.paragraph(_soft("Earlier renderers paint the iris after the fact. " + _FILLER * 2))
    sheet.heading("3 Method")
    sheet.paragraph(_soft("We rotate the eyeball about its measured centre. " + _FILLER * 2))
    sheet.heading("3.1 Choosing the Angle", size=10)
    sheet.paragraph(_soft("The angle follows from the position of the viewer. " + _FILLER * 8))
    sheet.figure(photograph, "**Figure 2:** A corrected frame beside the one that was given.")
    sheet.heading("4 Experiments")
    sheet.paragraph(_soft("Steady Gaze lowers the error on all three sets. " + _FILLER * 7))
    sheet.heading("5 Conclusion")
    sheet.paragraph("Eyes can be mended without training. Code and recordings are public:")
    sheet.link("project page", GAZE_URL)
    sheet.heading("References")
    sheet.paragraph(
        "[1] É. Borel and others. Eyes by a second network. In Proceedings of Nothing, 2025.", indent=0
    )
    sheet.link("[2] G. Hopper. Irises, painted late. 2024.", CITED_URL)
    sheet.paragraph("R. Journal of Painted Eyes", font="VeraIt", indent=0)
    sheet.paragraph("[3] A. Lovelace. Machines that look back. 1843.", indent=0)
    sheet.heading("A Further Recordings")
    sheet.paragraph(_soft("The appendix lists what else was recorded. " + _FILLER * 3))
    return sheet.finish()


@cache
def tide_pdf() -> bytes:
    """Headings in capitals with Roman numerals, blocks of affiliations, openings in bold."""
    sheet = Sheet(header="JOURNAL OF INVENTED MEASUREMENTS, JUNE 2026")
    sheet.centred("Listening to Tides with a Ring of Cheap Sensors", size=18, drop=30)
    sheet.centred("Mary Anning", size=11, drop=12)
    sheet.centred("Department of Shore Studies", font="VeraIt", drop=11)
    sheet.centred("Lyme College, Lyme Regis", font="VeraIt", drop=11)
    sheet.centred("mary@lyme.example.edu", drop=14)
    sheet.centred("Inge Lehmann", size=11, drop=12)
    sheet.centred("Observatory of the Inner Sea, Copenhagen", font="VeraIt", drop=11)
    sheet.begin_columns()
    sheet.paragraph(
        _soft(
            "**Abstract—**We measure tides with a ring of twelve pressure sensors that cost "
            "less than a dinner. The "
            "ring agrees with the harbour gauge to 2.1 cm over a year and needs no "
            "calibra~tion after the first week."
        )
    )
    sheet.paragraph("**Index Terms—**tides, low-cost sensing, pressure sensors, long-term deployment.")
    sheet.heading("I. INTRODUCTION", font="Vera", size=9)
    sheet.paragraph(_soft("Tides are measured where harbours are. " + _FILLER * 2))
    sheet.paragraph(
        _soft("**Related work.** Lehmann et al. sink one heavy gauge a harbour and trust it. " + _FILLER)
    )
    sheet.paragraph(_soft("**Contributions.** We show that twelve light gauges are better. " + _FILLER))
    sheet.heading("II. THE RING", font="Vera", size=9)
    sheet.paragraph(_soft("Twelve sensors stand on a circle of forty metres. " + _FILLER * 3))
    sheet.figure(photograph, "Fig. 1. The ring before it was sunk, seen from the pier.")
    sheet.heading("A. Electronics", font="VeraIt", size=9)
    sheet.paragraph(_soft("Each sensor wakes once a minute. " + _FILLER * 2))
    sheet.heading("III. RESULTS", font="Vera", size=9)
    sheet.paragraph(_soft("The ring and the gauge differ by 2.1 cm. " + _FILLER * 18))
    sheet.heading("IV. CONCLUSION", font="Vera", size=9)
    sheet.paragraph(_soft("A ring of cheap sensors is enough. " + _FILLER * 4))
    sheet.heading("REFERENCES", font="Vera", size=9)
    sheet.paragraph("[1] I. Lehmann. One heavy gauge. 1936.", indent=0)
    return sheet.finish()
