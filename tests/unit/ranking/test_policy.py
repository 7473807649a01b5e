"""A policy file is read, checked, and versioned by its content."""

import json
import re
import tomllib
from importlib.resources import files

import pytest
from pydantic import ValidationError

from ranking.policy import Component, Policy, PolicyInvalid, PolicyNotFound, bundled_policies, load_policy, parse_policy

TEXT = (files("ranking") / "policies" / "baseline.toml").read_text(encoding="utf-8")


class TestLoadPolicy:
    @pytest.mark.parametrize("name", bundled_policies())
    def test_every_bundled_policy_is_valid(self, name: str) -> None:
        assert load_policy(name).name == name

    def test_baseline_is_the_default(self) -> None:
        assert load_policy() == load_policy("baseline")

    def test_unknown_name_is_refused_with_the_names_there_are(self) -> None:
        with pytest.raises(PolicyNotFound, match=r"there are baseline.*'no_such'"):
            load_policy("no_such")

    def test_name_cannot_leave_the_folder(self) -> None:
        with pytest.raises(PolicyNotFound):
            load_policy("../policies/baseline")


class TestParsePolicy:
    def test_reads_what_the_canonical_content_holds(self) -> None:
        policy = parse_policy(TEXT)
        assert Policy.model_validate(json.loads(policy.canonical)) == policy

    def test_text_that_is_not_toml_is_refused_with_the_place(self) -> None:
        with pytest.raises(PolicyInvalid, match=r"not valid TOML.*line 2"):
            parse_policy("name = 1\nversion 2\n")

    @pytest.mark.parametrize(
        ("old", "new", "field"),
        [
            ("window_days = 90", "window_days = 0", "evidence.window_days"),
            ("window_days = 90", 'window_days = "90"', "evidence.window_days"),
            ("window_days = 90", "window_days = 9", "evidence"),
            ("recent_half_life_days = 3.0", "recent_half_life_days = 11.0", "evidence"),
            ("recent_half_life_days = 3.0", "recent_half_life_days = nan", "evidence.recent_half_life_days"),
            ("recent_half_life_days = 3.0", "recent_half_life_days = true", "evidence.recent_half_life_days"),
            (
                "marketplace_prior_mean = 0.03",
                "marketplace_prior_mean = 1.0",
                "rates.click_through.marketplace_prior_mean",
            ),
            ("full_signal_orders = 1000.0", "full_signal_orders = inf", "demand.full_signal_orders"),
            ("max_age_days = 30.0", "max_age_days = -1.0", "surfaces.new.max_age_days"),
            ("max_age_days = 30.0", "", "surfaces.new.max_age_days"),
            ("momentum = 1.0", "momentum = -1.0", "surfaces.trending.weights.momentum"),
            ("momentum = 1.0", "luck = 1.0", "surfaces.trending.weights.luck"),
            ("[momentum]", "[impulse]", "impulse"),
            ('version = "1.0.0"', 'version = "1.0"', "version"),
            ('name = "baseline"', 'name = "../baseline"', "name"),
        ],
    )
    def test_broken_field_is_named(self, old: str, new: str, field: str) -> None:
        with pytest.raises(PolicyInvalid, match=f"field '{field}'") as caught:
            parse_policy(TEXT.replace(old, new, 1))
        assert field in caught.value.fields

    def test_all_broken_fields_are_named_at_once(self) -> None:
        with pytest.raises(PolicyInvalid) as caught:
            parse_policy(TEXT.replace("window_days = 90", "").replace("max_age_days = 30.0", "max_age_days = 0"))
        assert caught.value.fields == ("evidence.window_days", "surfaces.new.max_age_days")

    def test_surface_without_any_weight_is_refused(self) -> None:
        content = tomllib.loads(TEXT)
        content["surfaces"]["top"]["weights"] = {"demand": 0.0}
        with pytest.raises(ValidationError, match="at least one component"):
            Policy.model_validate(content)

    def test_policy_cannot_be_changed_after_reading(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            parse_policy(TEXT).demand.full_signal_orders = 1.0  # type: ignore[misc]


class TestPolicyVersion:
    def test_names_policy_semantic_version_and_content(self) -> None:
        assert re.fullmatch(r"baseline@1\.0\.0\+[0-9a-f]{12}", parse_policy(TEXT).policy_version)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("window_days = 90", "window_days = 91"),
            ("demand = 1.5", "demand = 1.50001"),
            ("max_age_days = 30.0", "max_age_days = 31.0"),
            ('description = "', 'description = "Also: '),
            ('version = "1.0.0"', 'version = "1.0.1"'),
        ],
    )
    def test_changes_with_content(self, old: str, new: str) -> None:
        assert parse_policy(TEXT.replace(old, new, 1)).policy_version != parse_policy(TEXT).policy_version

    @pytest.mark.parametrize(
        ("old", "new"),
        [("half_life_days = 10.0", "half_life_days = 10"), ("demand = 1.5", "demand = 1.50  # more"), ("# ", "#  ")],
    )
    def test_keeps_when_only_the_spelling_changes(self, old: str, new: str) -> None:
        assert TEXT.replace(old, new) != TEXT
        assert parse_policy(TEXT.replace(old, new)).policy_version == parse_policy(TEXT).policy_version


class TestWeights:
    def test_components_without_weight_are_left_out(self) -> None:
        used = [component for component, _ in load_policy().weights("top").used()]
        assert Component.MOMENTUM not in used

    def test_momentum_leads_trending(self) -> None:
        assert max(load_policy().weights("trending").used(), key=lambda item: item[1])[0] is Component.MOMENTUM

    def test_category_lists_agree_with_top(self) -> None:
        assert load_policy().weights("category") == load_policy().weights("top")
