"""arXiv's category taxonomy.

A code is a category (``cs.CV``), an archive without categories of its own (``hep-th``) or a whole archive
(``cs.*``).
"""

from __future__ import annotations

from difflib import get_close_matches

_ARCHIVES = {
    "cs": """AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NA NE NI OH
        OS PF PL RO SC SD SE SI SY""",
    "econ": "EM GN TH",
    "eess": "AS IV SP SY",
    "math": """AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO IT KT LO MG MP NA NT OA OC PR QA RA RT SG SP
        ST""",
    "astro-ph": "CO EP GA HE IM SR",
    "cond-mat": "dis-nn mes-hall mtrl-sci other quant-gas soft stat-mech str-el supr-con",
    "gr-qc": "",
    "hep-ex": "",
    "hep-lat": "",
    "hep-ph": "",
    "hep-th": "",
    "math-ph": "",
    "nlin": "AO CD CG PS SI",
    "nucl-ex": "",
    "nucl-th": "",
    "physics": """acc-ph ao-ph app-ph atm-clus atom-ph bio-ph chem-ph class-ph comp-ph data-an ed-ph flu-dyn
        gen-ph geo-ph hist-ph ins-det med-ph optics plasm-ph pop-ph soc-ph space-ph""",
    "quant-ph": "",
    "q-bio": "BM CB GN MN NC OT PE QM SC TO",
    "q-fin": "CP EC GN MF PM PR RM ST TR",
    "stat": "AP CO ME ML OT TH",
}
"""Every archive that takes new papers, with the categories it is divided into."""

CATEGORIES: frozenset[str] = frozenset(
    f"{archive}.{subject}" if subject else archive
    for archive, subjects in _ARCHIVES.items()
    for subject in subjects.split() or [""]
)

ALL_OF_ARXIV: tuple[str, ...] = tuple(
    f"{archive}.*" if subjects else archive for archive, subjects in _ARCHIVES.items()
)
"""The shortest list of codes that together ask for everything."""


def is_category(code: str) -> bool:
    """Whether a query may ask for ``code``: ``cs.CV``, ``hep-th`` or a whole archive such as ``cs.*``."""
    return code in CATEGORIES or code in ALL_OF_ARXIV


def closest(code: str) -> str:
    """Return the closest existing code; empty if none is close."""
    if f"{code.lower()}.*" in ALL_OF_ARXIV:
        return f"{code.lower()}.*"
    known = {known.lower(): known for known in (*ALL_OF_ARXIV, *sorted(CATEGORIES))}
    return next((known[near] for near in get_close_matches(code.lower(), known, n=1, cutoff=0.7)), "")
