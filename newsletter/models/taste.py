"""What a subscriber likes, and what is learned from it: feedback, followed authors, profiles.

What the rows hold is computed in ``core/taste``; the stored vectors are its packed form.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from newsletter.core.arxiv.papers import PaperRecord

LONGEST_NOTE = 500


class Verdict(models.TextChoices):
    LIKE = "like"
    DISLIKE = "dislike"
    NONE = ""
    """Taken back, or only saved."""


class Act(models.TextChoices):
    """What a link of a digest does; the last part of its path."""

    SAVE = "save"
    MORE = "more"
    LESS = "less"


class Source(models.TextChoices):
    """Where an act came from. A why line names a paper only if it came from a digest or a page of ours."""

    DIGEST = "digest"
    PAGE = "page"
    OPERATOR = "operator"
    IMPORT = "import"


class PaperFeedback(models.Model):
    """What a subscriber made of one paper: the last verdict counts, and it may be saved besides.

    A saved paper counts as liked unless it is disliked. The texts are kept here, because a profile is always
    learned from them and papers are pruned.
    """

    subscriber = models.ForeignKey(
        "Subscriber", on_delete=models.CASCADE, related_name="feedback", db_index=False
    )
    arxiv_id = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField()
    """The version that was shown, or that was current."""
    title = models.TextField()
    abstract = models.TextField()
    authors = models.JSONField(default=list)
    """A list of names, as printed."""
    categories = models.JSONField(default=list)
    """A list of codes, the primary one first."""
    published_at = models.DateTimeField()
    verdict = models.CharField(max_length=8, choices=Verdict.choices, blank=True)
    saved_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=8, choices=Source.choices)
    topics = models.JSONField(default=list)
    """Ids of the topics that brought the paper: it counts for each of them, and for the subscriber."""
    delivery = models.ForeignKey("Delivery", null=True, on_delete=models.SET_NULL, related_name="+")
    """The digest whose link was used; the next digest says what it changed."""
    at = models.DateTimeField()
    """Of the last act. A like's weight halves within a year."""
    note = models.CharField(max_length=LONGEST_NOTE, blank=True)
    """The subscriber's own words, for nobody else."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("subscriber", "arxiv_id"), name="feedback_once"),
            models.CheckConstraint(condition=models.Q(verdict__in=Verdict.values), name="feedback_verdict"),
            models.CheckConstraint(condition=models.Q(source__in=Source.values), name="feedback_source"),
        )
        indexes = (
            models.Index(
                fields=("subscriber", "at"),
                condition=models.Q(delivery__isnull=False),
                name="feedback_by_link",
            ),
        )

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.arxiv_id} {self.verdict}"

    @property
    def is_liked(self) -> bool:
        return self.verdict == Verdict.LIKE or (self.saved_at is not None and self.verdict != Verdict.DISLIKE)

    @property
    def record(self) -> PaperRecord:
        """Return the paper as it was kept; what was not kept is empty."""
        return PaperRecord(
            arxiv_id=self.arxiv_id,
            version=self.version,
            title=self.title,
            abstract=self.abstract,
            authors=tuple(self.authors),
            primary_category=next(iter(self.categories), ""),
            categories=tuple(self.categories),
            published_at=self.published_at,
            updated_at=self.published_at,
        )

    def keep_texts(self, paper: PaperRecord) -> None:
        self.version, self.published_at = paper.version, paper.published_at
        self.title, self.abstract = paper.title, paper.abstract
        self.authors, self.categories = list(paper.authors), list(paper.categories)

    @property
    def standing(self) -> dict[str, Any]:
        """Return what the subscriber made of the paper, as a JSON value."""
        return {
            "verdict": self.verdict,
            "saved_at": self.saved_at.isoformat() if self.saved_at else None,
            "source": self.source,
            "topics": self.topics,
            "delivery": str(self.delivery_id) if self.delivery_id else None,
            "at": self.at.isoformat(),
        }

    @standing.setter
    def standing(self, value: dict[str, Any]) -> None:
        self.verdict, self.source, self.topics = value["verdict"], value["source"], value["topics"]
        self.saved_at = datetime.fromisoformat(value["saved_at"]) if value["saved_at"] else None
        self.delivery_id = UUID(value["delivery"]) if value["delivery"] else None
        self.at = datetime.fromisoformat(value["at"])


class MailedAct(models.Model):
    """The last time that a link of a digest was used, kept for as long as it works.

    To undo the act, and to tell a reader from a program that tries every link.
    """

    subscriber = models.ForeignKey("Subscriber", on_delete=models.CASCADE, related_name="mailed_acts")
    delivery = models.ForeignKey(
        "Delivery", on_delete=models.CASCADE, related_name="feedback_acts", db_index=False
    )
    arxiv_id = models.CharField(max_length=40)
    act = models.CharField(max_length=4, choices=Act.choices)
    at = models.DateTimeField()
    before = models.JSONField(null=True)
    """What the subscriber had made of the paper until then (``PaperFeedback.standing``); null: nothing."""
    is_ignored = models.BooleanField(default=False)
    """Taken for a program's, and not done, or undone at once."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("delivery", "arxiv_id", "act"), name="mailed_act_once"),
            models.CheckConstraint(condition=models.Q(act__in=Act.values), name="mailed_act_is_known"),
        )
        indexes = (models.Index(fields=("at",), name="mailed_act_at"),)

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.arxiv_id} {self.act}"


