"""arXiv's query language: what a text means, how it is written, and what a mistake is told."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from newsletter.core.arxiv.categories import is_category
from newsletter.core.arxiv.query import (
    MAX_DEPTH,
    MAX_LENGTH,
    And,
    AndNot,
    Field,
    Or,
    Query,
    Term,
    categories,
    covers,
    parse,
    point_at,
    to_text,
)
from newsletter.errors import BadInput


def _title(*words: str) -> Term:
    return Term(Field.TITLE, words)


def _category(code: str) -> Term:
    return Term(Field.CATEGORY, (code.removesuffix("*"),), prefix=code.endswith("*"))


A, B, C = (Term(Field.ALL, (word,)) for word in ("ant", "bee", "cow"))


# --- what a text means -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("ant", A),
        ("all:ant", A),
        ("TI:ant", _title("ant")),
        ('ti:"talking  head"', _title("talking", "head")),
        ("ti:“talking head”", _title("talking", "head")),
        ("au:del_maestro", Term(Field.AUTHOR, ("del", "maestro"))),
        ("transf*", Term(Field.ALL, ("transf",), prefix=True)),
        ("abs:talking_hea*", Term(Field.ABSTRACT, ("talking", "hea"), prefix=True)),
        ('"C*-algebra"', Term(Field.ALL, ("C*-algebra",))),
        ('"AND"', Term(Field.ALL, ("AND",))),
        ("cat:CS.cv", _category("cs.CV")),
        ("cat:cond-mat.Supr-Con", _category("cond-mat.supr-con")),
        ('cat:"hep-th"', _category("hep-th")),
        ("cat:cs.*", _category("cs.*")),
        ("id:2606.14173V2", Term(Field.ID, ("2606.14173v2",))),
        ("id:quant-ph/0201082", Term(Field.ID, ("quant-ph/0201082",))),
        ("ant AND bee AND cow", And((A, B, C))),
        ("ant AND (bee AND cow)", And((A, B, C))),
        ("ant OR bee AND cow", And((Or((A, B)), C))),
        ("ant AND bee OR cow", Or((And((A, B)), C))),
        ("ant ANDNOT bee OR cow", Or((AndNot(A, B), C))),
        ("ant OR (bee AND cow)", Or((A, And((B, C))))),
        ("ant bee", Or((A, B))),
        ("(ant)(bee)", Or((A, B))),
        ("ANDNOT ant", AndNot(None, A)),
        ("ti:(ant OR all:bee)", Or((_title("ant"), B))),
        ("ant\nAND\tbee", And((A, B))),
    ],
)
def test_it_reads(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize("text", ["and ant", "ant or", "ti:and", '"ant and bee"', "not"])
def test_it_takes_a_small_operator_for_a_word_where_no_operator_could_stand(text: str) -> None:
    parse(text)


# --- what a mistake is told ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "empty"),
        ("  ", 0, "empty"),
        ("cat:cs.CL AND title:ant", 14, "unknown field 'title' at character 15: use ti:"),
        ("auther:li", 0, "use au:"),
        ("foo:bar", 0, "use one of all, ti,"),
        ("submittedDate:[20260101 TO 20260201]", 0, "leave dates out"),
        ("ti: ant", 3, "right after the colon"),
        ("ti:", 3, "right after the colon"),
        ("au:ant:bee", 6, "second ':'"),
        ("ant and bee", 4, "write AND"),
        ("ant Or bee", 4, "write OR"),
        ("ant not bee", 4, "write ANDNOT"),
        ("ant AND NOT bee", 8, "write ANDNOT"),
        ("ti:(ant and bee)", 8, "write AND"),
        ("ant AND", 7, "nothing between 'AND' and the end"),
        ("ant AND OR bee", 8, "nothing between 'AND' and OR"),
        ("OR ant", 0, "nothing before OR"),
        ("()", 1, "nothing between '(' and ')'"),
        ("ti:(ant", 3, "never closed"),
        ("ant)", 3, "without '('"),
        ('ant AND "bee', 8, "never closed"),
        ('ant OR ""', 7, "nothing to look for"),
        ("ant -bee", 4, "ANDNOT"),
        ("c*w", 1, "end of a word"),
        ("wh?t", 2, "end of a word"),
        ("*", 0, "nothing to look for"),
        ("all:a*", 4, "at least two letters"),
        ("au:li+AND+ti:ant", 5, "web address"),
        ("cat:cs.CV,cs.CL", 4, "unknown category"),
        ("id:14173", 3, "no arXiv id"),
        ("id:2606.*", 3, "no arXiv id"),
        ("ant\x00", 3, "U+0000"),
        ("ant \ud800", 4, "U+D800"),
        ("a" * (MAX_LENGTH + 1), MAX_LENGTH, "1000 characters"),
        ("(" * 200 + "ant" + ")" * 200, MAX_DEPTH, "too deep"),
    ],
)
def test_it_says_what_is_wrong_where_and_what_to_do(text: str, position: int, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text)
    assert words in str(caught.value)
    assert caught.value.position == position
    assert "\n" not in str(caught.value)


def test_it_refuses_a_chain_of_alternating_operators_as_too_deep() -> None:
    with pytest.raises(BadInput, match="too deep"):
        parse("ant OR bee AND " * 30 + "cow")


def test_it_reads_as_many_words_side_by_side_as_fit() -> None:
    query = parse("a " * 250)
    assert isinstance(query, Or)
    assert len(query.parts) == 250


def test_it_asks_about_every_category_and_points_at_the_unknown_one() -> None:
    asked: list[str] = []

    def known(code: str) -> bool:
        asked.append(code)
        return code != "cs.XX"

    with pytest.raises(BadInput, match=r"unknown category 'cs\.xx' at character 25") as caught:
        parse("cat:(math.* OR cs.cv OR cs.xx)", known_category=known)
    assert asked == ["math.*", "cs.CV", "cs.XX"]
    assert caught.value.position == 24


def test_it_says_which_category_may_be_meant() -> None:
    with pytest.raises(BadInput, match=r"at character 5: did you mean quant-ph\? Otherwise give a code"):
        parse("cat:quant.ph", known_category=is_category)


def test_it_points_at_the_character_with_a_caret() -> None:
    text = "cat:cs.CL AND title:ant"
    with pytest.raises(BadInput) as caught:
        parse(text)
    message, line, caret = point_at(text, error=caught.value).splitlines()
    assert message == str(caught.value)
    assert line.strip() == text
    assert line[caret.index("^") :] == "title:ant"


def test_its_caret_allows_for_wide_characters() -> None:
    text = "扩散 title:x"
    with pytest.raises(BadInput) as caught:
        parse(text)
    caret = point_at(text, error=caught.value).splitlines()[-1]
    assert caret == "  " + " " * 5 + "^"


# --- which categories a query requires -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "required"),
    [
        ("ant", None),
        ("cat:cs.CV", {"cs.CV"}),
        ("cat:cs.*", {"cs.*"}),
        ("cat:cs.CV OR cat:cs.CL", {"cs.CV", "cs.CL"}),
        ("cat:cs.CV OR ant", None),
        ("cat:cs.CV AND ant", {"cs.CV"}),
        ("cat:(cs.CV OR cs.CL) AND cat:cs.GR", {"cs.GR"}),
        ("cat:cs.* AND cat:(cs.CV OR cs.CL)", {"cs.CV", "cs.CL"}),
        ("ANDNOT cat:cs.CV", None),
        ("ant ANDNOT cat:cs.CV", None),
        ("cat:(cs.CV OR cs.CL) ANDNOT ant", {"cs.CV", "cs.CL"}),
        ("cat:(cs.CV OR cs.CL) ANDNOT cat:(cs.CL OR math.*)", {"cs.CV"}),
        ("cat:(cs.CV OR cs.CL) ANDNOT (cat:cs.CL AND ant)", {"cs.CV", "cs.CL"}),
        ("cat:cs.CV ANDNOT cat:cs.*", set()),
        ("cat:cs.* ANDNOT cat:cs.CV", {"cs.*"}),
    ],
)
def test_it_knows_the_required_categories(text: str, required: set[str] | None) -> None:
    assert categories(parse(text)) == required


def test_a_pattern_covers_its_archive() -> None:
    assert covers("cs.*", "cs.CV")
    assert covers("astro-ph*", "astro-ph.CO")
    assert covers("hep-th.*", "hep-th")
    assert not covers("cs.*", "physics.comp-ph")
    assert not covers("cs.C", "cs.CV")


# --- properties ------------------------------------------------------------------------------------------

_WORD = st.text(st.sampled_from('aZ9é扩ß.-*?:_"()%'), min_size=1, max_size=6)


def _is_word(word: str) -> bool:
    return any(character.isalnum() for character in word) and '"' not in word and "%2" not in word


_PLAIN = st.builds(
    Term,
    st.sampled_from([Field.ALL, Field.TITLE, Field.ABSTRACT, Field.AUTHOR, Field.COMMENT]),
    st.lists(_WORD.filter(_is_word) | st.sampled_from(["AND", "or", "NOT"]), min_size=1, max_size=3).map(
        tuple
    ),
)
_PREFIX = st.builds(
    Term, st.sampled_from([Field.ALL, Field.AUTHOR]), st.sampled_from([("tal",), ("de", "ma")]), st.just(True)
)
_CODED = st.sampled_from(["cs.CV", "hep-th", "cs.*"]).map(_category)


def _flat(kind: type[And] | type[Or], parts: list[Query]) -> Query:
    flattened: list[Query] = []
    for part in parts:
        flattened += part.parts if isinstance(part, kind) else (part,)
    return kind(tuple(flattened))


def _larger(smaller: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    parts = st.lists(smaller, min_size=2, max_size=3)
    return (
        parts.map(lambda chosen: _flat(And, chosen))
        | parts.map(lambda chosen: _flat(Or, chosen))
        | st.builds(AndNot, st.none() | smaller, smaller)
    )


QUERIES: st.SearchStrategy[Query] = st.recursive(_PLAIN | _PREFIX | _CODED, _larger, max_leaves=8)
TEXTS = st.text(max_size=40) | st.lists(
    st.sampled_from(
        ["ti:", "cat:cs.CV", "cat:", "ant", '"', "(", ")", " ", "AND", "OR", "ANDNOT", "or", "*", "_", ":"]
    ),
    max_size=20,
).map("".join)


@given(QUERIES)
def test_a_written_query_reads_as_the_same_tree(query: Query) -> None:
    text = to_text(query)
    assume(len(text) <= MAX_LENGTH)
    assert parse(text) == query


def _parse_or_refuse(text: str) -> Query | BadInput:
    try:
        return parse(text)
    except BadInput as error:
        return error


@given(TEXTS)
def test_any_text_is_read_or_refused_at_a_character_of_it(text: str) -> None:
    outcome = _parse_or_refuse(text)
    if isinstance(outcome, BadInput):
        assert outcome.position is not None
        assert 0 <= outcome.position <= len(text)
        assert point_at(text, error=outcome).startswith(str(outcome))
    else:
        assert parse(to_text(outcome)) == outcome


@given(QUERIES, st.sets(st.sampled_from(["cs.CV", "cs.CL", "hep-th"])))
def test_a_paper_outside_the_required_categories_cannot_match(query: Query, paper: set[str]) -> None:
    required = categories(query)
    if required is None or any(covers(pattern, code) for pattern in required for code in paper):
        return
    assert not _could_match(query, paper)


def _could_match(query: Query, paper: set[str]) -> bool:
    """Whether some text would make a paper of these categories match, if terms of text may go either way."""
    return True in _outcomes(query, paper)


def _outcomes(query: Query, paper: set[str]) -> set[bool]:
    if isinstance(query, Term):
        if query.field is not Field.CATEGORY:
            return {True, False}
        pattern = query.words[0] + "*" * query.prefix
        return {any(covers(pattern, code) for code in paper)}
    if isinstance(query, AndNot):
        keep = {True} if query.keep is None else _outcomes(query.keep, paper)
        return {kept and not dropped for kept in keep for dropped in _outcomes(query.drop, paper)}
    results = [_outcomes(part, paper) for part in query.parts]
    if isinstance(query, And):
        return _all(results)
    return {not outcome for outcome in _all([{not value for value in each} for each in results])}


def _all(results: list[set[bool]]) -> set[bool]:
    outcomes = set()
    if all(True in each for each in results):
        outcomes.add(True)
    if any(False in each for each in results):
        outcomes.add(False)
    return outcomes
