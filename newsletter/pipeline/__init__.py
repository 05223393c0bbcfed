"""The stages, in the order of the flow: each loads, calls core and adapters, and saves.

gather → match → plan → summarising → choosing → composing → sending → feedback

- ``gather``, ``match`` and ``plan`` are one file each, the others a folder. A stage knows only those before
  it, and ``leases`` (which process holds what) and ``patience`` (for a database that is away).
- ``watching`` looks on, ``retention`` forgets.
- ``run`` does one pass of it all with the adapters of ``context``; ``work`` is the same as workers share it
  out; ``preview`` looks ahead.
"""
