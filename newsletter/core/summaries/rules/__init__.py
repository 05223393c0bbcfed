"""The grounding rules: whether one claim is supported by its quotes. ``checks`` lists them in order.

- A quote is found by ``sources``; ``injections`` are words for models, or orders to readers.
- Plain text: ``disguises`` (homoglyphs, emoji, placeholders), ``expansions`` of acronyms.
- Numbers: ``quantities`` with ``units``, ``numerals`` and ``bounds``, ``roles`` (from, to or by it?).
- Sense: ``polarity``, ``affixes``, ``contrasts``, ``comparing``, ``exchanges``, ``wording``, ``subjects``.
- Words: ``words``, ``bilingual``.
- ``stated`` judges what a paper is said not to state.
"""
