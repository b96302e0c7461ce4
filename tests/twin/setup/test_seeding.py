"""Named draws: one name does not shift another, and a new candidate takes only the draws that it wins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from twin import seeding

NAMES = st.lists(st.text("abcdefgh_0123456789", min_size=1, max_size=8), min_size=1, max_size=6, unique=True)


@given(names=NAMES, new=st.text("xyz", min_size=1, max_size=4), seed=st.integers(0, 2**63))
def test_a_new_candidate_changes_only_what_it_wins(names: list[str], new: str, seed: int) -> None:
    before = names[seeding.pick(seed, "truck", names)]
    wider = sorted([*names, new])
    after = wider[seeding.pick(seed, "truck", wider)]
    assert after in (before, new)


@given(names=NAMES, seed=st.integers(0, 2**63))
def test_the_order_of_candidates_does_not_matter(names: list[str], seed: int) -> None:
    backwards = names[::-1]
    assert names[seeding.pick(seed, "pack", names)] == backwards[seeding.pick(seed, "pack", backwards)]


def test_every_candidate_is_drawn_as_often() -> None:
    names = ["dump", "mixer", "tractor", "trailer"]
    counts = [0] * len(names)
    for seed in range(2000):
        counts[seeding.pick(seed, "truck", names)] += 1
    assert chisquare(counts).pvalue > 1e-3
