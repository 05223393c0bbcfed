"""What a topic found in a week that is over, and under which names a topic was known before."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models

from newsletter.core.digests.weeks import Week


class TopicWeek(models.Model):
    """Written once, when the week is over: a query that changes later does not change what it had found."""

    topic = models.ForeignKey("Topic", on_delete=models.CASCADE, related_name="weeks", db_index=False)
    starts_on = models.DateField()
    """A Monday (UTC): the ISO week in which the papers were first seen."""
    papers = models.JSONField()
    """Ids of papers, best first."""
    count = models.PositiveIntegerField()
    """Of ``papers``."""
    query_key = models.CharField(max_length=16, blank=True)
    """A short checksum of the query that found them, empty for one that was changed in the week: weeks of
    different queries are not compared."""
    trends = models.JSONField(null=True)
    """``core.digests.trends.trends_to_json``; null until they are counted."""
    frozen_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("topic", "starts_on"), name="topic_week_once"),)

    def __str__(self) -> str:
        return f"{self.topic_id} {self.week}"

    @property
    def week(self) -> Week:
        return Week(self.starts_on)


class FormerSlug(models.Model):
    """A name that links and feeds may still use: it leads to the topic's present one."""

    slug = models.SlugField(max_length=80, primary_key=True)
    topic = models.ForeignKey("Topic", on_delete=models.CASCADE, related_name="former_slugs")
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug


def present_slugs(former: Sequence[str]) -> dict[str, str]:
    """Return former slug → present slug, of those that are known."""
    rows = FormerSlug.objects.filter(slug__in=former)
    return dict(rows.values_list("slug", "topic__slug"))
