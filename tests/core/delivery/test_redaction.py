"""No address stays in what another server said, in whichever form it writes it."""

from __future__ import annotations

import pytest

from newsletter.core.delivery.redaction import redacted, without_keys


@pytest.mark.parametrize(
    "said", ["<ann@example.org>: unknown", "ann%40example.org unknown", "ANN unknown", "(ann) unknown"]
)
def test_an_address_or_its_name_alone_is_taken_out(said: str) -> None:
    shown = redacted(f"550 5.1.1 {said}", names=["ann"], by="…")
    assert "ann" not in shown.lower()
    assert shown.startswith("550 5.1.1 ")
    assert shown.endswith("unknown")


def test_a_name_within_a_word_stays() -> None:
    assert (
        redacted("the channel cannot be opened", names=["ann", ""], by="…") == "the channel cannot be opened"
    )


def test_the_token_in_an_address_of_list_unsubscribe_is_taken_out() -> None:
    tag = "u" + "a" * 39
    for at in ("@", "%40"):
        said = without_keys(f"554 List-Unsubscribe <mailto:bounces+{tag}{at}example.org> is listed")
        assert said == f"554 List-Unsubscribe <mailto:bounces+…{at}example.org> is listed"
