"""The rules, pure: values in, values out. No Django, no I/O, no clock, no randomness.

- ``arxiv``: papers, ids, queries, announcements, TeX, full texts, licences.
- ``summaries``: claims and the quotes that carry them, extracts, what a model is asked.
- ``digests``: what a digest holds, and the bytes of its message.
- ``delivery``: when a digest is due, how fast it is sent, what a provider's answer or report means.
"""
