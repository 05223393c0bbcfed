"""The form with which an operator adds one reader and vouches for their consent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone

from newsletter.audience.topics import public_topics
from newsletter.core.delivery.cadence import ALLOWED
from newsletter.core.summaries.summary import DetailLevel
from newsletter.errors import NewsletterError
from newsletter.languages import INTERFACE_LANGUAGES
from newsletter.models import Subscriber, Topic
from newsletter.models.subscriber import MAX_SUBSCRIBER_NAME

if TYPE_CHECKING:
    TopicsField = forms.ModelMultipleChoiceField[Topic]
else:
    TopicsField = forms.ModelMultipleChoiceField


class TopicChoice(TopicsField):
    def label_from_instance(self, obj: Topic) -> str:
        return f"{obj.group}: {obj.name}" if obj.group else obj.name


class AddSubscriberForm(forms.Form):
    """Checked and saved by the command line's function; its errors are shown as they are."""

    email = forms.CharField(max_length=254, label="Address")
    name = forms.CharField(
        max_length=MAX_SUBSCRIBER_NAME,
        required=False,
        help_text="What you call this reader; no mail shows it.",
    )
    consent_source = forms.CharField(
        max_length=200, help_text="Where and when this reader agreed to get mail; kept as the record of it."
    )
    topics = TopicChoice(queryset=Topic.objects.none(), widget=forms.CheckboxSelectMultiple)
    cadence = forms.CharField(initial="weekly:mon", help_text=ALLOWED)
    at = forms.CharField(initial="08:00", help_text="Local time, HH:MM.")
    timezone = forms.CharField(initial="UTC", help_text="An IANA name such as Europe/Berlin.")
    language = forms.CharField(
        initial="en",
        help_text=f"{', '.join(INTERFACE_LANGUAGES)}, or one of the setting NEWSLETTER_LANGUAGES.",
    )
    depth = forms.ChoiceField(
        choices=[(depth.value, depth.value) for depth in DetailLevel], initial="takeaways"
    )
    max_papers = forms.IntegerField(min_value=1, max_value=50, initial=10)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        topics = self.fields["topics"]
        assert isinstance(topics, TopicChoice)  # noqa: S101 - for the type checker
        topics.queryset = public_topics()

    def save(self) -> Subscriber | None:
        """Add the reader; None when that was refused, with the reason among the errors."""
        # Imported late: Django imports this module at every start, and these imports are slow.
        from newsletter.subscribers.add import add_by_operator
        from newsletter.subscribers.preferences import Preferences

        given = dict(self.cleaned_data)
        email, name, topics, source = (
            given.pop(key) for key in ("email", "name", "topics", "consent_source")
        )
        try:
            return add_by_operator(
                email,
                topics=[topic.slug for topic in topics],
                preferences=Preferences.checked(**given),
                source=source,
                now=timezone.now(),
                name=name,
            )
        except NewsletterError as error:
            self.add_error(None, str(error))
            return None
