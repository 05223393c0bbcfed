"""Where a comment says that a paper was accepted. The comments are real ones of June 2026."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.arxiv.venues import LONGEST, venue_in


@pytest.mark.parametrize(
    ("comment", "venue"),
    [
        ("Accepted at NeurIPS 2026", "NeurIPS 2026"),
        (
            "9 pages. Accepted at the 43rd International Conference on Machine Learning (ICML 2026)",
            "ICML 2026",
        ),
        ("ICML 2026 Accepted", "ICML 2026"),
        ("CVPR 2026 (Highlight) Camera ready", "CVPR 2026"),
        ("IEEE ICRA 2026", "ICRA 2026"),
        ("ICML 2026, 12 pages", "ICML 2026"),
        ("19 pages, 13 figures, KDD 2026", "KDD 2026"),
        ("Accept by CVPR2026", "CVPR2026"),
        ("Accepted by KDD'26", "KDD'26"),
        (
            "To appear in Proceedings of the 43rd International Conference on Machine Learning, ICML 2026",
            "ICML 2026",
        ),
        (
            "Accepted to the International Symposium on Software Testing and Analysis (ISSTA), 2020",
            "ISSTA 2020",
        ),
        ("accepted and presented at IEEE ICC-2026 conference paper", "ICC-2026"),
        ("15 pages, 4 figures, 1 table. Accepted for publication in ApJL", "ApJL"),
        ("accepted for publication in Phys. Rev. B", "Phys. Rev. B"),
        (
            "64 pages, accepted in Research in Astronomy and Astrophysics",
            "Research in Astronomy and Astrophysics",
        ),
        ("12pages, 12 figures, A&A accepted", "A&A"),
        ("10 pages, A&A, in press", "A&A"),
        ("27 pages, and 2 tables, published on Science Advances (22nd May 2026)", "Science Advances"),
        (
            "Accepted in IEEE Transactions on Intelligent Transportation Systems. https://ieeexplore.ieee.org/",
            "IEEE Transactions on Intelligent Transportation Systems",
        ),
        ("Author accepted manuscript of the article published in Physics Letters B", "Physics Letters B"),
    ],
)
def test_it_finds_the_name_as_the_authors_write_it(comment: str, venue: str) -> None:
    assert venue_in(comment) == venue


@pytest.mark.parametrize(
    ("comment", "venue"),
    [
        ("17 pages, 4 figures. Accepted at SPIGM Workshop, ICML 2026", "SPIGM Workshop, ICML 2026"),
        ("Accepted to ACL 2026 Findings", "ACL 2026 Findings"),
        ("Accepted to AI4Space at CVPR 2026", "AI4Space at CVPR 2026"),
        ("Accepted to ACL 2026 MeLLM", "ACL 2026 MeLLM"),
        ("Accepted by CVPR - DriveX Workshop", "CVPR - DriveX Workshop"),
        (
            "Accepted at the IEEE/CVF CVPR 2026 Workshop on Visual Concepts (VisCon). 25 pages, 8 figures",
            "IEEE/CVF CVPR 2026 Workshop on Visual Concepts (VisCon)",
        ),
        ("6 pages, 5 figures. Accepted to ICME 2026 Grand Challenge", "ICME 2026 Grand Challenge"),
    ],
)
def test_what_belongs_to_a_conference_is_not_called_the_conference(comment: str, venue: str) -> None:
    assert venue_in(comment) == venue


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "9 figures, 7 tables. Under review at EMNLP 2026",
        "Submitted to EMNLP 2026",
        "10 pages, submitted to COLM 2026 (under review) and accepted by no one",
        "Extended version of the CVPR 2026 paper MindPower",
        "Initial version accepted at Workshop on Structured Probabilistic Inference, ICML 2026",
        "CVPR 2026 SoccerNet FIFA Skeleton Tracking Light Challenge, Rank 6",
        "Technical report for the VRR Challenge at the VideoLLMs Workshop, CVPR 2026",
        "Accepted for publication",
        "Accepted by the DeLTA 2026 conference",
        "MICCAI2025 extention",
        "Code: https://github.com/icml2026/code",
        "We are interested in science and nature",
        "Not accepted at ICML 2026",
        "This paper is about the NeurIPS 2026 review process",
    ],
)
def test_what_is_not_said_or_not_known_is_not_guessed(comment: str) -> None:
    assert venue_in(comment) == ""


@given(st.text(alphabet=st.sampled_from(list("accepted at ICML2026,.()/ workshop")), max_size=200))
def test_the_words_are_the_comments_own(noise: str) -> None:
    comment = " ".join(f"Accepted at {noise} ICML 2026".split())
    found = venue_in(comment)
    assert len(found) <= LONGEST
    assert found.rstrip("…") in comment


@pytest.mark.parametrize(
    "comment",
    [
        "accepted " + "(" * 10_000,
        "accepted at " + "IEEE Transactions on " + "A b, " * 3_000,
        "Accepted at ICML 2026 " + "the, " * 2_500,
        "accepted as a " + "word " * 2_500,
        "ICML " * 2_500,
        "Accepted at " + "1 pages, " * 1_200,
    ],
)
def test_a_long_comment_takes_no_longer_than_a_moment(comment: str) -> None:
    began = time.process_time()
    venue_in(comment)
    assert time.process_time() - began < 1
