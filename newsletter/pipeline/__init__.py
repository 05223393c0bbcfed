"""The stages, in the order of the flow: each loads, calls core and adapters, and saves.

gather → match → schedule → select → summarize → compose → send → feedback

- A stage imports only those before it, and ``lease`` (which process holds what) and ``db_retry``.
- ``monitor`` checks health, sends alerts and deletes old data.
- ``run`` does one pass of all stages in this process; ``tasks`` lets workers share them; ``context`` holds
  the adapters; ``preview`` shows the digest that would be sent now.
"""