class LibraryImport(models.Model):
    """A library that a subscriber brought and has not kept yet: what was found of it, and what is sought."""

    subscriber = models.OneToOneField("Subscriber", on_delete=models.CASCADE, related_name="library_import")
    name = models.CharField(max_length=120)
    """Where it came from: a file's name, ``ORCID 0000-0002-1825-0097``."""
    started_at = models.DateTimeField()
    found = models.JSONField(default=list)
    """Papers (``subscribers/taste/imports.py``), in the order of the library."""
    sought = models.JSONField(default=list)
    """Entries still to be looked up."""
    missing = models.JSONField(default=list)
    """(entry, reason) of what was not found."""
    problems = models.JSONField(default=list)
    """A line for each entry that could not be read."""
    tries = models.PositiveSmallIntegerField(default=0)
    """How often arXiv failed to answer."""
    leased_until = models.DateTimeField(null=True)
    """Real time: a worker is looking."""

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.name}"


IS_LIKED = models.Q(verdict=Verdict.LIKE) | models.Q(verdict=Verdict.NONE, saved_at__isnull=False)
"""``PaperFeedback.is_liked``, for a query."""


class FollowedAuthor(models.Model):
    subscriber = models.ForeignKey(
        "Subscriber", on_delete=models.CASCADE, related_name="followed_authors", db_index=False
    )
    name = models.CharField(max_length=120)
    """As the subscriber wrote it."""
    name_key = models.CharField(max_length=120)
    """Folded (``core/taste/authors.py``), so that one spelling is followed once."""
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("subscriber", "name_key"), name="followed_author_once"),
        )

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.name}"


class TasteSnapshot(models.Model):
    """Vocabulary and document counts of some weeks; vectors and profiles are comparable within one."""

    made_at = models.DateTimeField(unique=True)
    papers = models.PositiveIntegerField()
    """How many were counted."""
    content = models.BinaryField()
    """``core/taste/snapshot.py``: the packed form."""

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d}"


class PaperVector(models.Model):
    """A paper's terms in one snapshot, computed once."""

    paper = models.ForeignKey("Paper", on_delete=models.CASCADE, related_name="vectors", db_index=False)
    snapshot = models.ForeignKey(TasteSnapshot, on_delete=models.CASCADE, related_name="+")
    version = models.PositiveSmallIntegerField()
    """Of the paper that it was computed from."""
    terms = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("paper", "snapshot"), name="paper_vector_once"),)

    def __str__(self) -> str:
        return f"{self.paper_id} in {self.snapshot_id}"


class TasteProfile(models.Model):
    """What was learned for one topic of a subscriber, or (without a topic) for all of them."""

    subscriber = models.ForeignKey(
        "Subscriber", on_delete=models.CASCADE, related_name="profiles", db_index=False
    )
    topic = models.ForeignKey("Topic", null=True, on_delete=models.CASCADE, related_name="+")
    snapshot = models.ForeignKey(TasteSnapshot, on_delete=models.CASCADE, related_name="+")
    taste_version = models.PositiveIntegerField()
    """``Subscriber.taste_version`` that it was learned at: outdated when that has moved."""
    likes = models.FloatField()
    """n, by weight."""
    terms = models.BinaryField()
    mean = models.FloatField(default=0.0)
    """Of its scores over the papers of eight weeks, as is the deviation: what z is measured by."""
    deviation = models.FloatField(default=1.0)
    exemplars = models.JSONField(default=list)
    """The last papers kept or disliked, each with its strongest terms: what a why line is made from.
    ``pipeline/select/profiles.py`` has their form; only the profile without a topic has them."""
    near_threshold = models.FloatField(null=True)
    """Median of its own likes, each scored without itself; null with fewer than four."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("subscriber", "topic"), name="profile_once"),
            models.UniqueConstraint(
                fields=("subscriber",), condition=models.Q(topic=None), name="profile_of_all_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.topic_id or 'all'}"
