"""The corpus of messages ends in the same catalogue in whatever order it comes, and however often."""

from __future__ import annotations

import random

import pytest

from tests.ingest.apply.corpus import EVERYTHING, feed
from tests.ingest.apply.ground import Ground
from tests.ingest.apply.snapshot import Snapshot, changes, take


def test_the_corpus_fed_again_changes_nothing(straight_ground: Ground) -> None:
    before = changes(straight_ground.session)
    straight_ground.finish(feed(straight_ground, EVERYTHING))
    assert changes(straight_ground.session) == before


@pytest.mark.parametrize("seed", [1])
def test_the_corpus_in_another_order_ends_in_the_same_catalogue(ground: Ground, straight: Snapshot, seed: int) -> None:
    names = list(EVERYTHING)
    random.Random(seed).shuffle(names)
    ground.finish(feed(ground, names))
    assert take(ground.session).canonical() == straight.canonical()
