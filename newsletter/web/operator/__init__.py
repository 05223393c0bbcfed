"""The operator's pages under ``/admin/``: English, for staff only, in the look of the site (ADR 50).

They read ``newsletter.operating`` and call what the commands call. Raw records, in Django's admin, stand one
click deeper, under ``/admin/records/``.
"""
