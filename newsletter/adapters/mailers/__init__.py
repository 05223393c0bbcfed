"""A mailer is a module of its name in ``config.mailers.MAILERS``: ``outbox``, ``smtp``, ``sendgrid``.

It has ``mailer(config)``, and ``event_reader(config)`` if it reports what becomes of mails. ``ports`` has the
protocols of both. The other modules are parts of these.
"""
