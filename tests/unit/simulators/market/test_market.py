"""The made-up market."""

import csv
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from simulators.market import MarketSize, generate
from warehouse.events import parse
from warehouse.imports.identity import imported_id
from warehouse.settings import PROJECT_ROOT

END = datetime(2026, 5, 4, tzinfo=UTC)
SMALL = MarketSize(days=10, prompts=14, sellers=3, buyers=30)
FILES = ("catalog.csv", "events.jsonl", "orders.csv", "truth.json")


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    directory = tmp_path_factory.mktemp("market")
    generate(directory, seed=7, size=MarketSize(), end=END)
    return directory


@pytest.fixture(scope="module")
def truth(market):
    return json.loads((market / "truth.json").read_text())


@pytest.fixture(scope="module")
def catalog(market):
    with (market / "catalog.csv").open(newline="") as file:
        return {row["external_id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def orders(market):
    with (market / "orders.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def events(market):
    return [json.loads(line) for line in (market / "events.jsonl").read_text().splitlines()]


def of(events, name):
    return [event for event in events if event["event_name"] == name]


class TestGenerate:
    def test_the_same_seed_gives_the_same_bytes(self, tmp_path):
        for name in ("a", "b"):
            generate(tmp_path / name, seed=3, size=SMALL, end=END)
        assert [(tmp_path / "a" / file).read_bytes() for file in FILES] == [
            (tmp_path / "b" / file).read_bytes() for file in FILES
        ]

    def test_another_process_gives_the_same_bytes(self, tmp_path):
        generate(tmp_path / "here", seed=3, size=SMALL, end=END)
        options = ["--seed", "3", "--days", "10", "--prompts", "14", "--sellers", "3", "--buyers", "30"]
        subprocess.run(
            [
                sys.executable,
                "-m",
                "simulators.market",
                "-o",
                str(tmp_path / "there"),
                "--end",
                END.isoformat(),
                *options,
            ],
            cwd=PROJECT_ROOT,
            check=True,
            capture_output=True,
        )
        assert [(tmp_path / "here" / file).read_bytes() for file in FILES] == [
            (tmp_path / "there" / file).read_bytes() for file in FILES
        ]

    def test_another_seed_gives_another_market(self, tmp_path):
        for seed in (3, 4):
            generate(tmp_path / str(seed), seed=seed, size=SMALL, end=END)
        assert (tmp_path / "3" / "orders.csv").read_bytes() != (tmp_path / "4" / "orders.csv").read_bytes()

    def test_another_end_gives_nothing_the_same_id(self, tmp_path):
        for days in (0, 1):
            generate(tmp_path / str(days), seed=3, size=SMALL, end=END + timedelta(days=days))
        first, second = (
            {json.loads(line)["event_id"] for line in (tmp_path / name / "events.jsonl").read_text().splitlines()}
            for name in ("0", "1")
        )
        assert not first & second

    @pytest.mark.parametrize("size", [MarketSize(1, 1, 1, 1), MarketSize(2, 200, 25, 3)])
    def test_any_size_can_be_made(self, tmp_path, size):
        truth = generate(tmp_path, seed=1, size=size, end=END)
        assert len({prompt["title"] for prompt in truth["prompts"]}) == size.prompts


class TestEvents:
    def test_all_follow_the_catalogue(self, events):
        for event in events:
            envelope = {name: event[name] for name in ("event_id", "source", "event_name", "occurred_at", "session_id")}
            properties = event["properties"] | ({"position": event["position"]} if "position" in event else {})
            prompt = event.get("prompt_external_id")
            parse(
                envelope | {"properties": properties, "prompt_id": prompt and imported_id("prompt", prompt)},
                received_at=END,
            )

    def test_are_thousands_with_ids_of_their_own_before_the_end(self, events):
        assert 8_000 <= len(events) <= 15_000
        assert len({event["event_id"] for event in events}) == len(events)
        assert max(event["occurred_at"] for event in events) < END.isoformat()
        assert min(event["occurred_at"] for event in events) >= (END - timedelta(days=60)).isoformat()[:19]

    def test_every_click_is_on_an_item_of_its_list(self, events):
        places = {
            (event["properties"]["receipt_id"], item["position"]): item["prompt_id"]
            for event in of(events, "results.served")
            for item in event["properties"]["items"]
        }
        clicks = of(events, "prompt.clicked")
        assert len(clicks) > 1000
        assert [places[click["properties"]["receipt_id"], click["position"]] for click in clicks] == [
            click["prompt_external_id"] for click in clicks
        ]

    def test_no_prompt_is_shown_before_it_was_published(self, events, catalog):
        early = [
            item["prompt_id"]
            for event in of(events, "results.served")
            for item in event["properties"]["items"]
            if catalog[item["prompt_id"]]["created_at"] > event["occurred_at"]
        ]
        assert early == []

    def test_the_upper_positions_are_clicked_more(self, events):
        clicks = Counter(click["position"] for click in of(events, "prompt.clicked"))
        assert clicks[1] > 1.5 * clicks[2] > 2 * clicks[5] > 2 * clicks[10]

    def test_propensities_of_a_place_are_chances_that_fit_the_policy(self, events, truth):
        top = [e["properties"]["items"] for e in of(events, "results.served") if e["properties"]["surface"] == "top"]
        explored = [item for items in top for item in items if item["is_exploration"]]
        assert {item["propensity"] for items in top for item in items if not item["is_exploration"]} == {0.95}
        assert all(0 < item["propensity"] < 0.01 for item in explored)
        assert abs(len(explored) / len(top) - truth["exploration"]) < 0.05

    def test_companies_shop_on_working_days(self, events):
        days = Counter(datetime.fromisoformat(event["occurred_at"]).weekday() for event in events)
        assert min(days[day] for day in range(5)) > 1.5 * max(days[5], days[6])


class TestOrders:
    def test_are_of_known_prompts_at_their_price(self, orders, catalog):
        assert [(order["amount_cents"], order["currency"]) for order in orders] == [
            (catalog[order["prompt_external_id"]]["price_cents"], catalog[order["prompt_external_id"]]["currency"])
            for order in orders
        ]

    def test_are_mostly_in_dollars_and_some_in_euros(self, orders):
        currencies = Counter(order["currency"] for order in orders)
        assert set(currencies) == {"USD", "EUR"}
        assert currencies["USD"] > currencies["EUR"] > 30

    def test_follow_a_click_of_their_buyer_within_a_week(self, orders, events):
        clicked = {}
        for click in of(events, "prompt.clicked"):
            key = (click.get("user_external_id"), click["prompt_external_id"])
            clicked.setdefault(key, []).append(datetime.fromisoformat(click["occurred_at"]))
        for order in orders:
            paid_at = datetime.fromisoformat(order["paid_at"])
            before = [at for at in clicked[order["user_external_id"], order["prompt_external_id"]] if at < paid_at]
            assert paid_at - max(before) < timedelta(days=7)

    def test_nobody_buys_the_same_prompt_twice(self, orders):
        pairs = [(order["user_external_id"], order["prompt_external_id"]) for order in orders]
        assert len(set(pairs)) == len(pairs)

    def test_add_up_to_the_truth(self, orders, truth):
        gross = Counter()
        for order in orders:
            gross[order["currency"]] += int(order["amount_cents"])
        assert gross == truth["gross_cents"]
        assert len(orders) == truth["orders"]


class TestCharacters:
    def test_the_rising_star_comes_late_and_sells_well(self, orders, truth):
        star = next(prompt for prompt in truth["prompts"] if prompt["character"] == "rising star")
        sold = Counter(order["prompt_external_id"] for order in orders)
        assert star["published_at"] > (END - timedelta(days=25)).isoformat()
        assert star["external_id"] in [external_id for external_id, _ in sold.most_common(5)]

    def test_the_regretted_prompt_is_given_back_more_than_any(self, orders, truth):
        regretted = next(prompt for prompt in truth["prompts"] if prompt["character"] == "regretted")
        returned = Counter(order["prompt_external_id"] for order in orders if order["refunded_cents"])
        [(first, most), (_, second)] = returned.most_common(2)
        assert first == regretted["external_id"]
        assert most > 3 * second


class TestCommand:
    @pytest.mark.parametrize("options", [["--days", "0"], ["--end", "2026-05-04"], ["--end", "soon"], []])
    def test_wrong_use_ends_with_status_2_and_no_trace(self, options, tmp_path):
        output = ["-o", str(tmp_path)] if options else []
        done = subprocess.run(
            [sys.executable, "-m", "simulators.market", *output, *options],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
