"""The stages, in the order of the flow: each loads, calls core and adapters, and saves.

gather → match → plan → choose → summarise → compose → deliver

- Summarising is ``full_text`` and ``figures`` (what is read from a PDF), ``summary_rows`` (who writes what),
  ``budget`` (a day's tokens) and, for the hours to come, ``nearing`` and ``ahead``. ``row_claims`` keeps two
  workers from filling the same row.
- ``newsstand`` and ``shelf``: what a batch of digests is chosen and composed from. ``taking``: which worker
  composes which. ``composer`` makes a digest of ``cards``, ``render`` its pieces, ``fragments`` keeps them;
  ``recompose`` renders one anew.
- Delivering is ``claims`` (who may be sent to, by whom), ``mailable`` (may they?), ``pace`` (how fast),
  ``brake`` (is sending paused?), ``messages`` (the bytes), ``return_path`` (where they come back to),
  ``outcomes`` (what an answer means), ``leases`` and ``sweep`` (what a lost worker or answer leaves).
- Afterwards come ``events`` (reports of providers), ``bounces`` (mail that comes back) and ``standing`` (what
  either means for the reader).
- ``vitals`` measures, ``watched`` says what is too late, ``watch`` tells the operator, ``breaker`` pauses a
  transport; ``retention`` forgets; ``patience`` waits for a database that is away.
- ``run`` does one pass of it all with the adapters of ``stages``; ``work`` is the same as workers share it
  out; ``preview`` looks ahead; ``evaluate`` asks a model and counts what passes.
"""
