"""arXiv's categories: which codes exist, what they are called, and what a mistyped one may have meant.

Codes and English names are those of arXiv's category taxonomy. A code is a category (``cs.CV``), an archive
without categories of its own (``hep-th``) or a whole archive (``cs.*``).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    code: str
    group: str
    """The heading of the taxonomy it stands under: ``Physics``, ``Computer Science``…"""
    name: str
    name_zh: str
    """Simplified Chinese."""
    categories: Mapping[str, str]
    """Code → English name; of an archive without subdivisions, the archive itself."""


GROUPS_ZH: Mapping[str, str] = MappingProxyType(
    {
        "Computer Science": "计算机科学",
        "Economics": "经济学",
        "Electrical Engineering and Systems Science": "电气工程与系统科学",
        "Mathematics": "数学",
        "Physics": "物理学",
        "Quantitative Biology": "定量生物学",
        "Quantitative Finance": "定量金融",
        "Statistics": "统计学",
    }
)


def _archive(code: str, name: str, name_zh: str, listing: str = "", *, group: str = "Physics") -> Archive:
    """Read ``listing``: one ``XX Name`` a line; empty for an archive without subdivisions."""
    pairs = (line.split(" ", 1) for line in listing.strip().splitlines())
    categories = {f"{code}.{short}": title for short, title in pairs} or {code: name}
    return Archive(
        code=code, group=group, name=name, name_zh=name_zh, categories=MappingProxyType(categories)
    )


_CS = """
AI Artificial Intelligence
AR Hardware Architecture
CC Computational Complexity
CE Computational Engineering, Finance, and Science
CG Computational Geometry
CL Computation and Language
CR Cryptography and Security
CV Computer Vision and Pattern Recognition
CY Computers and Society
DB Databases
DC Distributed, Parallel, and Cluster Computing
DL Digital Libraries
DM Discrete Mathematics
DS Data Structures and Algorithms
ET Emerging Technologies
FL Formal Languages and Automata Theory
GL General Literature
GR Graphics
GT Computer Science and Game Theory
HC Human-Computer Interaction
IR Information Retrieval
IT Information Theory
LG Machine Learning
LO Logic in Computer Science
MA Multiagent Systems
MM Multimedia
MS Mathematical Software
NA Numerical Analysis
NE Neural and Evolutionary Computing
NI Networking and Internet Architecture
OH Other Computer Science
OS Operating Systems
PF Performance
PL Programming Languages
RO Robotics
SC Symbolic Computation
SD Sound
SE Software Engineering
SI Social and Information Networks
SY Systems and Control
"""

_MATH = """
AC Commutative Algebra
AG Algebraic Geometry
AP Analysis of PDEs
AT Algebraic Topology
CA Classical Analysis and ODEs
CO Combinatorics
CT Category Theory
CV Complex Variables
DG Differential Geometry
DS Dynamical Systems
FA Functional Analysis
GM General Mathematics
GN General Topology
GR Group Theory
GT Geometric Topology
HO History and Overview
IT Information Theory
KT K-Theory and Homology
LO Logic
MG Metric Geometry
MP Mathematical Physics
NA Numerical Analysis
NT Number Theory
OA Operator Algebras
OC Optimization and Control
PR Probability
QA Quantum Algebra
RA Rings and Algebras
RT Representation Theory
SG Symplectic Geometry
SP Spectral Theory
ST Statistics Theory
"""

_PHYSICS = """
acc-ph Accelerator Physics
ao-ph Atmospheric and Oceanic Physics
app-ph Applied Physics
atm-clus Atomic and Molecular Clusters
atom-ph Atomic Physics
bio-ph Biological Physics
chem-ph Chemical Physics
class-ph Classical Physics
comp-ph Computational Physics
data-an Data Analysis, Statistics and Probability
ed-ph Physics Education
flu-dyn Fluid Dynamics
gen-ph General Physics
geo-ph Geophysics
hist-ph History and Philosophy of Physics
ins-det Instrumentation and Detectors
med-ph Medical Physics
optics Optics
plasm-ph Plasma Physics
pop-ph Popular Physics
soc-ph Physics and Society
space-ph Space Physics
"""

_ASTRO = """
CO Cosmology and Nongalactic Astrophysics
EP Earth and Planetary Astrophysics
GA Astrophysics of Galaxies
HE High Energy Astrophysical Phenomena
IM Instrumentation and Methods for Astrophysics
SR Solar and Stellar Astrophysics
"""

_COND_MAT = """
dis-nn Disordered Systems and Neural Networks
mes-hall Mesoscale and Nanoscale Physics
mtrl-sci Materials Science
other Other Condensed Matter
quant-gas Quantum Gases
soft Soft Condensed Matter
stat-mech Statistical Mechanics
str-el Strongly Correlated Electrons
supr-con Superconductivity
"""

_NLIN = """
AO Adaptation and Self-Organizing Systems
CD Chaotic Dynamics
CG Cellular Automata and Lattice Gases
PS Pattern Formation and Solitons
SI Exactly Solvable and Integrable Systems
"""

_Q_BIO = """
BM Biomolecules
CB Cell Behavior
GN Genomics
MN Molecular Networks
NC Neurons and Cognition
OT Other Quantitative Biology
PE Populations and Evolution
QM Quantitative Methods
SC Subcellular Processes
TO Tissues and Organs
"""

_Q_FIN = """
CP Computational Finance
EC Economics
GN General Finance
MF Mathematical Finance
PM Portfolio Management
PR Pricing of Securities
RM Risk Management
ST Statistical Finance
TR Trading and Market Microstructure
"""

_STAT = """
AP Applications
CO Computation
ME Methodology
ML Machine Learning
OT Other Statistics
TH Statistics Theory
"""

_EESS = """
AS Audio and Speech Processing
IV Image and Video Processing
SP Signal Processing
SY Systems and Control
"""

_ECON = """
EM Econometrics
GN General Economics
TH Theoretical Economics
"""

_LISTED = (
    _archive("cs", "Computer Science", "计算机科学", _CS, group="Computer Science"),
    _archive("econ", "Economics", "经济学", _ECON, group="Economics"),
    _archive(
        "eess",
        "Electrical Engineering and Systems Science",
        "电气工程与系统科学",
        _EESS,
        group="Electrical Engineering and Systems Science",
    ),
    _archive("math", "Mathematics", "数学", _MATH, group="Mathematics"),
    _archive("astro-ph", "Astrophysics", "天体物理学", _ASTRO),
    _archive("cond-mat", "Condensed Matter", "凝聚态物理", _COND_MAT),
    _archive("gr-qc", "General Relativity and Quantum Cosmology", "广义相对论与量子宇宙学"),
    _archive("hep-ex", "High Energy Physics - Experiment", "高能物理实验"),
    _archive("hep-lat", "High Energy Physics - Lattice", "高能物理格点"),
    _archive("hep-ph", "High Energy Physics - Phenomenology", "高能物理唯象学"),
    _archive("hep-th", "High Energy Physics - Theory", "高能物理理论"),
    _archive("math-ph", "Mathematical Physics", "数学物理"),
    _archive("nlin", "Nonlinear Sciences", "非线性科学", _NLIN),
    _archive("nucl-ex", "Nuclear Experiment", "核物理实验"),
    _archive("nucl-th", "Nuclear Theory", "核物理理论"),
    _archive("physics", "Physics", "物理学", _PHYSICS),
    _archive("quant-ph", "Quantum Physics", "量子物理"),
    _archive("q-bio", "Quantitative Biology", "定量生物学", _Q_BIO, group="Quantitative Biology"),
    _archive("q-fin", "Quantitative Finance", "定量金融", _Q_FIN, group="Quantitative Finance"),
    _archive("stat", "Statistics", "统计学", _STAT, group="Statistics"),
)

ARCHIVES: Mapping[str, Archive] = MappingProxyType({archive.code: archive for archive in _LISTED})
"""Every archive that takes new papers, by code."""

CATEGORIES: Mapping[str, str] = MappingProxyType(
    {code: name for archive in _LISTED for code, name in archive.categories.items()}
)
"""Every category, by code, with its English name."""

ALL_OF_ARXIV: tuple[str, ...] = tuple(
    code if code in archive.categories else f"{code}.*" for code, archive in ARCHIVES.items()
)
"""The shortest list of codes that together ask for everything."""


def is_category(code: str) -> bool:
    """Whether a query may ask for ``code``: ``cs.CV``, ``hep-th`` or a whole archive such as ``cs.*``."""
    return code in CATEGORIES or (code.endswith(".*") and code in ALL_OF_ARXIV)


def archive_of(code: str) -> Archive | None:
    """The archive that ``code`` belongs to, or None if there is none of that name."""
    return ARCHIVES.get(code.partition(".")[0])


def closest(code: str) -> str | None:
    """What a mistyped ``code`` most likely meant: a category, its archive, or None if nothing is near."""
    archive = archive_of(code.strip().lower())
    if archive is None:
        near = _nearest(code, (*CATEGORIES, *ARCHIVES), cutoff=0.75)
        return f"{near}.*" if near in ARCHIVES and near not in CATEGORIES else near
    if archive.code in archive.categories:
        return archive.code
    subject = code.strip().partition(".")[2]
    subjects = {known.partition(".")[2]: known for known in archive.categories}
    swapped = [name for name in subjects if sorted(name.lower()) == sorted(subject.lower())]
    near = _nearest(subject, (*subjects,), cutoff=0.6) or next(iter(swapped), None)
    return subjects[near] if near else f"{archive.code}.*"


def _nearest(text: str, known: tuple[str, ...], *, cutoff: float) -> str | None:
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(text.strip().lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[near[0]] if near else None


def unknown_category(code: str) -> str:
    """The one line to show for a code that does not exist."""
    guess = closest(code)
    if guess is None:
        return f"unknown category {code}: arXiv's look like cs.CV, hep-th or, for a whole archive, cs.*"
    archive = archive_of(guess)
    whole = f" (all of {archive.name})" if archive and guess.endswith(".*") else ""
    return f"unknown category {code}, did you mean {guess}{whole}?"
