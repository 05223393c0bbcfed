"""The stages, in the order of the flow: each loads, calls core and adapters, and saves.

gather → match → schedule → select → summarize → compose → send → feedback

- A stage imports only those before it, and ``lease`` (which process holds what) and ``db_retry``.
- ``monitor`` checks health, sends alerts and deletes old data.
- ``stages`` lists them. ``run`` does one pass of all in this process with the adapters of ``context``;
  ``tasks`` lets workers share the same list. ``preview`` and ``explain`` store no delivery.
"""
