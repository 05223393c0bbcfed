"""TeX in titles, abstracts and comments → readable text.

arXiv stores these fields as typed: mostly plain text with some TeX. Nothing is dropped because it is not
understood: an unknown command leaves its name, an unbalanced dollar sign stays. Formulae become Unicode if
common fonts have the characters, else plain ``x^(n+1)``, ``x_i``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db
from pylatexenc.latexwalker import get_default_latex_context_db as get_default_parsing_db

_PARAGRAPH = re.compile(r"\s*\n(?:[ \t]+(?=[^\sa-z])|\s*\n\s*)")
"""arXiv keeps a line break only before leading white space (arXiv help, "Metadata for required fields")."""

_NEEDS_WORK = re.compile(r"[\\$~{}`^*\"']|''|--|__|^#|\]\(")
_MAX_CHARACTERS = 20_000
"""Ten times what arXiv lets an abstract have; a longer text only gets its white space cleaned."""
_MAX_DEPTH = 24
"""Nested braces; deeper ones keep their commands."""
_URL = re.compile(
    r"\\url\s*\{([^{}]*)\}|\\href\s*\{([^{}]*)\}\s*\{((?:[^{}]|\{[^{}]*\})*)\}|(https?://[^\s{}\\$]+)"
)
_MATH = re.compile(
    r"\$\$(?P<display>.+?)\$\$"
    # As Pandoc's tex_math_dollars: no space inside the dollars, no digit after: "$5 and $10" is money.
    r"|(?<!\\)\$(?P<inline>(?=\S)[^$]*?[^$\s\\])\$(?!\d)"
    r"|(?<!\\)\$(?P<marked>(?![\d.,]+\s)[^$]*[\\^_][^$]*)\$"
    r"|\\\((?P<paren>.+?)\\\)|\\\[(?P<bracket>.+?)\\\]"
    r"|\\begin\{(?P<env>(?:equation|align|gather|multline|eqnarray|math|displaymath)\*?)\}"
    r"(?P<environment>.+?)\\end\{(?P=env)\}",
    re.DOTALL,
)

# Stand-ins from Unicode's private use area, so that finished parts pass through the TeX parser untouched.
_OPEN, _CLOSE, _SPACE, _FIRST_KEPT = "\ue000", "\ue001", "\ue009", 0xE010
_FIRST_PROSE = 0xF0000
_PROSE = re.compile(r"(?<= )[^\\{}\[\]^_`'\"<>?!-]{16,}")
_KEPT = re.compile("[\ue010-\uf8ff]")
_STAND_IN = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd]")

_MACRO = re.compile(
    r"(?P<joined>(?<=[\w)}\]]))?\\(?P<name>[A-Za-z]+)(?P<empty>\{\})?(?P<wraps>\s*(?=\{))?(?P<space> ?)"
)
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{[A-Za-z]+\*?\}")
_SYMBOL = re.compile(r"\\([^A-Za-z\s])")
_STYLE = re.compile(
    r"left|right|middle|[bB]igg?[lr]?|displaystyle|textstyle|scriptstyle|(?:no)?limits|bf|it|em|rm|tt|sc|sf|sl|cal"
    r"|bfseries|itshape|normalfont|small|footnotesize|[lL]arge|centering|noindent|xspace|protect|relax"
    r"|(?:begin|end)group|(?:un)?boldmath"
)
_OPERATOR = re.compile(
    r"arg|argmax|argmin|cosh?|cot|deg|det|dim|exp|gcd|inf|ker|lim|liminf|limsup|ln|log|max|min|mod|Pr|sinh?|sup|tanh?"
)
_SPELLED = {"colon": ": ", "textasciicircum": "^", "textasciitilde": "~", "textbackslash": "\\", "S": "§"}
_SPELLED |= {"textbraceleft": _OPEN, "textbraceright": _CLOSE}
_SCRIPTS = {"textsuperscript": "^", "textsubscript": "_"}
_FRACTIONS = frozenset({"dfrac", "tfrac", "cfrac", "sfrac", "nicefrac"})
_WIDE = {"widetilde": "tilde", "widehat": "hat", "overline": "bar"}
_LETTERS = frozenset(["o", "O", "l", "L", "ss", "ae", "AE", "oe", "OE", "aa", "AA", "i", "j"])
_ACCENTS = frozenset("'`^~=.\"")
_BINOMIAL = re.compile(r"\\[dt]?binom\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_CITES = ("cite", "citep", "citet", "citeauthor", "citeyear", "ref", "eqref", "autoref", "cref", "Cref")
_RELATION = re.compile(r"(?<=[^\s(\[{^_])[ ]*([≤≥≈≃≅≠≡≪≫∈∉⊂⊆⊃⊇→←↔⇒⇔↦≺≻≼≽∝⩽⩾])[ ]*(?=[^\s)\]}])")

_SUPERSCRIPT = str.maketrans("0123456789+-−=()ni.,", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ.,")
_SUBSCRIPT = str.maketrans("0123456789+-−=().,", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎.,")
_BRACED_SCRIPT = re.compile(r"([\^_])\{([^{}]*)\}(?=(\w?))")
_BARE_SCRIPT = re.compile(r"([\^_])([0-9+\-∘'*]|[ni](?!\w))")
_ANY_GROUP = re.compile(r"(?<![\^_])\{([^{}]*)\}")
_WORD_GROUP = re.compile(r"(?<![\^_\w])\{([\w-]*(?: [\w-]+)*)\}")
"""Without a command in sight only braces around words are TeX groups; {0, 1} and {De, It} are text."""
_BRACE = re.compile(r"[{}]")
_POWER = re.compile(
    r"(?<![\w^\\])(\d+|[kcmnμµ]?m|s|yr|Hz|[kMGT]?eV|[kMG]?pc|sr|kg|g|[A-Za-z]{1,2}(?=\^\d))\^([-−]?\d+)(?![\w^.]\w)"
)
"""A power typed without TeX: 10^-6, cm^-2, m^2. A minus only after numbers and units: K^-3π is a decay."""
_MARKDOWN_LINK = re.compile(r"!?\[([^\[\]]{1,200})\]\((https?://[^\s()]+)\)")
_MARKDOWN = (
    (re.compile(r"^#{1,6} +"), ""),
    (re.compile(r"(?<![\w*^])\*\*(?=\S)([^*]{1,300}?)(?<=\S)\*\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\w*^])\*(?=[^\W\d_])([^*]{1,300}?)(?<=[\w.!?])\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<!\w)__(?=\S)([^_]{1,100} [^_]{1,200}?)(?<=\S)__(?!\w)"), r"\1"),
    (re.compile(r"(?<![\w`])`([^`']{1,200})`(?![\w`])"), r"\1"),
)
_STRAIGHT_QUOTES = (
    (re.compile(r'(?<![^\s(\[])"(?=[^\s"])([^"]{1,300}?)(?<=[^\s"])"(?![\w"])'), r"“\1”"),
    (re.compile(r"(?<![^\s(\[])'(?=\w)([^']{1,100}?)(?<=[\w.,!?])'(?![\w'])"), r"‘\1’"),
)
"""In pairs only: an inch, a prime and the genitive of a plural stay."""
_RUN_TOGETHER = re.compile(
    r"(?<=[a-z]{3})\.(?=(?:An?|The|This|These|Those|In|On|To|We|Our|It|By|For|With|From|At|As|Across|Despite|Each"
    r"|However|Moreover|Furthermore|Additionally|Extensive|Experiments?|Experimental|Finally|Specifically) )"
)
"""Sentences that lost the line break between them; less certain cases stay as they are."""
_MATH_LETTERS = re.compile("[\U0001d400-\U0001d7ff]+")


def readable(text: str) -> str:
    """Return ``text`` as one reads it: no TeX, single spaces, one line break between paragraphs."""
    paragraphs = (" ".join(part.split()) for part in _PARAGRAPH.split(text.strip()))
    return "\n".join(_paragraph(part) for part in paragraphs if part)


def _paragraph(text: str) -> str:
    text = _RUN_TOGETHER.sub(". ", text)
    if not _NEEDS_WORK.search(text) or len(text) > _MAX_CHARACTERS:
        return text
    text = _STAND_IN.sub("\ufffd", text)
    kept: list[str] = []

    def keep(finished: str) -> str:
        kept.append(finished)
        return chr(_FIRST_KEPT + len(kept) - 1)

    linked = _MARKDOWN_LINK.sub(r"\1 (\2)", text)
    marked = _URL.sub(lambda found: keep(_link(found)), linked)
    marked = _MATH.sub(lambda found: keep(_formula(found)), marked)
    for pattern, plain in _MARKDOWN:
        marked = pattern.sub(plain, marked)
    groups = _ANY_GROUP if "\\" in text else _WORD_GROUP
    marked = _POWER.sub(_power, marked)
    done = _typeset(_plain(_typography(marked)), groups=groups)
    while _KEPT.search(done):  # a formula may hold a link
        done = _KEPT.sub(lambda found: kept[ord(found.group()) - _FIRST_KEPT], done)
    return " ".join(done.replace(_OPEN, "{").replace(_CLOSE, "}").split())


def _link(found: re.Match[str]) -> str:
    """The URL as it is; of a link with text, the text and the URL."""
    url, target, words, bare = (
        part and part.replace(r"\_", "_").replace(r"\%", "%") for part in found.groups()
    )
    if target and words and words.strip() != target.strip():
        return f"{_typeset(_plain(words), groups=_ANY_GROUP)} ({target})"
    return str(url or target or bare or words or "")


def _formula(found: re.Match[str]) -> str:
    names = ("display", "inline", "marked", "paren", "bracket", "environment")
    source = next(found[name] for name in names if found[name] is not None)
    text = _bare_scripts(_POWER.sub(_power, _plain(source)))
    text = _RELATION.sub(r" \1 ", _typeset(text, groups=_ANY_GROUP)).strip()
    text = re.sub(r"(?<=\S)([×·]) (?=\S)", r"\1", text)
    return re.sub(r"(?<=[^\s=<>!])([=<>]) (?=\S)", r" \1 ", text)


def _bare_scripts(text: str) -> str:
    """``x^2`` is a superscript inside a formula only: outside, ``V_2`` may be a name."""
    return _BARE_SCRIPT.sub(lambda found: _script(found[1], found[2], following=""), text)


def _typeset(text: str, *, groups: re.Pattern[str]) -> str:
    """Turn ``^{…}`` and ``_{…}``, inside out, and drop the braces that only grouped."""
    for _ in range(_MAX_DEPTH):
        previous = text
        text = _BRACED_SCRIPT.sub(lambda found: _script(found[1], found[2].strip(), following=found[3]), text)
        text = groups.sub(r"\1", text)
        if previous == text:
            break
    text = _BRACE.sub("", text) if groups is _ANY_GROUP else _without_stray_braces(text)
    return _MATH_LETTERS.sub(lambda found: unicodedata.normalize("NFKC", found.group()), text)


def _without_stray_braces(text: str) -> str:
    """Drop each brace whose partner is missing."""
    opened: list[int] = []
    strays: set[int] = set()
    for found in _BRACE.finditer(text):
        if found.group() == "{":
            opened.append(found.start())
        elif opened:
            opened.pop()
        else:
            strays.add(found.start())
    strays.update(opened)
    return "".join(sign for at, sign in enumerate(text) if at not in strays) if strays else text


def _depth(text: str) -> int:
    """Return the nesting depth of braces; -1 where one closes that was not opened."""
    deepest = depth = 0
    for brace in _BRACE.findall(text):
        depth += 1 if brace == "{" else -1
        deepest = max(deepest, depth)
        if depth < 0:
            return -1
    return deepest


def _power(found: re.Match[str]) -> str:
    return found[1] + found[2].translate(_SUPERSCRIPT)


def _script(sign: str, body: str, *, following: str) -> str:
    """Raise or lower ``body``: in Unicode if common fonts have all of it, else plain and unambiguous."""
    table = _SUPERSCRIPT if sign == "^" else _SUBSCRIPT
    if all(ord(character) in table for character in body):
        return body.translate(table)
    if sign == "^" and body in {"∘", "°"}:
        return "°"
    if sign == "^" and set(body) <= {"'", "′"}:
        return body
    plain = len(body) == 1 or (body.isalnum() and unicodedata.normalize("NFKC", body) == body)
    return f"{sign}{body}" if plain and not following else f"{sign}({body})"


def _typography(text: str) -> str:
    """TeX's quotes, dashes and ties. A tilde that means "about" and a program's ``--option`` stay."""
    for pattern, plain in _STRAIGHT_QUOTES:
        text = pattern.sub(plain, text)
    text = re.sub(r"``|(?<![^\s(\[])''(?=\w)", "“", text).replace("''", "”").replace("{,}", ",")
    text = re.sub(r"(?<!-)---(?!-)", "—", text)
    text = re.sub(r"(?<![-\s])--(?!-)|(?<!-)--(?=\s)|(?<=\s)--(?=\d)", "–", text)
    return re.sub(r"(?<=[\w.,;:)\]}\ue010-\uf8ff])~(?=[\w(\[\\\ue010-\uf8ff])", " ", text)


def _plain(source: str) -> str:
    """Text of TeX without its formulae; groups of two characters or more keep their braces."""
    if "\\" not in source:
        return source
    source = re.sub(r"\\[dtc]frac(?![A-Za-z])", r"\\frac", source)
    source = re.sub(r"\\\\(?=[A-Za-z]+\{)", r"\\", source).replace("\\\\", " ")  # escaped twice; a line break
    source = _BINOMIAL.sub(r"(\1 choose \2)", source)
    source = source.replace(r"\{", _OPEN).replace(r"\}", _CLOSE)
    source = re.sub(r"\\_|\\?[%#&$]|(?<!\\)~", lambda found: _SAFE[found.group()[-1]], source)
    source = _MACRO.sub(_known_macro, _ENVIRONMENT.sub(" ", source))
    source = _SYMBOL.sub(_known_symbol, source)
    # The parser takes any letter for part of a name; TeX ends it here: \hatχ.
    source = re.sub(r"(\\[A-Za-z]+)(?=[^\W\d_A-Za-z])", r"\1 ", source)
    return _converted(source).translate(_UNSAFE)


_SAFE = dict(zip("%#&$~_\\", "\ue002\ue003\ue004\ue005\ue006\ue007\ue008", strict=True))
"""Characters that are text here but mean something to TeX (a bare % would hide the rest of the line)."""
_UNSAFE = {ord(_SPACE): " "} | {ord(stand_in): character for character, stand_in in _SAFE.items()}


def _converted(source: str) -> str:
    """Convert with pylatexenc only the parts with TeX in them: it is slow, character by character."""
    if "\\" not in source:
        return source
    prose: list[str] = []

    def set_aside(found: re.Match[str]) -> str:
        prose.append(found.group())
        return chr(_FIRST_PROSE + len(prose) - 1)

    if _depth(source) > _MAX_DEPTH:
        return source
    short = _PROSE.sub(set_aside, source)
    try:
        text: str = _converter().latex_to_text(short)
    except Exception:  # the parser raises many kinds of errors; keep the author's text
        return source
    return re.sub("[\U000f0000-\U000ffffd]", lambda found: prose[ord(found.group()) - _FIRST_PROSE], text)


def _known_macro(found: re.Match[str]) -> str:
    """Keep a command that the converter knows; of another keep the name, unless it wraps text."""
    name, space = found["name"], found["space"]
    wraps = found["wraps"] is not None
    if _OPERATOR.fullmatch(name):  # keep it apart from its neighbours: n\log\ell
        joins = found.string[found.end() :][:1] == "\\"
        return f"{' ' if found['joined'] is not None else ''}{name}{' ' if joins else space}"
    if name in _SPELLED:
        return _SAFE.get(_SPELLED[name], _SPELLED[name]) + space
    if _STYLE.fullmatch(name):
        return ""
    if name in _FRACTIONS:
        return found.group().replace(name, "frac")
    if name in _SCRIPTS and wraps:
        return _SCRIPTS[name]
    if name in _WIDE:
        return found.group().replace(name, _WIDE[name])
    if name in _known_names():
        # TeX swallows the space after a command; to a reader "\pm 3" is "± 3".
        return f"\\{name}{_SPACE}" if space and _takes_nothing(name) else found.group()
    return space if wraps else name + space


def _known_symbol(found: re.Match[str]) -> str:
    symbol = found[1]
    if symbol in "|-":  # a norm; a place where a word may break
        return "‖" if symbol == "|" else ""
    return found.group() if symbol in _known_names() or symbol in _ACCENTS else symbol


@cache
def _known_names() -> frozenset[str]:
    specs = _converter().latex_context.iter_macro_specs()
    return frozenset(spec.macroname for spec in specs) - {
        "href",
        "url",
        "today",
        "footnote",
    }  # these need two whole arguments


@cache
def _takes_nothing(name: str) -> bool:
    """Whether a command stands for a symbol; after a letter of a word (``\\o``) the space does go."""
    spec = get_default_parsing_db().get_macro_spec(name)
    return name not in _LETTERS and not (spec and spec.args_parser and spec.args_parser.argspec)


def _argument(node: Any, converter: Any, index: int = -1) -> str:
    arguments = [argument for argument in (node.nodeargd.argnlist or []) if argument is not None]
    return _unwrapped(converter.nodelist_to_text([arguments[index]])) if arguments else ""


def _unwrapped(text: str) -> str:
    """Take off the braces around all of ``text``: those of ``{ab}``, not of ``{a}{b}`` or ``x_{ij}``."""
    while text[:1] == "{" and text[-1:] == "}" and _depth(text[1:-1]) >= 0:
        text = text[1:-1]
    return text


def _fraction(node: Any, l2tobj: Any) -> str:
    parts = (_argument(node, l2tobj, index) for index in (0, 1))
    return "/".join(part if re.fullmatch(r"[\w.]*", part) else f"({part})" for part in parts)


def _root(node: Any, l2tobj: Any) -> str:
    body = _argument(node, l2tobj)
    degree = (
        _argument(node, l2tobj, 0).strip("[]").translate(_SUPERSCRIPT) if node.nodeargd.argnlist[0] else ""
    )
    return f"{degree}√{body}" if re.fullmatch(r"\w|\d+", body) else f"{degree}√({body})"


def _citation(node: Any, l2tobj: Any) -> str:
    return f"[{_argument(node, l2tobj)}]"


@cache
def _converter() -> LatexNodes2Text:
    """pylatexenc's converter, with the commands whose default result loses or changes what was meant."""
    context = get_default_latex_context_db()
    ours = [
        MacroTextSpec("frac", simplify_repl=_fraction),
        MacroTextSpec("sqrt", simplify_repl=_root),
        MacroTextSpec("item", simplify_repl=" • "),
        *(MacroTextSpec(name, simplify_repl=_citation) for name in _CITES),
    ]
    context.add_context_category("newsletter", macros=ours, prepend=True)
    return LatexNodes2Text(
        latex_context=context, math_mode="text", keep_braced_groups=True, keep_braced_groups_minlen=2
    )
