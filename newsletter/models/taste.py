"""What a subscriber likes, and what is learned from it: feedback, followed authors, profiles.

What the rows hold is computed in ``core/taste``; the stored vectors are its packed form.
"""

from __future__ import annotations

from django.db import models


class Verdict(models.TextChoices):
    LIKE = "like"
    DISLIKE = "dislike"
    NONE = ""
    """Taken back, or only saved."""


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

    subscriber = models.ForeignKey("Subscriber", on_delete=models.CASCADE, related_name="feedback")
    arxiv_id = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField()
    """The version that was shown, or that was current."""
    title = models.TextField()
    abstract = models.TextField()
    verdict = models.CharField(max_length=8, choices=Verdict.choices, blank=True)
    saved_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=8, choices=Source.choices)
    topics = models.JSONField(default=list)
    """Ids of the topics that brought the paper: it counts for each of them, and for the subscriber."""
    delivery = models.ForeignKey("Delivery", null=True, on_delete=models.SET_NULL, related_name="+")
    """The digest whose link was used; the next digest says what it changed."""
    at = models.DateTimeField()
    """Of the last act. A like's weight halves within a year."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("subscriber", "arxiv_id"), name="feedback_once"),
            models.CheckConstraint(condition=models.Q(verdict__in=Verdict.values), name="feedback_verdict"),
            models.CheckConstraint(condition=models.Q(source__in=Source.values), name="feedback_source"),
        )

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.arxiv_id} {self.verdict}"

    @property
    def is_liked(self) -> bool:
        return self.verdict == Verdict.LIKE or (self.saved_at is not None and self.verdict != Verdict.DISLIKE)


IS_LIKED = models.Q(verdict=Verdict.LIKE) | models.Q(verdict=Verdict.NONE, saved_at__isnull=False)
"""``PaperFeedback.is_liked``, for a query."""


class FollowedAuthor(models.Model):
    subscriber = models.ForeignKey("Subscriber", on_delete=models.CASCADE, related_name="followed_authors")
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

    paper = models.ForeignKey("Paper", on_delete=models.CASCADE, related_name="vectors")
    snapshot = models.ForeignKey(TasteSnapshot, on_delete=models.CASCADE, related_name="+")
    version = models.PositiveSmallIntegerField()
    """Of the paper that it was computed from."""
    terms = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("paper", "snapshot"), name="paper_vector_once"),)

    def __str__(self) -> str:
        return f"{self.paper_id} in {self.snapshot_id}"


class TopicMean(models.Model):
    """The mean of a topic's matches of eight weeks: what its likes are compared with."""

    topic = models.ForeignKey("Topic", on_delete=models.CASCADE, related_name="+")
    snapshot = models.ForeignKey(TasteSnapshot, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField()
    terms = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("topic", "snapshot"), name="topic_mean_once"),)

    def __str__(self) -> str:
        return f"{self.topic_id} in {self.snapshot_id}"


class TasteProfile(models.Model):
    """What was learned for one topic of a subscriber, or (without a topic) for all of them."""

    subscriber = models.ForeignKey("Subscriber", on_delete=models.CASCADE, related_name="profiles")
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
    """Lower quartile of its own likes, each scored without itself; null with fewer than four."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("subscriber", "topic"), name="profile_once"),
            models.UniqueConstraint(
                fields=("subscriber",), condition=models.Q(topic=None), name="profile_of_all_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.topic_id or 'all'}"
