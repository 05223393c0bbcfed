"""The stages, in the order of the flow: each loads, calls core and adapters, and saves.

gather → match → plan → choose → summarise → compose → deliver

- ``newsstand`` and ``shelf``: what a batch of digests is chosen and composed from. ``fragments`` keeps what
  was rendered.
- Delivering is ``claims`` (who may be sent to, by whom), ``mailable`` (may they?), ``messages`` (the bytes),
  ``outcomes`` (what an answer means), ``leases`` and ``sweep`` (what a lost worker or answer leaves).
- ``run`` does one pass of it all; ``work`` is the same as workers share it out; ``preview`` looks ahead.
"""
