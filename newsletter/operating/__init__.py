"""What the operator is told: the command line and the operator's pages read the same values and sentences.

``situation`` has what holds everybody's mail at this moment, ``causes`` says of one delivery what state it is
in, why, and what happens next; ``today`` counts a day, ``history`` the weeks before it; ``listing`` finds
deliveries, ``subscribers`` tells of one reader, ``records`` hides keys. These change no row.
``subscriber_acts`` and ``report_acts`` are an operator's actions, each done by the function that pages and
commands call. Statements are counted by tests: none of them grows with readers.
"""
