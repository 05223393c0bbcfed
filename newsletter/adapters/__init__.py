"""The I/O edge: one external system a file. No type or exception of a package leaves this layer.

- ``ports``: the protocols and the values that cross. ``registry``: the only place that chooses adapters.
- ``arxiv``: arXiv's API, OAI and full texts, through one gate for the whole service.
- ``llm``: summarisers. ``gemini`` and ``genai`` share ``calls``; ``extractive`` asks nobody.
- ``mailers``: ``outbox``, ``smtp``, ``sendgrid``, and ``dkim``.
- ``infra``: Redis, child processes, MJML, the topic index, figure files.
"""
