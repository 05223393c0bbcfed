"""``newsletter evaluate``: pick a summariser, a model or a prompt by measurement."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.evaluation_table import table
from newsletter.cli.session import Session, command
from newsletter.core.summaries.summary import DetailLevel
from newsletter.errors import BadInput, ConfigurationError, NewsletterError

if TYPE_CHECKING:
    from newsletter.adapters.ports import Summariser
    from newsletter.config import Config
    from newsletter.core.arxiv.papers import PaperRecord
    from newsletter.pipeline.summarize.evaluate import Evaluation

NAMES = ("extractive", "gemini", "genai")


class Choice(click.ParamType[tuple[str, str]]):
    """A summariser and, after a colon, its model."""

    name = "NAME[:MODEL]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, _, model = str(value).partition(":")
        if name not in NAMES:
            self.fail(f"{value!r} is not {', '.join(NAMES)}, or such a name and :MODEL", param, ctx)
        return name, model


class Prices(click.ParamType[tuple[float, float]]):
    """What a million tokens cost: of input, of output."""

    name = "IN,OUT"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        try:
            of_input, of_output = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not two prices of a million tokens, such as 0.30,2.50", param, ctx)
        return of_input, of_output


@click.command()
@click.option(
    "--summariser",
    "chosen",
    type=Choice(),
    multiple=True,
    help="What to measure; several go side by side.  [default: the configured one]",
)
@click.option(
    "--price",
    "prices",
    type=Prices(),
    multiple=True,
    help="Of a million tokens: input, output; one for each --summariser. Without it no cost is given.",
)
@click.option(
    "--papers",
    "file",
    metavar="FILE",
    help="A saved answer of arXiv's API (Atom).  [default: the sample papers]",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N papers.")
@click.option("--language", default="en", show_default=True, help="What to write in: en, zh.")
@click.option(
    "--depth",
    "detail",
    type=click.Choice([detail.value for detail in DetailLevel]),
    default=DetailLevel.TAKEAWAYS.value,
    show_default=True,
    help="reading also reads the papers' full texts at arXiv, with --papers.",
)
@click.option(
    "--save", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Keep the results (JSON)."
)
@click.option(
    "--show", "saved", multiple=True, metavar="FILE", help="Measure nothing: show results that were saved."
)
@command
def evaluate(
    session: Session,
    chosen: tuple[tuple[str, str], ...],
    prices: tuple[tuple[float, float], ...],
    file: str | None,
    limit: int | None,
    language: str,
    detail: str,
    save: Path | None,
    saved: tuple[str, ...],
) -> None:
    """Measure a summariser over a fixed set of papers.

    Prints completeness, claims with and without evidence, tokens, cost and seconds. No summary is kept; the
    tokens count towards the day's cap.

    \b
    newsletter evaluate --summariser gemini:gemini-flash-latest --price 0.30,2.50
    newsletter evaluate --summariser gemini --summariser extractive --papers week.xml --limit 50
    newsletter evaluate --show monday.json --show tuesday.json
    """
    if saved:
        results = [result for path in saved for result in _read(path)]
    else:
        wanted = _wanted(chosen, prices)
        results = _measure(
            session, wanted, file=file, limit=limit, language=language, detail=DetailLevel(detail)
        )
    found = {"evaluations": [result.as_json() for result in results]}
    if save:
        save.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    for line in table(results):
        session.say(line)
    session.finish(found, failed=any(sum(each.failed.values()) == each.papers for each in results))


def _wanted(
    chosen: Sequence[tuple[str, str]], prices: Sequence[tuple[float, float]]
) -> list[tuple[tuple[str, str], tuple[float, float] | None]]:
    from django.conf import settings

    chosen = chosen or [(settings.CONFIG.summariser_name, "")]
    if not prices:
        return [(each, None) for each in chosen]
    if len(prices) != len(chosen):
        given = f"{len(chosen)} --summariser and {len(prices)} --price"
        raise click.UsageError(f"{given}: give one price for each, in the same order, or none")
    return list(zip(chosen, prices, strict=True))


def _measure(
    session: Session,
    wanted: Sequence[tuple[tuple[str, str], tuple[float, float] | None]],
    *,
    file: str | None,
    limit: int | None,
    language: str,
    detail: DetailLevel,
) -> list[Evaluation]:
    from django.conf import settings

    from newsletter.adapters import registry
    from newsletter.pipeline.summarize.evaluate import Price, evaluate
    from newsletter.subscribers.preferences import Preferences

    tag = Preferences.checked(language=language).language
    papers = _papers(file)[:limit]
    summarisers = [_summariser(settings.CONFIG, name, model) for (name, model), _ in wanted]
    # Papers from a file may be made up: arXiv has no text of them.
    texts = registry.full_texts(settings.CONFIG) if file and detail is DetailLevel.READING else None
    results = []
    with session.progress() as progress:
        for ((name, model), price), summariser in zip(wanted, summarisers, strict=True):
            label = f"{name}:{model}" if model else name
            progress.stage(f"measuring {label}", total=len(papers))
            results.append(
                evaluate(
                    label,
                    summariser,
                    papers,
                    language=tag,
                    detail=detail,
                    full_texts=texts,
                    price=Price(input=price[0], output=price[1]) if price else None,
                    on_paper=progress.step,
                )
            )
    return results


def _summariser(config: Config, name: str, model: str) -> Summariser:
    from newsletter.adapters import registry
    from newsletter.pipeline.summarize.budget import DailyBudget

    if name != "extractive" and not config.gemini_api_key:
        raise ConfigurationError(f"GEMINI_API_KEY is needed by --summariser {name}")
    changed = {"summariser": name} | ({"gemini_model": model} if model else {})
    return registry.summariser(
        config.model_copy(update=changed), budget=DailyBudget(daily=config.gemini_daily_tokens)
    )


def _papers(file: str | None) -> list[PaperRecord]:
    """Return the papers to measure, in a fixed order, without withdrawn ones."""
    from django.conf import settings

    from newsletter.adapters.registry import paper_source
    from newsletter.sample.newsroom import LAST_DAY, write_week

    source = paper_source(settings.CONFIG)
    try:
        if file:
            read = source.read_file(file).papers
        else:
            with tempfile.TemporaryDirectory() as folder:
                week, *_ = write_week(Path(folder), last_day=LAST_DAY)
                read = source.read_file(str(week)).papers
    except BadInput as error:  # not a usage error: the file is at fault
        raise NewsletterError(str(error)) from error
    found = [paper for paper in read if not paper.is_withdrawn]
    if not found:
        raise NewsletterError(f"{file}: there is no paper in it")
    return found


def _read(path: str) -> list[Evaluation]:
    from newsletter.pipeline.summarize.evaluate import Evaluation

    try:
        stored = json.loads(Path(path).read_text(encoding="utf-8"))
        return [Evaluation.from_json(each) for each in stored["evaluations"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NewsletterError(f"{path}: these are no results of newsletter evaluate --save") from error
