"""Kinds of papers, and the sections of a complete reading of each kind. A table.

A position paper has no section on performance, a theorem none on data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PaperKind(StrEnum):
    """What a paper mainly contributes."""

    METHOD = "method"
    DATASET = "dataset"
    """A data set or a benchmark."""
    SURVEY = "survey"
    THEORY = "theory"
    POSITION = "position"
    SYSTEM = "system"


class Part(StrEnum):
    """The four headings of a reading in a mail; a paper's page shows every section."""

    PROBLEM = "problem"
    METHOD = "method"
    RESULTS = "results"
    LIMITS = "limits"
    ASSESSMENT = "assessment"
    """On the page only."""


@dataclass(frozen=True, slots=True)
class SectionSpec:
    """One section that a reading must have, if only as "not stated in the paper"."""

    kind: str
    part: Part
    is_steps: bool = False
    """Its claims are steps in order, and are numbered."""


def _strengths_and_limits(*aspects: str) -> tuple[SectionSpec, ...]:
    return tuple(
        SectionSpec(f"{aspect}_{side}", part)
        for aspect in aspects
        for side, part in (("strengths", Part.ASSESSMENT), ("limits", Part.LIMITS))
    )


_SIGNIFICANCE = SectionSpec("significance", Part.ASSESSMENT)
_BACKGROUND = SectionSpec("background", Part.PROBLEM)
_EARLIER = SectionSpec("earlier_methods", Part.PROBLEM)

SECTIONS: dict[PaperKind, tuple[SectionSpec, ...]] = {
    PaperKind.METHOD: (
        _BACKGROUND,
        _EARLIER,
        SectionSpec("method", Part.METHOD, is_steps=True),
        SectionSpec("task", Part.RESULTS),
        SectionSpec("data", Part.RESULTS),
        SectionSpec("performance", Part.RESULTS),
        _SIGNIFICANCE,
        *_strengths_and_limits("innovation", "performance", "workload"),
    ),
    PaperKind.DATASET: (
        _BACKGROUND,
        SectionSpec("earlier_datasets", Part.PROBLEM),
        SectionSpec("construction", Part.METHOD, is_steps=True),
        SectionSpec("contents", Part.RESULTS),
        SectionSpec("performance", Part.RESULTS),
        _SIGNIFICANCE,
        *_strengths_and_limits("innovation", "performance", "workload"),
    ),
    PaperKind.SURVEY: (
        _BACKGROUND,
        SectionSpec("earlier_surveys", Part.PROBLEM),
        SectionSpec("scope", Part.METHOD),
        SectionSpec("taxonomy", Part.METHOD, is_steps=True),
        SectionSpec("findings", Part.RESULTS),
        SectionSpec("open_problems", Part.RESULTS),
        _SIGNIFICANCE,
        *_strengths_and_limits("innovation", "workload"),
    ),
    PaperKind.THEORY: (
        _BACKGROUND,
        SectionSpec("earlier_results", Part.PROBLEM),
        SectionSpec("setting", Part.METHOD),
        SectionSpec("proof", Part.METHOD, is_steps=True),
        SectionSpec("results", Part.RESULTS),
        _SIGNIFICANCE,
        *_strengths_and_limits("innovation", "scope"),
    ),
    PaperKind.POSITION: (
        _BACKGROUND,
        SectionSpec("earlier_views", Part.PROBLEM),
        SectionSpec("position", Part.METHOD),
        SectionSpec("arguments", Part.METHOD, is_steps=True),
        SectionSpec("implications", Part.RESULTS),
        _SIGNIFICANCE,
        *_strengths_and_limits("innovation", "scope"),
    ),
    PaperKind.SYSTEM: (
        _BACKGROUND,
        SectionSpec("earlier_systems", Part.PROBLEM),
        SectionSpec("design", Part.METHOD, is_steps=True),
        SectionSpec("evaluation", Part.RESULTS),
        SectionSpec("performance", Part.RESULTS),
        _SIGNIFICANCE,
        *_strengths_and_limits("innovation", "performance", "workload"),
    ),
}
"""In the order shown."""

SECTION_KINDS = tuple(dict.fromkeys(spec.kind for specs in SECTIONS.values() for spec in specs))
"""Every section of any kind of paper."""

EARLIER = frozenset(
    {"background"} | {spec.kind for specs in SECTIONS.values() for spec in specs if "earlier_" in spec.kind}
)
"""Sections that tell of other people's work."""

_ASPECTS = {
    "innovation": "in what is new",
    "performance": "in how well it works",
    "workload": "in the work done and the effort it takes",
    "scope": "in what it covers",
}
SECTION_MEANINGS: dict[str, str] = {
    "background": "why the question matters",
    "earlier_methods": "what was done before, and what is wrong with it",
    "earlier_datasets": "data that existed before, and what they lack",
    "earlier_surveys": "surveys that existed before, and what they leave out",
    "earlier_results": "what was known before, and where it stops",
    "earlier_views": "what others hold, and what the authors object to",
    "earlier_systems": "systems that existed before, and what they lack",
    "method": "how it works, as steps in order",
    "construction": "how the data were made, as steps in order",
    "taxonomy": "the classes in which the field is ordered",
    "proof": "how the result is shown, as steps in order",
    "arguments": "the reasons given, in order",
    "design": "how the system is built, as steps in order",
    "task": "what is to be done, and how success is measured",
    "data": "what it was trained and tested on",
    "contents": "what the data hold, and how much",
    "scope": "which works are surveyed, and how they were chosen",
    "setting": "the assumptions and definitions",
    "position": "what the authors hold",
    "evaluation": "how it was tested",
    "performance": "how well it does, with figures",
    "findings": "what the survey finds",
    "open_problems": "what remains open",
    "results": "what is shown, with its conditions",
    "implications": "what follows, and what the authors call for",
    "significance": "what it is good for",
    **{f"{aspect}_strengths": f"what is good {where}" for aspect, where in _ASPECTS.items()},
    **{f"{aspect}_limits": f"what is wanting {where}" for aspect, where in _ASPECTS.items()},
}
"""What each section holds, as the prompt says it."""
