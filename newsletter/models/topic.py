"""A topic: a name, and a query in arXiv's query language."""

from __future__ import annotations

from django.db import models


class Topic(models.Model):
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    names = models.JSONField(default=dict, blank=True)
    """Language code → name, for languages other than the service's own."""
    group = models.CharField(max_length=80, blank=True)
    """The heading it stands under at sign-up."""
    group_names = models.JSONField(default=dict, blank=True)
    query = models.CharField(max_length=1000)
    owner = models.ForeignKey(
        "Subscriber", null=True, blank=True, on_delete=models.CASCADE, related_name="private_topics"
    )
    """The only reader who sees it; null for everyone's."""
    is_active = models.BooleanField(default=True)
    looks_back = models.BooleanField(default=True)
    """Added or changed, and not yet matched with the papers of the look-back."""
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("group", "name")
        constraints = (
            models.CheckConstraint(condition=~models.Q(query=""), name="topic_has_a_query"),
            models.CheckConstraint(condition=~models.Q(name=""), name="topic_has_a_name"),
        )

    def __str__(self) -> str:
        return self.slug

    def name_in(self, language: str) -> str:
        return str(self.names.get(language) or self.name)

    def group_in(self, language: str) -> str:
        return str(self.group_names.get(language) or self.group)
