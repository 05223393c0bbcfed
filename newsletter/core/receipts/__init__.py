"""What it takes for one claim to rest on its quotes. ``checks`` is the list of rules, in order.

- A quote is found by ``sources``; ``injections`` are words of a paper that are meant for models.
- Numbers: ``quantities`` with ``units``, ``numerals`` and ``bounds``, ``roles`` (from, to or by it?),
  ``numbering`` and ``ownership`` (of what is it the number?).
- Sense: ``polarity``, ``contrasts``, ``comparing``, ``exchanges``, ``wording``.
- Subject: ``subjects``, ``topics`` (is it about this at all?), ``others`` (whose work is it?).
- Words: ``words``, ``bilingual``.
- ``stated`` judges what a paper is said not to state.
"""
