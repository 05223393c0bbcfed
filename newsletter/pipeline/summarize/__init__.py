"""Each paper is summarised once: ``requests`` says what is wanted, ``generate`` asks, grounds and stores.

``full_text`` and ``figures`` are what is read from a paper, ``store`` says who writes what and
``row_lease`` keeps two workers from writing the same, ``budget`` counts a day's tokens, ``evaluate`` asks a
model and counts what passes.
"""
