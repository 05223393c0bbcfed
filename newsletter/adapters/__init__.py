"""The I/O edge: one external system a file. No type or exception of a package leaves this layer.

``ports`` has the protocols and the values they exchange; ``registry`` alone chooses.

- ``arxiv``: its API, full texts and licences, all behind one gate.
- ``llm``: the models that summarise, behind a rate limit; without one, ``extractive``.
- ``mailers``: SendGrid, SMTP and the outbox; DKIM.
- ``infra``: what is no service of somebody's: the broker, processes, files, the index of topics.
"""
