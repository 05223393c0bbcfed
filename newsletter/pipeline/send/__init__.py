"""Handing messages to a mailer: ``deliver`` does it batch by batch.

``claims`` says who may be sent to, by whom, ``mailable`` whether they may be, ``rate_limit`` how fast, ``brake``
whether sending is paused; ``outcomes`` says what an answer means, ``standing`` what it means for the reader.
"""
