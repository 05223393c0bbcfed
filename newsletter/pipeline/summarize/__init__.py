"""Each paper is summarised once: ``requests`` says what is wanted, ``generate`` asks, grounds and stores.

``full_text`` and ``figures`` are what is read from a paper. ``store`` says who writes what, so that no two
workers write the same; ``lookup`` says what is shown. ``budget`` counts a day's tokens, ``quotas`` those of a
reader's own topics; ``evaluate`` asks a model and counts what passes.
"""
