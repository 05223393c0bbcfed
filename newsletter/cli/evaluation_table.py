"""The results of ``newsletter evaluate``, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.pipeline.summarize.evaluate import Evaluation


def table(results: Sequence[Evaluation]) -> list[str]:
    """Return the results side by side, a line a measure."""
    reasons = dict.fromkeys(reason for each in results for reason in each.withheld)
    failures = dict.fromkeys(reason for each in results for reason in each.failed)
    measures: list[tuple[str, Callable[[Evaluation], str]]] = [
        ("", lambda each: each.summariser),
        ("model", lambda each: each.model),
        ("prompt", lambda each: each.prompt_version),
        ("written in", lambda each: f"{each.language}, {each.detail}"),
        ("papers", lambda each: str(each.papers)),
        ("complete", lambda each: _share(each.complete, each.papers)),
        ("shallower than asked", lambda each: str(each.shallower)),
        ("headline refused", lambda each: str(each.refused)),
        ("no answer", lambda each: str(sum(each.failed.values()))),
        *((f"  {name}", _counted(name, "failed")) for name in failures),
        (
            "claims with evidence",
            lambda each: _share(each.claims_shown, each.claims_shown + each.claims_withheld),
        ),
        ("claims withheld", lambda each: str(each.claims_withheld)),
        *((f"  {name}", _counted(name, "withheld")) for name in reasons),
        ("tokens in", lambda each: f"{each.input_tokens:,}"),
        ("tokens out", lambda each: f"{each.output_tokens:,}"),
        ("cost", lambda each: "no price given" if each.cost is None else f"{each.cost:.4f}"),
        ("seconds in all", lambda each: f"{each.seconds:.1f}"),
        ("seconds a paper", lambda each: f"{each.seconds_a_paper:.2f}"),
    ]
    rows = [[name, *(value(each) for each in results)] for name, value in measures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _counted(reason: str, what: str) -> Callable[[Evaluation], str]:
    return lambda each: str(getattr(each, what).get(reason, 0))


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "none"
