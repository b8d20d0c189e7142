"""What the benchmark finds out: figures, their bars, and how samples become one number."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self


@dataclass(frozen=True)
class Figure:
    """One measured number. `limit` is the same thing done by the bare minimum, in the same unit.

    `bar` says what is asked for, `is_met` None where nothing is asked. `ratio` compares with the limit: how
    many times slower for times and sizes, which share of it for throughput.
    """

    part: str
    what: str
    value: float
    unit: str
    limit: float | None = None
    ratio: float | None = None
    bar: str = ""
    is_met: bool | None = None

    def beside(self, limit: float, ratio: float) -> Self:
        """The same with what the bare minimum measured in its place."""
        return replace(self, limit=limit, ratio=ratio)

    def asked(self, bar: str, *, is_met: bool) -> Self:
        """The same with what is asked for."""
        return replace(self, bar=bar, is_met=is_met)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values, numbers rounded to four places behind the point."""
        rounded = {name: round(value, 4) for name, value in asdict(self).items() if isinstance(value, float)}
        return {**asdict(self), **rounded}


@dataclass(frozen=True)
class Spread:
    """The middle and the slow end of some samples, in the samples' unit."""

    p50: float
    p95: float
    count: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Self:
        """Raises ValueError for no samples at all: a part that measured nothing must not look quick."""
        if not samples:
            raise ValueError("nothing was measured")
        return cls(quantile(samples, 0.50), quantile(samples, 0.95), len(samples))


def quantile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` of the samples do not exceed."""
    ordered = sorted(samples)
    rank = -(-len(ordered) * share // 1)  # rounded up
    return ordered[max(int(rank) - 1, 0)]


def median(samples: Sequence[float]) -> float:
    """The middle sample, or the mean of the two middle ones."""
    return statistics.median(samples)


def median_ratio(measured: Sequence[float], limits: Sequence[float]) -> float:
    """The median of the rounds' ratios: what slows the machine for a while slows both sides of a round."""
    return median([one / other for one, other in zip(measured, limits, strict=True)])


def is_within(share: float, ratio: float) -> bool:
    """Whether two numbers of this ratio differ by at most `share` (0.2: a fifth), whichever is larger."""
    return max(ratio, 1 / ratio) <= 1 + share
