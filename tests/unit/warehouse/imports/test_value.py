"""Values of a row."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from warehouse.imports import value
from warehouse.imports.errors import RowInvalid


def reason_of(parse, given):
    with pytest.raises(RowInvalid) as refused:
        parse({"x": given}, "x")
    return refused.value.reason


class TestTimestamp:
    @pytest.mark.parametrize(
        "given",
        [
            "2010-12-01T08:26:00Z",
            "2010-12-01t08:26:00z",
            "2010-12-01 08:26:00+00:00",
            "2010-12-01T08:26Z",
            "2010-12-01T09:26:00.000+01:00",
            "2010-12-01T03:26:00-0500",
            " 2010-12-01T08:26:00Z ",
            "1291191960",
            1291191960,
            1291191960.0,
            "1291191960000",
            1291191960000,
            Decimal("1291191960"),
            datetime(2010, 12, 1, 8, 26, tzinfo=UTC),
            datetime(2010, 12, 1, 8, 26, tzinfo=UTC).astimezone(),
        ],
    )
    def test_each_way_to_write_a_moment_gives_the_moment(self, given):
        found = value.timestamp({"x": given}, "x")
        assert found == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
        assert found.tzinfo is UTC

    def test_fractions_are_kept_to_the_microsecond(self):
        assert value.timestamp({"x": "2019-11-24T00:03:13.442536+00:00"}, "x").microsecond == 442536
        assert value.timestamp({"x": "1291191960.25"}, "x").microsecond == 250000
        assert value.timestamp({"x": "1291191960123"}, "x").microsecond == 123000

    @pytest.mark.parametrize("given", [None, ""])
    def test_nothing_is_no_moment(self, given):
        assert value.timestamp({"x": given}, "x") is None
        assert value.timestamp({}, "x") is None

    @pytest.mark.parametrize("given", ["2010-12-01T08:26:00", "2010-12-01 08:26", datetime(2010, 12, 1, 8, 26)])
    def test_a_time_without_a_zone_is_refused(self, given):
        assert reason_of(value.timestamp, given) == "x_without_zone"

    @pytest.mark.parametrize(
        "given",
        ["2010-12-01", "yesterday", "01/12/2010 08:26", "2010-13-01T00:00:00Z", "2010-12-01T25:00:00Z", True, [], "NaN",
         "1e9", "9" * 20],
    )  # fmt: skip
    def test_what_is_no_moment_is_refused(self, given):
        assert reason_of(value.timestamp, given) == "x_invalid"

    @pytest.mark.parametrize("given", ["1999-12-31T23:59:59Z", "20101201", "0", "-5"])
    def test_a_moment_before_2000_is_refused(self, given):
        assert reason_of(value.timestamp, given) == "x_ancient"

    @pytest.mark.parametrize("given", [float("nan"), float("inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("1e99")])
    def test_a_number_that_is_no_moment_is_refused(self, given):
        assert reason_of(value.timestamp, given) == "x_invalid"

    def test_a_moment_ahead_of_the_clock_is_refused_beyond_an_hour(self):
        soon = datetime.now(UTC) + timedelta(minutes=50)
        assert value.timestamp({"x": soon.isoformat()}, "x") == soon
        assert reason_of(value.timestamp, (soon + timedelta(minutes=20)).isoformat()) == "x_future"


class TestCents:
    @pytest.mark.parametrize("given", ["1530", 1530, 1530.0, "1530.0", " 1530 ", Decimal(1530)])
    def test_whole_numbers_are_taken(self, given):
        assert value.cents({"x": given}, "x") == 1530

    @pytest.mark.parametrize(
        "given", ["15.30", 15.3, "1,530", "£15", "abc", True, "1e3", float("nan"), float("inf"), []]
    )
    def test_anything_else_is_refused(self, given):
        assert reason_of(value.cents, given) == "x_invalid"

    def test_negative_amounts_are_refused(self):
        assert reason_of(value.cents, "-1") == "x_negative"

    def test_amounts_beyond_reason_are_refused(self):
        assert reason_of(value.cents, str(value.AMOUNT_MAX_CENTS + 1)) == "x_too_large"

    def test_zero_is_not_missing(self):
        assert value.cents({"x": "0"}, "x") == 0
        assert value.cents({"x": 0}, "x") == 0


class TestPosition:
    def test_counts_from_one(self):
        assert value.position({"x": "1"}, "x") == 1

    @pytest.mark.parametrize("given", ["0", "-1", "1.5", "first", str(2**31)])
    def test_anything_else_is_refused(self, given):
        assert reason_of(value.position, given) == "x_invalid"


class TestIdentifier:
    @pytest.mark.parametrize(
        ("given", "expected"), [(" A1 ", "A1"), (17850, "17850"), (17850.0, "17850"), ("007", "007")]
    )
    def test_numbers_count_as_their_digits(self, given, expected):
        assert value.identifier({"x": given}, "x") == expected

    @pytest.mark.parametrize("given", [2.0**53, 12345678901234567890123.0, float("nan"), float("inf"), 1.5])
    def test_a_number_that_may_have_lost_digits_is_no_id(self, given):
        assert reason_of(value.identifier, given) == "x_invalid"

    def test_blanks_alone_are_no_id(self):
        with pytest.raises(RowInvalid, match="x is missing"):
            value.needed_identifier({"x": "  "}, "x")

    def test_an_id_too_long_for_an_index_is_refused(self):
        assert reason_of(value.identifier, "a" * 256) == "x_too_long"

    def test_truth_values_are_no_ids(self):
        assert reason_of(value.identifier, True) == "x_invalid"


class TestText:
    def test_is_kept_byte_for_byte(self):
        assert value.text({"x": "  a\r\n\tb "}, "x") == "  a\r\n\tb "

    def test_a_nul_character_is_refused(self):
        assert reason_of(value.text, "a\x00b") == "nul_character"

    def test_the_message_never_shows_more_than_a_line_of_the_value(self):
        with pytest.raises(RowInvalid) as refused:
            value.cents({"x": "z" * 10_000}, "x")
        assert len(str(refused.value)) < 150


class TestCurrency:
    def test_small_letters_are_taken_as_capitals(self):
        assert value.currency({"x": " usd "}, "x") == "USD"

    @pytest.mark.parametrize("given", ["US", "DOLLAR", "U$D", "12A", 978])
    def test_what_is_no_code_is_refused(self, given):
        assert reason_of(value.currency, given) == "x_invalid"
