"""Which thing a number belongs to: a claim may not move a number of its quote to something else.

Each content word of the claim speaks for the numbers of the quote near which it stands there. A number of the
claim is moved when the words around it speak for another number of the quote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

from newsletter.core.folding import is_cjk
from newsletter.core.receipts.ownership import is_from_another_clause, is_under_another_name
from newsletter.core.receipts.quantities import Quantity, quantities
from newsletter.core.receipts.words import place_of, stems, tokens

_MARGINS, _FOREIGN = (1.2, 1.05), (3.0, 2.0)
"""How much better another number must fit, alone and in exchange; a translation shares fewer words."""
_LEAST = 0.02
_LISTED = re.compile(r"^[^.;]*\band\s*$")


def moves_number(claim: str, quotes: Sequence[str], *, own: frozenset[str] = frozenset()) -> bool:
    """Say whether a number of ``claim`` belongs, by the words around it, to another number of its quotes.

    ``own`` are the names, folded, that the paper gives to its own: they go with every number.
    """
    stated = [number for number in quantities(claim) if number.upto is None]
    printed = tuple((quote, number) for quote in quotes for number in quantities(quote))
    ours = frozenset().union(*map(stems, own))
    fits = [(number, _fits(number, claim, printed, ours=ours)) for number in stated]
    margin, swapped = _FOREIGN if any(map(is_cjk, claim)) else _MARGINS
    return (
        any(_is_moved(number, fit, stated, stems(claim), margin=margin) for number, fit in fits)
        or any(_are_swapped(one, other, margin=swapped) for one, other in combinations(fits, 2))
        or any(is_under_another_name(claim, quote, own=own) for quote in quotes)
        or (len(quotes) == 1 and is_from_another_clause(claim, quotes[0], stated))
    )


_Fitted = tuple[Quantity, float]
_Fit = tuple[_Fitted, ...]


def _is_moved(
    number: Quantity, fits: _Fit, stated: Sequence[Quantity], said: frozenset[str], *, margin: float
) -> bool:
    same = [(printed, fit) for printed, fit in fits if number.agrees_with(printed)]
    others = [(printed, fit) for printed, fit in fits if not number.agrees_with(printed)]
    if not same:
        return False
    unclaimed = [
        (printed, fit) for printed, fit in others if not any(each.agrees_with(printed) for each in stated)
    ]
    if any(number.counted & printed.counted for printed, _ in same):
        if not any(number.counted & printed.counted for printed, _ in unclaimed):
            return False
    elif _all_count_another(number, same, others):
        return True
    rivals = [
        fit
        for printed, fit in unclaimed
        if _is_comparable(number, printed)
        if not _heads_another(printed, said) or all(_heads_another(each, said) for each, _ in same)
    ]
    own_fit = max(fit for _, fit in same)
    doubles = [fit for printed, fit in unclaimed if printed.value == number.value]
    return max(rivals, default=0.0) > margin * own_fit + _LEAST or max(doubles, default=0.0) > own_fit


def _all_count_another(number: Quantity, same: Sequence[_Fitted], others: Sequence[_Fitted]) -> bool:
    """Say whether the quote counts other things with this number, and the claim's with another."""
    counts_it = any(number.counted & printed.counted for printed, _ in others)
    return counts_it and all(printed.counted for printed, _ in same)


def _heads_another(printed: Quantity, said: frozenset[str]) -> bool:
    """Say whether a noun follows the number (56.6% CaVeScore) of which the claim does not speak."""
    return bool(printed.heads) and not printed.heads & said


def _are_swapped(one: tuple[Quantity, _Fit], other: tuple[Quantity, _Fit], *, margin: float) -> bool:
    """Say whether two numbers of a claim would fit better in each other's place."""
    if one[0].unit != other[0].unit or one[0].value == other[0].value:
        return False
    straight = _best(one[1], one[0]) + _best(other[1], other[0])
    crossed = _best(one[1], other[0]) + _best(other[1], one[0])
    return crossed > margin * straight + _LEAST


def _best(fits: _Fit, number: Quantity) -> float:
    return max((fit for printed, fit in fits if number.agrees_with(printed)), default=0.0)


def _is_comparable(number: Quantity, printed: Quantity) -> bool:
    return printed.upto is None and printed.unit == number.unit


def _fits(
    number: Quantity, claim: str, printed: Sequence[tuple[str, Quantity]], *, ours: frozenset[str]
) -> _Fit:
    """Share out the words of the claim among the printed numbers: each to those near which it stands.

    The nearer a word is to the number in the claim, the more it counts; on the other side of it, half.
    """
    nears = [_near(quote, each) for quote, each in printed]
    is_foreign = any(map(is_cjk, claim))
    said = tokens(claim)
    here = place_of(number.span[0], among=said, text=claim)
    fits = [0.0] * len(printed)
    for token in said:
        if token.stem in ours:
            continue
        is_after = None if is_foreign else token.place > here
        squares = [_nearness(near.get(token.stem), is_after=is_after) ** 2 for near in nears]
        total = sum(squares)
        for index, square in enumerate(squares if total else ()):
            fits[index] += square / total / (1 + abs(token.place - here))
    return tuple((each, fit) for (_, each), fit in zip(printed, fits, strict=True))


def _first_of_list(number: Quantity, quote: str) -> Quantity:
    """Return the number that leads a list of like ones: what stands before it is said of all of them.

    ``a gain of 11.6% over A and 25.0% over B``.
    """
    before = [each for each in quantities(quote) if each.span < number.span and each.unit == number.unit]
    leads = before and _LISTED.search(quote[before[-1].span[1] : number.span[0]])
    return _first_of_list(before[-1], quote) if leads else number


def _nearness(sides: tuple[float, float] | None, *, is_after: bool | None) -> float:
    """Weigh what stands on the wrong side by half; another language has its own order."""
    before, after = sides or (0.0, 0.0)
    if is_after is None:
        return max(before, after)
    return max(after, before / 2) if is_after else max(before, after / 2)


@lru_cache(maxsize=512)
def _near(quote: str, number: Quantity) -> dict[str, tuple[float, float]]:
    """Return how near to ``number`` each content word of ``quote`` stands, before and after; 1 at most."""
    shown = tokens(quote)
    there = place_of(number.span[0], among=shown, text=quote)
    first = _first_of_list(number, quote)
    head = place_of(first.span[0], among=shown, text=quote)
    near: dict[str, tuple[float, float]] = {}
    for token in shown:
        before, after = near.get(token.stem, (0.0, 0.0))
        distance = abs(token.place - there)
        if token.place < head:
            distance = min(distance, head - token.place + 1)
        closeness = 1 / (1 + distance)
        is_after = token.place > there
        near[token.stem] = (before, max(after, closeness)) if is_after else (max(before, closeness), after)
    return near
