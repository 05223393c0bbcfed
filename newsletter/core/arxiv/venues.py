"""Where a comment says that a paper was accepted: found by a table of names, told in the authors' words.

arXiv has no field for it. Only a name of the table counts, next to a word of acceptance or, with a year, as
a part of the comment of its own ("ICML 2026, 12 pages"). A workshop at a conference is never called the
conference.
"""

from __future__ import annotations

import re

LONGEST = 120
"""Characters of the words that are copied."""

_CONFERENCES = """
    3DV AAAI AACL AAMAS ACC ACCV ACL ACMMM AISTATS ALT ASE ASIACRYPT ASPLOS ATC BMVC CAV CCS CDC CHI CIKM
    CogSci COLING COLM COLT CoNLL CoRL CRYPTO CSCW CVPR DAC DATE EACL ECAI ECC ECCV ECIR ECML EMNLP ESA
    ESEC/FSE EUROCRYPT EuroSys EUSIPCO FAccT FAST FOCS FSE GECCO GLOBECOM HPCA HPDC HRI ICALP ICANN ICASSP
    ICC ICCAD ICCV ICDAR ICDE ICDM ICFP ICIP ICLP ICLR ICME ICML ICPR ICRA ICSE ICST ICWSM IGARSS IJCAI
    IJCNN INFOCOM INTERSPEECH Interspeech IPMI IROS ISBI ISCA ISIT ISMAR ISMIR ISSTA ITCS ITSC IUI IWSLT
    KDD L4DC LICS LREC MICCAI MICRO MIDL MLSys MobiCom NAACL NDSS NeurIPS Neurips NIPS NSDI OOPSLA OSDI
    PETS PKDD PLDI PODS POPL QIP RecSys RLC RSS SIGCOMM SIGGRAPH SIGIR SIGMETRICS SIGMOD SOCG SoCG SODA
    SOSP STACS STOC TCC UAI UbiComp UIST VLDB WACV WSDM WWW"""
_JOURNALS = """
    A&A AJ ApJ ApJL ApJS Automatica GRSL IJCV JACM JAIR JASA JCAP JHEP JMLR JOSS MNRAS NIMA PAMI PASA PASJ
    PASP PLOS PNAS PRA PRAB PRB PRC PRD PRE PRL PRX PVLDB RA-L RAA T-PAMI T-RO TACL TIFS TIP TIT TKDE TMLR
    TNNLS TOCHI TODS TOG TOIS TOPLAS TOSEM TPAMI TPDS TSE TVCG"""
_WORDS = r"(?: (?:[A-Z][\w-]+|and|of|the|in|for))+"
_LONG_NAMES = (
    rf"(?:ACM|IEEE) (?:Transactions on|Journal (?:of|on)){_WORDS}(?:(?:, [A-Z]\w+)+,? and{_WORDS})?",
    r"IEEE (?:[A-Z][\w-]+ |and ){1,5}(?:Letters|Magazine)",
    r"IEEE (?:S&P|VIS|Access)|ACM (?:MM|Multimedia)|USENIX Security|Computer Graphics Forum",
    r"Transactions of the Association for Computational Linguistics",
    r"(?:Transactions on|Journal of) Machine Learning Research",
    r"(?:Astrophysical|Astronomical) Journal(?: Letters| Supplement(?: Series)?)?",
    r"Monthly Notices of the Royal Astronomical Society|Publications of the Astronomical Society of [A-Z]\w+",
    r"(?:Research in )?Astronomy (?:&|and) Astrophysics",
    r"Phys(?:ical|\.) ?Rev(?:iew|\.) ?(?:[A-EX](?: Quantum)?\b|Lett(?:ers|\.)?|Applied|Research|Fluids)",
    r"(?:Annals of|Advances in|Inventiones) [Mm]athematic(?:s|ae)|Duke Mathematical Journal",
    r"Communications in Mathematical Physics|Journal of (?:Fluid Mechanics|High Energy Physics|Algebra)",
    rf"SIAM (?:Journal|J\.) on{_WORDS}",
    r"Modern Physics Letters A|Physics Letters [AB]|Annals of Physics|Communications Physics|New Astronomy",
    r"Pattern Recognition|Medical Image Analysis|npj [A-Z]\w+(?: [A-Z]\w+)?",
)
_AT_START = re.compile(r"(?:Nature|Science|Cell|eLife|Quantum)(?: [A-Z]\w+){0,2}(?=\W|$)")
"""Names that are words too: they count directly behind the word of acceptance."""


def _alternatives(names: str) -> str:
    return "|".join(map(re.escape, sorted(names.split(), key=len, reverse=True)))


