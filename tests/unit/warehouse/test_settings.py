"""Settings: what starts, what is refused, and where things are."""

import re

import pytest

from warehouse.settings import (
    DEVELOPMENT_JWT_SECRET,
    PROJECT_ROOT,
    Settings,
    SettingsInvalid,
    database_name,
    load_settings,
    with_database,
)

LONG = "x" * 48
PRODUCTION = {
    "ENVIRONMENT": "production",
    "JWT_SECRET": LONG,
    "PASSWORD_PEPPER": LONG,
    "TENANCY_SECRET": LONG,
    "STRIPE_API_KEY": "sk_live_something",
    "STRIPE_WEBHOOK_SECRET": "whsec_something",
    "DATABASE_URL": "postgresql://somebody@db/marketplace",
    "REDIS_URL": "redis://cache/0",
    "MAIL_URL": "smtps://somebody:word@mail.example",
    "MAIL_FROM": "Marketplace <no-reply@market.example>",
    "ACCOUNT_URL": "https://market.example",
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        *PRODUCTION,
        "PASSWORD_BCRYPT_COST",
        "JWT_PREVIOUS_SECRETS",
        "WAREHOUSE_URL",
        "STRIPE_DEFAULT_PAYMENT_METHOD",
        "ALERT_WEBHOOK_URL",
        "ALERT_WEBHOOK_SECRET",
    ):
        monkeypatch.delenv(name, raising=False)


