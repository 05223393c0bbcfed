"""Which papers a digest offers: ``select`` stores a selection, from ``candidates`` by ``eligibility``.

``inputs`` says whether it still stands; ``requests`` asks for the summaries that selections need.
"""
