"""From selected papers to the bytes of a message.

``compose`` says which worker composes which digest, and lets the ``composer`` make it: ``periods`` says what
is known of its period, ``render`` makes fragments, ``fragments`` keeps them. ``message`` joins the bytes;
``recompose`` renders a waiting digest anew.
"""