class TestLoadSettings:
    def test_development_needs_nothing(self):
        assert load_settings().environment == "development"

    def test_production_names_everything_that_is_missing_at_once(self, monkeypatch):
        monkeypatch.setenv("ENVIRONMENT", "production")
        with pytest.raises(SettingsInvalid) as raised:
            load_settings()
        for name in PRODUCTION.keys() - {"ENVIRONMENT"}:
            assert name in str(raised.value)

    def test_production_starts_with_everything_set(self, monkeypatch):
        for name, value in PRODUCTION.items():
            monkeypatch.setenv(name, value)
        assert load_settings().stripe_base is None
        assert load_settings().needs_verified_email

    @pytest.mark.parametrize(
        "name", ["JWT_SECRET", "JWT_PREVIOUS_SECRETS", "PASSWORD_PEPPER", "TENANCY_SECRET", "ALERT_WEBHOOK_SECRET"]
    )
    @pytest.mark.parametrize("environment", ["development", "test", "production"])
    def test_no_environment_starts_with_a_short_secret(self, monkeypatch, environment, name):
        for other, value in {**PRODUCTION, "ENVIRONMENT": environment, name: "31 bytes are not enough: secret"}.items():
            monkeypatch.setenv(other, value)
        with pytest.raises(
            SettingsInvalid, match=f"{environment} can't start: {name} is shorter than 32 bytes"
        ) as raised:
            load_settings()
        assert "31 bytes" not in str(raised.value)

    def test_alerts_go_to_a_webhook_signed_and_encrypted_or_not_at_all(self, monkeypatch):
        monkeypatch.setenv("ALERT_WEBHOOK_URL", "https://alerts.example/hook")
        with pytest.raises(SettingsInvalid, match="ALERT_WEBHOOK_SECRET is missing"):
            load_settings()
        monkeypatch.setenv("ALERT_WEBHOOK_SECRET", LONG)
        assert load_settings().alert_webhook_url == "https://alerts.example/hook"
        monkeypatch.setenv("ALERT_WEBHOOK_URL", "http://alerts.example/hook")
        with pytest.raises(SettingsInvalid, match="ALERT_WEBHOOK_URL: must begin with https://"):
            load_settings()

    def test_a_short_secret_is_named_together_with_what_is_missing(self, monkeypatch):
        for other, value in {**PRODUCTION, "JWT_SECRET": "short", "REDIS_URL": ""}.items():
            monkeypatch.setenv(other, value)
        with pytest.raises(SettingsInvalid, match=r"JWT_SECRET is shorter.*REDIS_URL is missing"):
            load_settings()

    def test_previous_secrets_are_separated_by_commas(self, monkeypatch):
        monkeypatch.setenv("JWT_PREVIOUS_SECRETS", f"{'a' * 32}, {'b' * 32},")
        found = [each.get_secret_value() for each in load_settings().jwt_previous_secrets]
        assert found == ["a" * 32, "b" * 32]

    def test_production_accepts_no_tokens_of_the_development_key(self, monkeypatch):
        for other, value in {**PRODUCTION, "JWT_PREVIOUS_SECRETS": DEVELOPMENT_JWT_SECRET}.items():
            monkeypatch.setenv(other, value)
        with pytest.raises(SettingsInvalid, match="JWT_PREVIOUS_SECRETS holds the development default of a secret"):
            load_settings()

    @pytest.mark.parametrize(
        ("name", "value"),
        [("PASSWORD_BCRYPT_COST", "4"), ("RATE_LIMITS_ENABLED", "no"), ("STRIPE_DEFAULT_PAYMENT_METHOD", "pm_x")],
    )
    def test_production_refuses_what_is_good_for_tests_alone(self, monkeypatch, name, value):
        for other, good in {**PRODUCTION, name: value}.items():
            monkeypatch.setenv(other, good)
        with pytest.raises(SettingsInvalid, match=f"production can't start: {name}"):
            load_settings()

    def test_production_charges_nobodys_card_by_default(self, monkeypatch):
        for name, value in PRODUCTION.items():
            monkeypatch.setenv(name, value)
        assert load_settings().stripe_default_payment_method is None

    def test_what_can_not_be_read_is_named_together_with_what_is_missing(self, monkeypatch):
        for name, value in {"ENVIRONMENT": "production", "API_PORT": "eighty"}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SettingsInvalid, match=r"API_PORT.*'eighty'.*JWT_SECRET is missing"):
            load_settings()

    def test_a_wrong_value_is_named_with_what_was_given(self, monkeypatch):
        monkeypatch.setenv("API_PORT", "eighty")
        with pytest.raises(SettingsInvalid, match=r"API_PORT.*'eighty'"):
            load_settings()

    @pytest.mark.parametrize("name", ["DATABASE_URL", "WAREHOUSE_URL", "REDIS_URL"])
    def test_a_url_of_another_kind_of_server_is_refused_without_showing_it(self, monkeypatch, name):
        monkeypatch.setenv(name, "mysql://somebody:hidden-word@host/x")
        with pytest.raises(SettingsInvalid, match=f"{name}: must begin with") as raised:
            load_settings()
        assert "hidden-word" not in str(raised.value)

    @pytest.mark.parametrize("url", ["mail.example", "imap://u:hidden-word@mail.example", "smtp://", "smtp://host:x"])
    def test_a_url_that_names_no_mail_server_is_refused_without_showing_it(self, monkeypatch, url):
        monkeypatch.setenv("MAIL_URL", url)
        with pytest.raises(SettingsInvalid, match="MAIL_URL: must read smtp://") as raised:
            load_settings()
        assert "hidden-word" not in str(raised.value)


class TestSettings:
    def test_the_example_names_every_one_and_nothing_else(self):
        example = (PROJECT_ROOT / ".env.example").read_text()
        named = set(re.findall(r"^(?:# )?([A-Z0-9_]+)=", example, re.MULTILINE))
        # The database's own, in docker-compose.yml.
        assert named - {"POSTGRES_PASSWORD"} == {name.upper() for name in Settings.model_fields}


class TestSimulatorPort:
    @pytest.mark.parametrize("port", [1, 8000, 61424, 61425, 65535])
    def test_it_is_a_port_beside_every_api_port(self, port):
        found = Settings(api_port=port).simulator_port
        assert 1 <= found <= 65535
        assert found != port


class TestWithDatabase:
    def test_only_the_name_changes(self):
        url = "postgresql://u:p@h:1/a?host=%2Ftmp"
        assert with_database(url, "b") == "postgresql://u:p@h:1/b?host=%2Ftmp"

    def test_a_url_without_host_keeps_its_socket(self):
        url = "postgresql://postgres@/a?host=%2Ftmp%2Fx"
        assert database_name(with_database(url, "b")) == "b"