_SHORT_NAMES = rf"(?<![A-Za-z])(?:{_alternatives(_CONFERENCES + _JOURNALS)})(?![A-Za-z])"
_NAME = re.compile(
    rf"(?P<name>{'|'.join(_LONG_NAMES)}|{_SHORT_NAMES}"
    r"(?: [Ll]etters?)?)(?P<year>\s*[-'’]?\s*(?:20\d\d|(?<=['’])\d\d|(?<=\s)\d\d(?=\W*$)))?"
)
_LATER_YEAR = re.compile(r"\),? (20\d\d)\b|, (20\d\d)\b")
_DONE = r"(?:accepted|to appear|(?:to )?be published|published|in press|(?:to be )?presented)"
_CUE = re.compile(
    r"\b(?:accept(?:ed)?|to appear|to be published|published|in press|camera[- ]ready)\b"
    rf"(?:(?:,| and|) {_DONE}\b)?(?: for (?:oral |poster )?(?:publication|presentation)?)?"
    r"(?: as (?:an? )?[\w -]{1,40}?(?= (?:to|at|by|in|for|with|@)\b))?(?: to appear)?(?: \([^()]*\))?"
    r"(?:\W*(?:\b(?:to|at|by|in|for|with|on)\b|@))?\W*(?:\bthe\b\s*)?",
    re.IGNORECASE,
)
_DOUBTFUL = re.compile(
    r"submi(?:t|ssion)|under review|reject|\bnot\b|\bif\b|earlier|initial|preliminary|previous|abstract"
    r"|companion|extended|extension|abridged|full version|condition|report|based on|parts? of|derived",
    re.IGNORECASE,
)
_ABBREVIATIONS = "Phys Rev Lett Proc Conf Int Symp Trans Math Comput Sci Ann J Jr vs"
_PART_END = re.compile(
    "".join(rf"(?<!\b{each})" for each in _ABBREVIATIONS.split())
    + r"[.;]\s+|;|\n|[,.]?\s*\(?(?=\b\d+\s*\+?\s*(?:pages?|pp|figures?|figs?|tables?)\b)"
    r"|(?<=pages|table)s?,\s+|(?<=igure)s?,\s+"
    r"|[,.;(]?\s*(?=\b(?:code|project|data|website|homepage|github)\b(?: page| and| is| are| available|:))"
    r"|\s*[,.;(]?\s*(?=https?://)|\s+/\s+",
    re.IGNORECASE,
)
_PART_OF_IT = re.compile(
    r"work[sk](?:h|k)op|findings|challenge|tutorial|demo|student|shared task|session|doctoral|co-?located"
    r"|conjunction|competition|satellite|poster only|@",
    re.IGNORECASE,
)
_LONG_FORM = re.compile(r"conference|meeting|symposium|congress|transactions|journal", re.IGNORECASE)
_BEFORE = re.compile(
    r"(?:\W*(?:the|of|in|at|proc|proceedings?|main|annual|conference|journal|ieee|cvf|acm|aaai|sigkdd|20\d\d"
    r"|\d+(?:st|nd|rd|th))\b)*\W*",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:\W*(?:as|a|an|the|in|at|main|conference|journal|proceedings|track|oral|spotlight|poster|highlight|camera"
    r"|ready|version|long|short|full|regular|research|industry|papers?|accepted|presentation|publication|best|award"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*|\d+)\b)*\W*",
    re.IGNORECASE,
)


def venue_in(comment: str) -> str:
    """Return where the paper was accepted, as its comment writes it; empty where it does not say so.

    ``NeurIPS 2026``, ``ApJ``, ``SPIGM Workshop, ICML 2026``.
    """
    for part in filter(None, map(str.strip, _PART_END.split(comment))):
        if not _DOUBTFUL.search(part) and (found := _venue(part)):
            return found
    return ""


def _venue(part: str) -> str:
    name = _NAME.search(part)
    cues = list(_CUE.finditer(part))
    before_name = [cue for cue in cues if name and cue.end() <= name.start()]
    cue = next(iter(before_name[-1:] or cues), None)
    if cue and (journal := _AT_START.match(part, cue.end())):
        return journal[0]
    if name is None or (cue is None and not name["year"]):
        return ""
    if cue is None or name.start() < cue.start():  # "ICML 2026", "ICML 2026 accepted"
        before, after = part[: name.start()], part[name.end() : cue.start() if cue else None]
        return _with_year(name) if _is_alone(before, after) else ""
    phrase = part[cue.end() :]
    name = _NAME.search(phrase)
    if name is None:
        return ""
    is_alone = _is_alone(phrase[: name.start()], phrase[name.end() :])
    return _with_year(name) if is_alone else _copied(phrase, after=name.end())


def _is_alone(before: str, after: str) -> bool:
    """Whether the name alone says the same: nothing around it tells of a workshop, or of anything unknown."""
    if _PART_OF_IT.search(before) or _PART_OF_IT.search(after):
        return False
    is_long_form = before.rstrip().endswith(("(", ",")) and bool(_LONG_FORM.search(before))
    rest = re.split(r"[,(]", after, maxsplit=1)[0]
    return (is_long_form or bool(_BEFORE.fullmatch(before))) and bool(_AFTER.fullmatch(rest))


def _with_year(name: re.Match[str]) -> str:
    later = None if name["year"] else _LATER_YEAR.match(name.string, name.end())
    return " ".join(name[0].split()) + (f" {later[1] or later[2]}" if later else "")


def _copied(phrase: str, *, after: int) -> str:
    """Return the authors' words up to the end of the name; nothing if a cut would make them untrue."""
    for found in _PART_OF_IT.finditer(phrase):
        after = max(after, found.end())
    end = phrase.find(",", after)
    words = " ".join(phrase[: None if end < 0 else end].split()).strip(" .,:*")
    if len(words) <= LONGEST:
        return words
    return words[: LONGEST - 1].rpartition(" ")[0].rstrip(" ,;:(") + "…" if after < LONGEST else ""
