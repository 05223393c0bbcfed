"""Send composed messages: ``send`` does it batch by batch.

``claim`` says who may be sent to, by whom, ``recipient_checks`` whether they may be, ``rate_limit`` how fast,
``pause`` whether sending is paused; ``bodies`` says when a body begins; ``outcomes`` says what an answer
means, ``subscriber_status`` what an event means for the reader; ``lost`` what became of a batch whose worker
is gone.
"""
