"""The I/O edge: one outside thing a file. No type or exception of a package leaves the layer.

``ports`` has the protocols and the values they exchange; ``registry`` alone chooses.

- arXiv, behind ``gate``: ``api`` and ``feed``, ``full_text``, ``oai``, all over ``http``.
- Full text: ``full_text`` fetches a page and tells whether it is the paper; ``html_paper`` reads it, by
  ``html_parts``, ``html_front`` and ``html_text``; ``figure_images`` and ``figure_store`` keep its figures.
- Models: ``model_calls`` with ``gemini`` or ``genai``, behind ``model_gate``; without one, ``extractive``.
- Topics: ``topic_index``, ``topic_spans``.
- Mail: ``mjml_compiler``; ``outbox``, ``smtp_mail`` (``smtp_url``, ``smtp_dialogue``, ``smtp_answers``,
  ``dkim_signing``), ``sendgrid_mail`` (``sendgrid_http``, ``sendgrid_answer``, ``sendgrid_events``);
  ``rate_windows`` counts what begins.
- ``broker`` wakes workers; ``redis_server`` and ``children`` start and end processes; ``shared_counts``,
  ``retry_after`` and ``own_site`` serve the others.
"""
