"""`python -m simulators.market`: writes a made-up market as import files."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from simulators.market.generation import generate
from simulators.market.world import MarketSize


def main() -> int:
    """Write the files, or say in one line why not."""
    size = MarketSize()
    parser = argparse.ArgumentParser(prog="python -m simulators.market", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="directory for the four files")
    parser.add_argument("--seed", type=int, default=7, help="another seed, another market (default: %(default)s)")
    parser.add_argument("--days", type=_positive, default=size.days, help="default: %(default)s")
    parser.add_argument("--prompts", type=_positive, default=size.prompts, help="default: %(default)s")
    parser.add_argument("--sellers", type=_positive, default=size.sellers, help="default: %(default)s")
    parser.add_argument("--buyers", type=_positive, default=size.buyers, help="default: %(default)s")
    parser.add_argument(
        "--end", type=_moment, help="RFC 3339 time before which all happens (default: today, 00:00 UTC)"
    )
    arguments = parser.parse_args()
    end = arguments.end or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    size = MarketSize(
        days=arguments.days, prompts=arguments.prompts, sellers=arguments.sellers, buyers=arguments.buyers
    )
    try:
        truth = generate(arguments.output, seed=arguments.seed, size=size, end=end)
    except OSError as error:
        print(f"{arguments.output} can't be written: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{sum(truth['events'].values())} events and {truth['orders']} orders before {truth['end']}")
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {number}")
    return number


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"needs a time zone, for example {text}Z")
    return moment.astimezone(UTC)


if __name__ == "__main__":
    sys.exit(main())
