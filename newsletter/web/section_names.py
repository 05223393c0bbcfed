"""What the parts and sections of a reading are called on a paper's page."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from newsletter.core.summaries.paper_kinds import PaperKind, Part

CONCLUSION = "conclusion"
"""The last part on a page: what it is good for, its strengths and its limits side by side."""

PARTS = {
    Part.PROBLEM.value: gettext_lazy("Problem"),
    Part.METHOD.value: gettext_lazy("Method"),
    Part.RESULTS.value: gettext_lazy("Results"),
    CONCLUSION: gettext_lazy("Conclusion"),
}
_OWN_PARTS = {
    (PaperKind.DATASET, Part.METHOD): gettext_lazy("How it was made"),
    (PaperKind.DATASET, Part.RESULTS): gettext_lazy("Contents and results"),
    (PaperKind.SURVEY, Part.METHOD): gettext_lazy("What it covers"),
    (PaperKind.SURVEY, Part.RESULTS): gettext_lazy("Findings"),
    (PaperKind.THEORY, Part.METHOD): gettext_lazy("Setting and proof"),
    (PaperKind.POSITION, Part.METHOD): gettext_lazy("Position and arguments"),
    (PaperKind.POSITION, Part.RESULTS): gettext_lazy("Implications"),
    (PaperKind.SYSTEM, Part.METHOD): gettext_lazy("Design"),
    (PaperKind.SYSTEM, Part.RESULTS): gettext_lazy("Evaluation"),
}
"""Where a kind of paper has another word."""

KINDS = {
    PaperKind.METHOD: gettext_lazy("Read as a paper about a method"),
    PaperKind.DATASET: gettext_lazy("Read as a paper about a data set or benchmark"),
    PaperKind.SURVEY: gettext_lazy("Read as a survey"),
    PaperKind.THEORY: gettext_lazy("Read as a paper of theory"),
    PaperKind.POSITION: gettext_lazy("Read as a position paper"),
    PaperKind.SYSTEM: gettext_lazy("Read as a paper about a system"),
}

SECTIONS = {
    "background": gettext_lazy("Background"),
    "earlier_methods": gettext_lazy("Earlier methods and their problems"),
    "earlier_datasets": gettext_lazy("Earlier data and what they lack"),
    "earlier_surveys": gettext_lazy("Earlier surveys and what they leave out"),
    "earlier_results": gettext_lazy("Earlier results and where they stop"),
    "earlier_views": gettext_lazy("Earlier views and the objections to them"),
    "earlier_systems": gettext_lazy("Earlier systems and what they lack"),
    "method": gettext_lazy("Steps"),
    "construction": gettext_lazy("Steps"),
    "design": gettext_lazy("Steps"),
    "proof": gettext_lazy("Steps of the proof"),
    "taxonomy": gettext_lazy("How the field is ordered"),
    "arguments": gettext_lazy("Arguments"),
    "task": gettext_lazy("Task"),
    "data": gettext_lazy("Data"),
    "contents": gettext_lazy("Contents"),
    "scope": gettext_lazy("Scope"),
    "setting": gettext_lazy("Assumptions and definitions"),
    "position": gettext_lazy("Position"),
    "evaluation": gettext_lazy("How it was tested"),
    "performance": gettext_lazy("Performance"),
    "findings": gettext_lazy("Findings"),
    "open_problems": gettext_lazy("Open problems"),
    "results": gettext_lazy("Results"),
    "implications": gettext_lazy("Implications"),
    "significance": gettext_lazy("Significance"),
    "innovation_strengths": gettext_lazy("Innovation: strengths"),
    "innovation_limits": gettext_lazy("Innovation: limits"),
    "performance_strengths": gettext_lazy("Performance: strengths"),
    "performance_limits": gettext_lazy("Performance: limits"),
    "workload_strengths": gettext_lazy("Effort: strengths"),
    "workload_limits": gettext_lazy("Effort: limits"),
    "scope_strengths": gettext_lazy("Scope: strengths"),
    "scope_limits": gettext_lazy("Scope: limits"),
}


def part_on_page(part: Part) -> str:
    return CONCLUSION if part in (Part.ASSESSMENT, Part.LIMITS) else part.value


def part_name(name: str, *, kind: PaperKind) -> str:
    own = _OWN_PARTS.get((kind, Part(name))) if name != CONCLUSION else None
    return str(own or PARTS[name])


def section_name(kind: str) -> str:
    return str(SECTIONS[kind])
