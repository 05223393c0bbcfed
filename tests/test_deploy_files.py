"""The alert rules and the dashboard in ``deploy``: what they name exists, and each alert is raised."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from newsletter.models import CanaryFlight, DeliveryEvent, GatherRun, Incident, SendPause
from newsletter.models.delivery import Cause, State
from newsletter.pipeline.monitor.checks import CHECKS
from tests.pipeline.deliveries import digest

ROOT = Path(__file__).parent.parent
ALERTS, DASHBOARD = ROOT / "deploy" / "alerts.yml", ROOT / "deploy" / "grafana-dashboard.json"
RUNBOOK = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
METRIC = re.compile(r"\b(newsletter_\w+)(?:\{([^}]*)\})?")
LABEL = re.compile(r'(\w+)=~?"([^"]*)"')
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian's package prometheus)"
)


def rules() -> list[dict[str, Any]]:
    found = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))
    return [rule for group in found["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return found


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


@pytest.fixture
def scraped(client: Any, settings: Settings) -> dict[str, list[dict[str, str]]]:
    """Metric → the labels of each of its samples, of a service in which everything happens."""
    settings.CONFIG = settings.CONFIG.model_copy(update={"send_daily": 100})
    now = timezone.now()
    row = digest(state=State.ACCEPTED, outcome_at=now)
    DeliveryEvent.objects.create(provider="smtp", dedupe_key="1", delivery=row, kind="delivered", at=now)
    GatherRun.objects.create(started_at=now, query="cat:cs.CV", received=1)
    CanaryFlight.objects.create(day=now.date(), started_at=now, judged_at=now)
    Incident.objects.create(name="mails-waiting", detail="", opened_at=now)
    SendPause.objects.create(transport="*", reason="a test", since=now, cause=Cause.OPERATOR)
    text = client.get("/metrics").content.decode()
    families = text_string_to_metric_families(text)
    samples = [sample for family in families for sample in family.samples]
    found: dict[str, list[dict[str, str]]] = {}
    for sample in samples:
        found.setdefault(sample.name, []).append(sample.labels)
    return found


@pytest.mark.django_db
def test_every_metric_and_label_that_is_named_exists(scraped: dict[str, list[dict[str, str]]]) -> None:
    named = [match for expression in expressions() for match in METRIC.finditer(expression)]
    assert len(named) > 30
    for match in named:
        name, selector = match.groups()
        assert name in scraped, f"{name} is not in /metrics"
        for label, pattern in LABEL.findall(selector or ""):
            values = {labels.get(label) for labels in scraped[name]}
            assert set(pattern.split("|")) <= values, f"{name} has no {label} {pattern}: {values}"
    # A legend or a text may name a label, too.
    for panel in panels():
        for target in panel["targets"]:
            for label in re.findall(r"\{\{\s*(\w+)\s*\}\}", target["legendFormat"]):
                [metric, *_] = METRIC.findall(target["expr"])
                assert label in scraped[metric[0]][0], f"{metric[0]} has no label {label}"


@pytest.mark.django_db
def test_every_metric_is_on_the_dashboard(scraped: dict[str, list[dict[str, str]]]) -> None:
    shown = {match[1] for panel in panels() for t in panel["targets"] for match in METRIC.finditer(t["expr"])}
    assert {name for name in scraped if name.startswith("newsletter_")} == shown


def anchors() -> set[str]:
    headings = re.findall(r"^#+ (.+)$", RUNBOOK, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_alert_and_every_incident_has_its_runbook() -> None:
    for rule in rules():
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/operating.md"
        assert anchor in anchors(), anchor
    for check in CHECKS:
        assert re.search(rf"^\| `{check.name}` \| .+ \| .+ \|$", RUNBOOK, re.MULTILINE), check.name


def test_panels_do_not_overlap_and_have_names_of_their_own() -> None:
    places = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels()
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
    assert len({panel["id"] for panel in panels()}) == len(panels())


# --- promtool --------------------------------------------------------------------------------------------

WELL = {
    'up{job="newsletter"}': 1,
    "newsletter_oldest_due_seconds": 60,
    'newsletter_queue{transport="smtp",what="digests"}': 5,
    "newsletter_last_accepted_seconds": 30,
    "newsletter_send_pauses": 0,
    "newsletter_ambiguous_unsettled": 1,
    "newsletter_reports_unapplied": 0,
    'newsletter_reports_recent{kind="delivered"}': 5000,
    'newsletter_reports_recent{kind="hard_bounce"}': 20,
    'newsletter_reports_recent{kind="soft_bounce"}': 20,
    'newsletter_reports_recent{kind="complaint"}': 2,
    "newsletter_day_left_mails": 100,
    "newsletter_model_tokens_limit": 2_000_000,
    "newsletter_model_tokens_used": 10_000,
}
ILL: dict[str, dict[str, float | None]] = {
    "NewsletterDown": {'up{job="newsletter"}': 0},
    "NewsletterNotWatched": {"newsletter_oldest_due_seconds": None},
    "NewsletterIncident": {'newsletter_incident{name="mails-waiting"}': 1},
    "NewsletterNobodyJudges": {"newsletter_oldest_due_seconds": 11_000},
    "NewsletterPaused": {'newsletter_paused{transport="smtp",cause="refused"}': 1},
    "NewsletterNothingAccepted": {"newsletter_last_accepted_seconds": 8_000},
    "NewsletterAmbiguous": {"newsletter_ambiguous_unsettled": 30},
    "NewsletterReportsUnapplied": {"newsletter_reports_unapplied": 3},
    "NewsletterBounces": {'newsletter_reports_recent{kind="hard_bounce"}': 200},
    "NewsletterComplaints": {'newsletter_reports_recent{kind="complaint"}': 5},
    "NewsletterDayUsedUp": {"newsletter_day_left_mails": 0},
    "NewsletterTokensUsedUp": {"newsletter_model_tokens_used": 1_990_000},
}
EXCUSED: dict[str, dict[str, float | None]] = {
    "late, and an incident tells of it": {
        "newsletter_oldest_due_seconds": 11_000,
        'newsletter_incident{name="slots-unplanned"}': 1,
    },
    "nothing accepted, since sending is paused": {
        "newsletter_last_accepted_seconds": 8_000,
        "newsletter_send_pauses": 1,
    },
    "nothing accepted, since there is nothing to send": {
        "newsletter_last_accepted_seconds": 8_000,
        'newsletter_queue{transport="smtp",what="digests"}': 0,
    },
}


def promtool(*words: str | Path) -> str:
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_promtool
def test_promtool_accepts_the_rules_and_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    assert f"{len(rules())} rules found" in promtool("check", "rules", ALERTS)
    recorded = [{"record": f"panel:{n}", "expr": expression} for n, expression in enumerate(expressions())]
    (tmp_path / "all.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": recorded}]}))
    promtool("check", "rules", tmp_path / "all.yml")


def case(name: str, changes: dict[str, float | None], *, expected: set[str]) -> dict[str, Any]:
    """Return promtool's test of 13 hours of these values: at the end exactly these alerts are raised."""
    values = {series: value for series, value in (WELL | changes).items() if value is not None}
    quiet = [rule["alert"] for rule in rules() if rule["alert"] not in expected]
    return {
        "name": name,
        "interval": "5m",
        "input_series": [{"series": series, "values": f"{value}x156"} for series, value in values.items()],
        "alert_rule_test": [{"eval_time": "13h", "alertname": each, "exp_alerts": []} for each in quiet],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{each}",alertstate="firing"}})',
                "eval_time": "13h",
                "exp_samples": [{"labels": "{}", "value": 1}],
            }
            for each in sorted(expected)
        ],
    }


@needs_promtool
def test_each_alert_is_raised_by_its_cause_and_by_nothing_else(tmp_path: Path) -> None:
    cases = [case("all is well", {}, expected=set())]
    cases += [case(alert, changes, expected={alert}) for alert, changes in ILL.items()]
    for name, changes in EXCUSED.items():
        cases.append(case(name, changes, expected={"NewsletterIncident"} if "incident" in name else set()))
    content = {"rule_files": [str(ALERTS)], "evaluation_interval": "5m", "tests": cases}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(content))
    promtool("test", "rules", tmp_path / "test.yml")


def test_every_alert_has_its_case() -> None:
    assert {rule["alert"] for rule in rules()} == set(ILL)
