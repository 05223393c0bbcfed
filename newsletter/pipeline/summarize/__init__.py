"""Each paper is summarised once: ``generate`` asks a model, grounds and stores what ``store`` says is open.

``store`` also sees to it that no two workers write the same; ``lookup`` says what is shown. ``full_text`` and
``figures`` are what is read from a paper. ``budget`` counts a day's tokens, ``quotas`` those of a
reader's own topics; ``evaluate`` asks a model and counts what passes.
"""
