"""Each paper is summarised once: ``summarize`` asks, grounds and stores.

``full_text`` and ``figures`` are what is read from a paper, ``summary_rows`` says who writes what and
``row_claims`` keeps two workers from writing the same, ``budget`` counts a day's tokens, ``evaluate`` asks a
model and counts what passes.
"""
