"""Which licences allow figures, what they are called, and the line that gives credit."""

from __future__ import annotations

import pytest

from newsletter.core.arxiv.figures import licence_name, may_show_figures

CC = "creativecommons.org"


@pytest.mark.parametrize(
    ("url", "name", "allows"),
    [
        (f"http://{CC}/licenses/by/4.0/", "CC BY 4.0", True),
        (f"https://{CC}/licenses/by/3.0", "CC BY 3.0", True),
        (f"http://www.{CC}/licenses/by-sa/4.0/legalcode", "CC BY-SA 4.0", True),
        (f"http://{CC}/publicdomain/zero/1.0/", "CC0 1.0", True),
        (f"http://{CC}/licenses/by-nc/4.0/", "CC BY-NC 4.0", False),
        (f"http://{CC}/licenses/by-nc-sa/4.0/", "CC BY-NC-SA 4.0", False),
        (f"http://{CC}/licenses/by-nc-nd/4.0/", "CC BY-NC-ND 4.0", False),
        (f"http://{CC}/licenses/by-nd/4.0/", "CC BY-ND 4.0", False),
        ("http://arxiv.org/licenses/nonexclusive-distrib/1.0/", "arXiv licence", False),
        ("http://arxiv.org/licenses/assumed-1991-2003/", "", False),
        (f"http://evil.example/{CC}/licenses/by/4.0/", "", False),
        (f"http://{CC}.evil.example/licenses/by/4.0/", "", False),
        (f"see http://{CC}/licenses/by/4.0/", "", False),
        ("CC BY 4.0", "", False),
        ("", "", False),
    ],
)
def test_cc_by_by_sa_and_cc0_allow_figures_and_nothing_else_does(url: str, name: str, allows: bool) -> None:
    assert licence_name(url) == name
    assert may_show_figures(url, policy="licensed") is allows
    assert may_show_figures(url, policy="all")
    assert not may_show_figures(url, policy="off")
