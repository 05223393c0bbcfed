"""The rules, pure: values in, values out. No Django, no I/O, no clock, no randomness.

- ``arxiv``: what arXiv says of a paper (ids, TeX, categories, announcements, licences), and topic queries.
- ``summaries``: what is said about a paper: prompts, extracts, claims, and the grounding rules that check
  them.
- ``digests``: what a digest holds, how its text is set, and the bytes of its message.
- ``delivery``: when a digest is due, rate limits, retry policy, and what bounces and complaints mean.
"""
