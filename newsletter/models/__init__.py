"""The database, one aggregate a file. Invariants are database constraints."""

from newsletter.models.delivery import Delivery, DeliveryEvent, SendPause
from newsletter.models.full_text import Figure, FullTextRecord, KeptText
from newsletter.models.gather import ArxivGate, GatherRun
from newsletter.models.key import KeyFingerprint, SuppressionKey
from newsletter.models.monitor import CanaryFlight, Forgotten, Incident
from newsletter.models.notice import DigestNotice
from newsletter.models.page_change import PageChange
from newsletter.models.paper import Match, Paper
from newsletter.models.report import MistakeReport
from newsletter.models.revision import PaperRevision, RevisionAsk
from newsletter.models.selection import Selection
from newsletter.models.sending import SendDay
from newsletter.models.signup import AddressChange, FreshLink, Quota, SignUp
from newsletter.models.subscriber import ConsentEvent, RevokedKey, Subscriber, Subscription, Suppression
from newsletter.models.summary import FragmentRow, Summary, SummaryRequest
from newsletter.models.taste import (
    FollowedAuthor,
    LibraryImport,
    MailedAct,
    PaperFeedback,
    PaperVector,
    TasteProfile,
    TasteSnapshot,
)
from newsletter.models.topic import Topic
from newsletter.models.topic_week import FormerSlug, TopicWeek

__all__ = [
    "AddressChange",
    "ArxivGate",
    "CanaryFlight",
    "ConsentEvent",
    "Delivery",
    "DeliveryEvent",
    "DigestNotice",
    "Figure",
    "FollowedAuthor",
    "Forgotten",
    "FormerSlug",
    "FragmentRow",
    "FreshLink",
    "FullTextRecord",
    "GatherRun",
    "Incident",
    "KeptText",
    "KeyFingerprint",
    "LibraryImport",
    "MailedAct",
    "Match",
    "MistakeReport",
    "PageChange",
    "Paper",
    "PaperFeedback",
    "PaperRevision",
    "PaperVector",
    "Quota",
    "RevisionAsk",
    "RevokedKey",
    "Selection",
    "SendDay",
    "SendPause",
    "SignUp",
    "Subscriber",
    "Subscription",
    "Summary",
    "SummaryRequest",
    "Suppression",
    "SuppressionKey",
    "TasteProfile",
    "TasteSnapshot",
    "Topic",
    "TopicWeek",
]
