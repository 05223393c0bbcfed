"""Which categories to ask arXiv for: all that public topics need, and a bounded part of private ones.

The operator decides how much of arXiv is gathered; a stranger's topic such as ``all:the`` must not. A private
topic without a category is matched with what is gathered anyway.
"""

from __future__ import annotations

from collections import defaultdict

from newsletter.core.arxiv.categories import ALL_OF_ARXIV, CATEGORIES
from newsletter.core.arxiv.query import categories, covers, parse_stored
from newsletter.models import Topic

MOST_OF_A_READER = 5
"""Categories that one reader's private topics may add, the first in the alphabet if they name more."""
MOST_OF_ALL = 30
"""Categories that all private topics together may add: the most wanted ones. arXiv has 155."""


def wanted_categories() -> frozenset[str]:
    """Return the categories to ask for: all of arXiv's when one of everyone's topics requires none."""
    by_owner = defaultdict[int, set[str]](set)
    needed = set[str]()
    for query, owner in Topic.objects.filter(is_active=True).values_list("query", "owner_id"):
        required = categories(parse_stored(query))
        if owner is not None:
            by_owner[owner] |= required or set()
        elif required is None:
            return frozenset(ALL_OF_ARXIV)
        else:
            needed |= required
    return frozenset(needed | _added(by_owner, needed=needed))


def _added(by_owner: dict[int, set[str]], *, needed: set[str]) -> set[str]:
    subscribers = defaultdict[str, int](int)
    for wanted in by_owner.values():
        for code in sorted(_single(wanted, needed=needed))[:MOST_OF_A_READER]:
            subscribers[code] += 1
    return set(sorted(subscribers, key=lambda code: (-subscribers[code], code))[:MOST_OF_ALL])


def _single(patterns: set[str], *, needed: set[str]) -> set[str]:
    """Return the single categories of these patterns that are not asked for yet; ``cs.*`` is forty."""
    single = {code for code in CATEGORIES for pattern in patterns if covers(pattern, code)}
    return {code for code in single if not any(covers(pattern, code) for pattern in needed)}
