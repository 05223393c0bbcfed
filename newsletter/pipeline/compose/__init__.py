"""From chosen papers to the bytes of a message.

``taking`` says which worker composes which digest; ``compose`` lets the ``composer`` make it of ``cards``,
``render`` makes their pieces, ``fragments`` keeps them. ``messages`` joins the bytes, which come back to
``return_path``; ``recompose`` renders a waiting digest anew.
"""
