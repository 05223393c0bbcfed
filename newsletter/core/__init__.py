"""The rules, pure: values in, values out. No Django, no I/O, no clock, no randomness.

- What arXiv says: ``papers``, ``tex``, ``categories``, ``announcements``, ``links``, ``licences``.
- Topics: ``query`` and ``query_tree``; a query proposed from papers is ``proposal``, ``phrases``,
  ``plain_words`` and ``exclusion``.
- Whose digest holds what, and when: ``cadence``, ``spreading``, ``selection``, ``seen_papers``.
- Summaries: ``reading``, ``kinds``, ``languages``; a model's are asked for by ``prompting``, the authors' own
  sentences chosen by ``extraction`` with ``sentences``, ``cues`` and ``openings``.
- Full text: ``full_text`` and ``figures`` are what was found; ``headings``, ``front_matter`` and ``references``
  tell what words on a page mean.
- Whether a claim may be shown: ``grounding`` judges a draft by the rules of ``receipts``, with ``folding``
  and ``marks``.
- Mails and pages: ``digest``, ``composition``, ``headers``, ``typography``, ``markdown``.
- Sending: ``rates``, ``reputation``, ``returned_mail``, ``redaction``, ``breaker``, ``alarms``,
  ``mailboxes``.
"""
