"""From the characters on a PDF's pages to a paper's sections, affiliations and figures; no PDF library here.

Lengths are points and ``top``/``bottom`` grow down the page, as one reads.
"""
