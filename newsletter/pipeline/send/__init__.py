"""Send composed messages: ``send`` does it batch by batch.

``claim`` leases deliveries and commits that bodies begin; ``recipient_checks`` decides who may be mailed,
``rate_limit`` how fast, ``pause`` whether at all. ``outcomes`` records answers; ``subscriber_status`` applies
what they mean for the reader.
"""
