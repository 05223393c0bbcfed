"""A paper as arXiv describes it, and which topics it matched."""

from __future__ import annotations

from datetime import datetime

from django.core.validators import MaxLengthValidator, MinValueValidator
from django.db import models

from newsletter.core.arxiv.papers import PaperRecord


class Paper(models.Model):
    """One row an arXiv id; a new version updates it and never makes it new again."""

    arxiv_id = models.CharField(max_length=40, unique=True)
    version = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    # Validators are asked before saving (``models.limits``), not by the database.
    title = models.TextField(validators=[MaxLengthValidator(2_000)])
    abstract = models.TextField(validators=[MaxLengthValidator(50_000)])
    authors = models.JSONField()
    """A list of names, as printed."""
    primary_category = models.CharField(max_length=40)
    categories = models.JSONField()
    """A list of codes, the primary one first."""
    comment = models.TextField(blank=True, validators=[MaxLengthValidator(10_000)])
    journal_ref = models.TextField(blank=True, validators=[MaxLengthValidator(2_000)])
    doi = models.CharField(max_length=255, blank=True)
    is_withdrawn = models.BooleanField(default=False)
    published_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    first_seen_at = models.DateTimeField(db_index=True)
    """When this service first had it; set once."""
    matched_at = models.DateTimeField(null=True, db_index=True)
    """Null: new or changed, and not yet compared with the topics."""
    state_asked_at = models.DateTimeField(null=True)
    """When arXiv was last asked what has become of it (``pipeline/revisions.py``)."""

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(version__gte=1), name="paper_version_from_1"),
        )

    def __str__(self) -> str:
        return f"{self.arxiv_id}v{self.version}"

    @property
    def record(self) -> PaperRecord:
        return PaperRecord(
            arxiv_id=self.arxiv_id,
            version=self.version,
            title=self.title,
            abstract=self.abstract,
            authors=tuple(self.authors),
            primary_category=self.primary_category,
            categories=tuple(self.categories),
            published_at=self.published_at,
            updated_at=self.updated_at,
            comment=self.comment,
            journal_ref=self.journal_ref,
            doi=self.doi,
            is_withdrawn=self.is_withdrawn,
        )

    @classmethod
    def from_record(cls, record: PaperRecord, *, first_seen_at: datetime) -> Paper:
        return cls(**record_fields(record), arxiv_id=record.arxiv_id, first_seen_at=first_seen_at)


def record_fields(record: PaperRecord) -> dict[str, object]:
    """Return the columns that a new version replaces."""
    return {
        "version": record.version,
        "title": record.title,
        "abstract": record.abstract,
        "authors": list(record.authors),
        "primary_category": record.primary_category,
        "categories": list(record.categories),
        "comment": record.comment,
        "journal_ref": record.journal_ref,
        "doi": record.doi,
        "is_withdrawn": record.is_withdrawn,
        "published_at": record.published_at,
        "updated_at": record.updated_at,
        "matched_at": None,
    }


class Match(models.Model):
    topic = models.ForeignKey("Topic", on_delete=models.CASCADE, related_name="matches", db_index=False)
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="matches")
    score = models.FloatField()
    """Orders the papers of one topic; scores of different topics are not comparable."""
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("topic", "paper"), name="match_once"),)

    def __str__(self) -> str:
        return f"{self.topic_id}: {self.paper_id}"
