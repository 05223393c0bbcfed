"""Back-ups: one checked archive of database, key and figures; and restoring it without mailing anybody twice.

``make`` writes an archive, ``restore`` puts one in place. ``archive`` is the file, ``encryption`` what a
passphrase makes of it, ``databases`` the two kinds of database, ``since`` what is known of the time after the
back-up was made.
"""
