"""Why a paper was chosen: the kept paper that shares most, and words that stand in both."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import Stemmer
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.adapters.infra.taste_snapshot import shipped_snapshot
from newsletter.core.arxiv.sentences import word_set
from newsletter.core.taste.profiles import Examples, Liked, learn
from newsletter.core.taste.reasons import Commonness, Kept, Paper, Why, shared_terms, why
from newsletter.core.taste.terms import fold
from newsletter.core.taste.wording import Text
from tests.core.taste.papers import ALL, snapshot

KNOWN = snapshot()
SHIPPED = shipped_snapshot()
NOW = datetime(2026, 6, 15, tzinfo=UTC)
SPLATTING = Text(
    "3D Gaussian Splatting of Street Scenes",
    "Street scenes are rendered by 3D Gaussian splatting. A camera drives by.",
)
TRANSLATION = Text(
    "Machine Translation of Dialects", "Machine translation of dialects lacks a parallel corpus."
)
QKD = Text(
    "Quantum Key Distribution at Gigahertz Rates",
    "Quantum key distribution (QKD) runs at 2 GHz. A GHz clock drives QKD over fiber.",
)
CODES = Text(
    "Quantum Low-Density Parity-Check Codes",
    "Quantum low-density parity-check codes need few checks. Low-density codes decode fast.",
)


def _said(
    paper: Text, *kept: Text, common: dict[str, int] | None = None, muted: tuple[str, ...] = ()
) -> Why | None:
    """Say why the kept papers want ``paper``. ``common``: in how many of the topic's 101 papers a term is."""
    vectors = {number: SHIPPED.vector(each.title, each.abstract) for number, each in enumerate(kept)}
    likes = tuple(Liked(number, vector, NOW) for number, vector in vectors.items())
    counts = {SHIPPED.numbers[key]: count for key, count in (common or {}).items()}
    return why(
        Paper(SHIPPED.vector(paper.title, paper.abstract), paper, paper.phrases(SHIPPED)),
        profile=learn(Examples(likes), snapshot=SHIPPED).vector,
        kept={number: Kept(vector, kept[number]) for number, vector in vectors.items()},
        commonness=Commonness(101, lambda term: counts.get(term, 1), SHIPPED),
        muted=muted,
    )


def _terms(paper: Text, *kept: Text, common: dict[str, int] | None = None) -> tuple[str, ...]:
    found = _said(paper, *kept, common=common)
    return found.terms if found else ()


def test_it_names_the_kept_paper_that_shares_most_and_only_words_of_that_one() -> None:
    paper = Text(
        "Machine Translation and Gaussian Splatting",
        "Machine translation of dialects with a parallel corpus, beside 3D Gaussian splatting.",
    )
    assert _said(paper, SPLATTING, TRANSLATION, QKD) == Why(1, ("Machine translation",))
    assert _terms(paper, SPLATTING, QKD) == ("3D Gaussian splatting",)


def test_a_phrase_is_said_whole_and_its_pieces_are_not() -> None:
    paper = Text("Driving", "We render street scenes with 3D Gaussian splatting, and splatting is fast.")
    assert _terms(paper, SPLATTING) == ("street scenes", "3D Gaussian splatting")


def test_nothing_is_cut_out_of_a_compound() -> None:
    paper = Text("Quantum low-density lattice codes", "These quantum low-density lattice codes are new.")
    assert not {"quantum low", "Quantum low", "density"} & set(_terms(paper, CODES))
    agents = Text("Long-horizon Agents", "Long-horizon agents plan. Long-horizon agents act.")
    assert _terms(agents, Text("Horizon Agents", "Horizon agents see the horizon.")) == ()
    assert _terms(agents, agents) == ("Long-horizon agents",)


def test_nothing_is_cut_off_before_the_noun_it_belongs_to() -> None:
    kept = Text("Superconducting Nanowire Detectors", "A superconducting nanowire detector counts photons.")
    paper = Text("On Superconducting Nanowire Memories", "Superconducting nanowire memories store bits.")
    assert not [
        term for term in _terms(paper, kept) if term.lower().endswith(("superconducting", "nanowire"))
    ]
    assert _terms(Text("Nanowire detectors", "A nanowire detector."), kept) == ("nanowire detector",)


def test_words_common_in_the_topic_are_no_reason_beside_others() -> None:
    paper = Text("Dialects and Machine Translation", "Machine translation of dialects is slow.")
    everywhere = {"machin": 60, "translat": 80, "machin translat": 60}
    assert _terms(paper, TRANSLATION, common=everywhere) == ("dialects",)


def test_where_the_whole_topic_is_about_one_thing_both_titles_may_still_say_it() -> None:
    everywhere = {"machin": 60, "translat": 80, "machin translat": 60}
    slow = Text("Slow Machine Translation", "Translation of languages is slow.")
    assert _terms(slow, TRANSLATION, common=everywhere) == ("Machine Translation",)
    mentioned = Text("Slow Languages", "Machine translation of languages is slow.")
    assert _said(mentioned, TRANSLATION, common=everywhere) is None
    models = Text("Language Models of Dialect", "A language model has dialects.")
    everywhere = {"languag": 90, "model": 90, "languag model": 90}
    assert _said(models, Text("Language Models", "A language model."), common=everywhere) is None


