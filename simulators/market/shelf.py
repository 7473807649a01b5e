"""What the made-up marketplace shows: lists by popularity, with one place now and then given to chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from simulators.market.world import Prompt

POLICY_VERSION = "market-1"
PLACES = 10
# Chance that one place of a list goes to a prompt that popularity would not have shown.
EXPLORATION = 0.5
# Clicks count half after this many days.
HALF_LIFE_DAYS = 7.0
# What a prompt is taken to be worth before anything is known of it.
PRIOR_CLICKS = 0.5


@dataclass(frozen=True)
class Item:
    """One place of a served list. `propensity` is the chance with which this prompt came to this place."""

    prompt: Prompt
    position: int
    score: float
    propensity: float
    is_exploration: bool


class Popularity:
    """Clicks of each prompt, fading with time."""

    def __init__(self) -> None:
        self._clicks: dict[str, float] = {}

    def score(self, prompt: Prompt) -> float:
        """What the list is ordered by."""
        return round(PRIOR_CLICKS + self._clicks.get(prompt.external_id, 0.0), 6)

    def count_click(self, prompt: Prompt) -> None:
        """A click was made."""
        self._clicks[prompt.external_id] = self._clicks.get(prompt.external_id, 0.0) + 1.0

    def fade(self) -> None:
        """A day went by."""
        factor = 0.5 ** (1 / HALF_LIFE_DAYS)
        self._clicks = {key: clicks * factor for key, clicks in self._clicks.items()}


def serve(random: Random, candidates: Sequence[Prompt], popularity: Popularity) -> list[Item]:
    """The list for one visitor: the most popular candidates, or all but one of them and one other."""
    ordered = sorted(candidates, key=lambda prompt: (-popularity.score(prompt), prompt.external_id))
    shown, others = ordered[:PLACES], ordered[PLACES:]
    chance = EXPLORATION if others else 0.0
    explored = random.randrange(len(shown)) if others and random.random() < chance else None
    items = []
    for index, usual in enumerate(shown):
        is_exploration = index == explored
        prompt = random.choice(others) if is_exploration else usual
        # One of the places is explored, each as likely; of the others, each is as likely to come there.
        taken = chance / len(shown)
        items.append(
            Item(
                prompt=prompt,
                position=index + 1,
                score=popularity.score(prompt),
                propensity=round(taken / len(others) if is_exploration else 1 - taken, 8),
                is_exploration=is_exploration,
            )
        )
    return items


def newest(candidates: Sequence[Prompt]) -> list[Item]:
    """The list of new prompts, which leaves nothing to chance."""
    ordered = sorted(candidates, key=lambda prompt: (prompt.published_at, prompt.external_id), reverse=True)[:PLACES]
    return [
        Item(prompt=prompt, position=index, score=float(-index), propensity=1.0, is_exploration=False)
        for index, prompt in enumerate(ordered, start=1)
    ]


def on_sale(prompts: Sequence[Prompt], moment: datetime) -> list[Prompt]:
    """What was published by then."""
    return [prompt for prompt in prompts if prompt.published_at <= moment]
