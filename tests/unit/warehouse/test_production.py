"""What production refuses to start with."""

import re

import pytest
from pydantic import SecretStr

from warehouse.production import OPTIONAL_SECRETS, refused_in_production, secret_names
from warehouse.settings import NEEDED_IN_PRODUCTION, Settings

# As long as a key must be, and made up.
STRONG = "ew1Yb9mLzPq7Xv3N" + "dRk5TgHs2JcFa8Uo"
GOOD = {
    **{name: STRONG + name for name in secret_names(Settings) if name not in OPTIONAL_SECRETS},
    "database_url": "postgresql://somebody:Zx81spectrum@db/marketplace",
    "redis_url": "redis://cache/0",
    "mail_url": "smtps://somebody:Zx81spectrum@mail.example",
    "mail_from": "no-reply@market.example",
    "account_url": "https://market.example",
}
LOOKS_SECRET = re.compile(r"(secret|secrets|password|pepper|_key|token|dsn|salt)$")
DEFAULTS = {
    name: field.default
    for name, field in Settings.model_fields.items()
    if isinstance(field.default, SecretStr) and name not in OPTIONAL_SECRETS
}


class WithMore(Settings):
    """Settings after somebody added three secrets."""

    signing_secret: SecretStr = SecretStr("known to everybody")
    partner_secret: SecretStr | None = None
    old_secrets: tuple[SecretStr, ...] = ()


def refused(settings: type[Settings] = Settings, **changed: object) -> list[str]:
    return refused_in_production(settings(_env_file=None, **{**GOOD, **changed}), NEEDED_IN_PRODUCTION)


class TestRefusedInProduction:
    def test_lets_good_settings_through(self):
        assert refused() == []

    @pytest.mark.parametrize("name", DEFAULTS)
    def test_names_every_secret_that_was_left_at_its_default(self, name):
        assert refused(**{name: DEFAULTS[name]}) == [f"{name.upper()} is missing (the development default is public)"]

    @pytest.mark.parametrize("name", DEFAULTS)
    def test_names_every_secret_that_is_blank(self, name):
        # Forty spaces, which are long enough for a key.
        assert refused(**{name: " " * 40}) == [f"{name.upper()} is blank"]

    @pytest.mark.parametrize("name", NEEDED_IN_PRODUCTION)
    def test_names_what_production_can_not_do_without(self, name):
        assert refused(**{name: None}) == [f"{name.upper()} is missing ({NEEDED_IN_PRODUCTION[name]})"]

    def test_names_a_default_that_was_put_elsewhere(self):
        pepper = DEFAULTS["password_pepper"]
        assert refused(jwt_secret=pepper) == ["JWT_SECRET holds the development default of a secret (it is public)"]

    def test_names_a_secret_that_was_added_with_a_default(self):
        assert "SIGNING_SECRET is missing (the development default is public)" in refused(WithMore)

    def test_names_a_secret_that_was_added_without_one(self):
        assert "PARTNER_SECRET is missing" in refused(WithMore)

    @pytest.mark.parametrize("password", ["marketplace", "postgres", "p%61ssword"])
    def test_names_a_server_with_a_password_everybody_tries(self, password):
        found = refused(database_url=f"postgresql://marketplace:{password}@db/marketplace")
        assert found == ["DATABASE_URL holds a password that everybody tries first"]


class TestSecretNames:
    def test_every_setting_that_is_named_like_a_secret_is_one(self):
        named = {name for name in Settings.model_fields if LOOKS_SECRET.search(name)}
        assert named <= set(secret_names(Settings))

    def test_finds_them_by_type(self):
        assert {"signing_secret", "partner_secret", "old_secrets"} <= set(secret_names(WithMore))

    def test_optional_ones_exist(self):
        assert set(secret_names(Settings)) >= OPTIONAL_SECRETS
