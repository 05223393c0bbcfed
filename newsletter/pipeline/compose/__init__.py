"""From chosen papers to the bytes of a message.

``lease`` says which worker composes which digest; ``compose`` lets the ``composer`` make it of ``cards``,
``render`` makes their fragments, ``fragments`` keeps them. ``message`` joins the bytes; ``verp`` makes the
addresses they come back to; ``recompose`` renders a waiting digest anew.
"""
