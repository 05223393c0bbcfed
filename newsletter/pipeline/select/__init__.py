"""Which papers a digest shows: ``choose``, from a ``newsstand`` of topics and a ``lookup`` of summaries.

For the hours to come ``nearing`` finds what will be shown and ``ahead`` asks for its summaries. What a topic
offers whom is the same for both: ``eligibility``.
"""