def test_words_common_in_a_field_are_no_reason_by_themselves() -> None:
    kept = Text("A Conjecture on Sums of Integers", "The conjecture bounds sums of integers on a lattice.")
    paper = Text(
        "Integers, Sums and a Conjecture", "A conjecture on integers: sums over a lattice, integers."
    )
    common = {"conjectur": 20, "sum": 17, "integ": 22}
    assert not {"conjecture", "integers", "sums"} & set(map(str.lower, _terms(paper, kept, common=common)))


def test_a_single_word_must_be_more_than_a_mention_in_both() -> None:
    paper = Text("Fibers", "Fiber loss grows. The fiber is long.")
    assert _terms(paper, QKD) == ()
    assert _terms(paper, Text("Fiber Networks", "Networks of fiber are laid.")) == ("fiber",)


def test_it_is_written_as_the_paper_writes_it_and_acronyms_alike_in_both() -> None:
    assert _terms(Text("QKD", "We run quantum key distribution."), QKD) == ("quantum key distribution",)
    assert _terms(Text("GHZ States", "A GHZ state has three qubits; GHZ states are fragile."), QKD) == ()
    assert "tensorization" not in _terms(
        Text("Tensorization", "Approximate tensorization holds. Tensorization bounds entropy."),
        Text("Tensor Networks", "A tensor network. Each tensor is small."),
    )


def test_an_acronym_and_its_words_are_one_thing() -> None:
    paper = Text("QKD", "Quantum key distribution: QKD is safe. QKD runs.")
    assert _terms(paper, QKD) in (("Quantum key distribution",), ("QKD",))
    splatting = Text("3DGS", "3D Gaussian splatting (3DGS) is fast. 3DGS renders.")
    assert len(_terms(splatting, splatting)) == 1


def test_a_muted_word_is_not_said() -> None:
    paper = Text("Dialects and Machine Translation", "Machine translation of dialects is slow.")
    found = _said(paper, TRANSLATION, muted=("translat",))
    assert found == Why(0, ("dialects",))
    assert _said(paper, TRANSLATION, muted=("translat", "dialect")) is None


def test_it_says_nothing_where_nothing_is_shared() -> None:
    assert _said(SPLATTING, TRANSLATION) is None
    assert _said(SPLATTING) is None
    assert _said(Text("", ""), Text("", "")) is None


WORDS = sorted(
    word_set(
        """quantum key distribution low-density parity-check codes Gaussian splatting 3D VLA VLAs long-horizon
        agents language models the of a we and for conjecture integer sum lattice Bayesian trial trials
        holographic entropy entanglement's 2 10 Myr GHz GHZ ultrafast fully robustly Poincaré p-adic curves II
        (see x) . , : state-of-the-art"""
    )
)
texts = st.builds(
    lambda title, abstract: Text(" ".join(title), " ".join(abstract)),
    st.lists(st.sampled_from(WORDS), max_size=8),
    st.lists(st.sampled_from(WORDS), max_size=40),
)


@given(texts, st.lists(texts, min_size=1, max_size=4))
@example(SPLATTING, [SPLATTING])
def test_every_word_is_verbatim_in_the_paper_and_its_stem_in_the_named_one(
    paper: Text, kept: list[Text]
) -> None:
    found = _said(paper, *kept)
    if found is None:
        return
    named = kept[found.paper]
    assert 1 <= len(found.terms) <= 3
    for term in found.terms:
        whole = rf"(?<![^\W_])(?<![^\W_][-‐–]){re.escape(term)}(?![^\W_])(?![-‐–][^\W_])"
        assert re.search(whole, f"{paper.title} | {paper.abstract}")
        assert f" {' '.join(_stems(term))} " in f" {' '.join(_stems(f'{named.title} | {named.abstract}'))} "
    said = [stem for term in found.terms for stem in set(_stems(term))]
    assert len(said) == len(set(said))  # so none is a piece of another either


@given(st.permutations([SPLATTING, TRANSLATION, QKD, CODES]))
def test_the_order_of_kept_papers_changes_nothing(kept: list[Text]) -> None:
    paper = Text(
        "Codes and keys", "Quantum key distribution with low-density parity-check codes and dialects."
    )
    found = _said(paper, *kept)
    assert found is not None
    assert (kept[found.paper], found.terms) == (CODES, ("low-density parity-check codes",))


def _stems(text: str) -> list[str]:
    words = re.findall(r"[^\W_]+|\|", fold(re.sub(r"['’]\w*", "", text)))
    return list(Stemmer.Stemmer("english").stemWords(words))


def _vector(number: int) -> dict[int, float]:
    return KNOWN.vector(*ALL[number])


def test_what_a_cluster_has_in_common() -> None:
    found = shared_terms(_vector(4), others=[_vector(5), _vector(6), _vector(7)], snapshot=KNOWN)
    assert "honey bees" in found
    assert len(found) <= 3
    assert shared_terms(_vector(4), others=[_vector(0), _vector(8)], snapshot=KNOWN) == ()
    assert shared_terms(_vector(4), others=[], snapshot=KNOWN) == ()
