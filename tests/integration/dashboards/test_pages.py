"""What sellers see, page by page."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.kept_login import KeptLogin
from tests.integration.dashboards.account_server import AccountServer
from tests.integration.dashboards.page import LAST_DAY, log_in, text_of
from tests.integration.warehouse.marts.hand_made import add_seller_day, create_marts, publish
from warehouse.databases import connect
from warehouse.settings import database_name, with_database


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def changes(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.delta for metric in app.metric}


def set_connections_allowed(url: str, *, is_allowed: bool) -> None:
    """Let a database refuse connections and end those it has, or take them again."""
    name = database_name(url)
    with connect(with_database(url, "postgres"), autocommit=True) as connection:
        connection.execute(f"alter database {name} allow_connections {is_allowed}")
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])


class TestLogIn:
    def test_a_stranger_sees_the_form_and_no_figures(self, app: AppTest, marts: str) -> None:
        app.run()
        assert [element.label for element in app.text_input] == ["E-mail", "Password"]
        assert not app.metric

    def test_a_wrong_password_is_told(self, app: AppTest, marts: str) -> None:
        log_in(app, "sam@acme.test", "guess")
        assert [error.value for error in app.error] == ["E-mail or password is wrong. Check both and try again."]

    def test_a_buyer_is_told_whose_pages_these_are(self, app: AppTest, marts: str) -> None:
        log_in(app, "bo@acme.test")
        assert "These pages are for sellers" in app.error[0].value
        assert not app.metric

    def test_a_code_is_asked_for_when_the_account_needs_one(
        self, app: AppTest, accounts: AccountServer, marts: str
    ) -> None:
        accounts.code = "492039"
        log_in(app, "sam@acme.test")
        assert [element.label for element in app.text_input] == ["E-mail", "Password", "Code"]
        assert "Enter a code" in app.info[0].value
        app.text_input(key="code").input("492039")
        app.button[0].click().run()
        accounts.code = None
        assert app.title[0].value == "Performance"

    def test_an_empty_form_is_not_sent(self, app: AppTest, accounts: AccountServer) -> None:
        log_in(app, " ", "")
        assert "Enter your e-mail" in app.warning[0].value
        assert accounts.requests == []

    def test_a_seller_sees_the_company_and_its_figures(self, app: AppTest, marts: str) -> None:
        log_in(app, "sam@acme.test")
        assert not app.exception
        assert app.title[0].value == "Performance"
        assert "**Acme Ltd**" in [element.value for element in app.markdown]

    def test_log_out_ends_the_log_in_here_and_in_the_api(
        self, app: AppTest, marts: str, accounts: AccountServer
    ) -> None:
        log_in(app, "sam@acme.test")
        app.button(key="log_out").click().run()
        assert not app.metric
        assert [element.label for element in app.text_input] == ["E-mail", "Password"]
        assert accounts.ended == {"sam@acme.test"}

    def test_an_expired_log_in_is_renewed_unnoticed(self, app: AppTest, marts: str, accounts: AccountServer) -> None:
        accounts.expires_in = 0
        log_in(app, "sam@acme.test")
        assert "/api/v1/auth/refresh" in accounts.requests
        assert app.metric

    def test_a_log_in_the_api_ended_leads_back_to_the_form(
        self, app: AppTest, marts: str, accounts: AccountServer
    ) -> None:
        log_in(app, "sam@acme.test")
        kept = app.session_state["login"].last_known
        app.session_state["login"] = KeptLogin(replace(kept, expires_at=datetime.now(UTC)))
        accounts.ended.add("sam@acme.test")
        app.run()
        assert not app.metric
        assert app.info[0].value == "Your log-in has expired. Log in again."


@pytest.fixture
def acme(app: AppTest, marts: str) -> Iterator[AppTest]:
    """The page of Acme's seller."""
    return log_in(app, "sam@acme.test")


class TestMailedPages:
    @pytest.mark.parametrize(
        ("page", "done"),
        [
            ("reset_password", "Your new password is set"),
            ("accept_invitation", "Your account is ready"),
            ("verify_email", "Your e-mail is verified"),
        ],
    )
    @pytest.mark.parametrize("token", ["good", "over"])
    def test_a_link_does_what_the_mail_says_or_says_why_not(
        self, app: AppTest, accounts: AccountServer, page: str, done: str, token: str
    ) -> None:
        app.query_params["token"] = token
        app.run()
        app.switch_page(f"app_pages/{page}.py").run()
        for field in app.text_input:
            field.input("a long enough password")
        app.button[0].click().run()
        expected = {"good": done, "over": "This link is over."}[token]
        assert expected in next(element.value for element in (*app.success, *app.error))

    @pytest.mark.parametrize("page", ["reset_password", "accept_invitation", "verify_email"])
    def test_what_was_done_can_not_be_pressed_again(self, app: AppTest, accounts: AccountServer, page: str) -> None:
        app.query_params["token"] = "good"
        app.run()
        app.switch_page(f"app_pages/{page}.py").run()
        for field in app.text_input:
            field.input("a long enough password")
        app.button[0].click().run()
        assert (len(app.success), len(app.button)) == (1, 0)

    @pytest.mark.parametrize(
        ("page", "said"),
        [
            ("reset_password", "15 characters or more, with a second factor 8"),
            ("accept_invitation", "15 characters or more"),
        ],
    )
    def test_how_long_a_password_must_be_is_told_before_it_is_chosen(
        self, app: AppTest, accounts: AccountServer, page: str, said: str
    ) -> None:
        app.query_params["token"] = "good"
        app.run()
        app.switch_page(f"app_pages/{page}.py").run()
        assert [field.placeholder for field in app.text_input] == [said]

    def test_a_link_to_a_new_password_is_asked_for(self, app: AppTest, accounts: AccountServer) -> None:
        app.run()
        app.switch_page("app_pages/reset_password.py").run()
        app.text_input[0].input("sam@acme.test")
        app.button[0].click().run()
        assert "If there is an account" in app.success[0].value
        assert accounts.requests == ["/api/v1/auth/password-reset"]


class TestPerformance:
    def test_key_figures_are_of_the_last_28_days_of_data(self, acme: AppTest) -> None:
        assert figures(acme) == {
            "Net revenue": "£448.00",
            "Orders": "56",
            "Click-through rate": "10.00%",
            "Conversion rate": "20.00%",
            "Refunds": "28",
        }

    def test_they_are_compared_with_the_28_days_before(self, acme: AppTest) -> None:
        assert changes(acme) == {
            "Net revenue": "+£280.00 (+167%)",
            "Orders": "+28 (+100%)",
            "Click-through rate": "+0.00 pp",
            "Conversion rate": "+0.00 pp",
            "Refunds": "+0 (+0%)",
        }

    def test_a_rate_comes_with_its_interval(self, acme: AppTest) -> None:
        assert "95%: 8.94% – 11.17%" in [caption.value for caption in acme.caption]

    def test_every_figure_says_where_it_is_from(self, acme: AppTest) -> None:
        origin = (
            "Data through 31 Mar 2026 · complete through 30 Mar 2026 · as of 31 Mar 2026 06:00 UTC · publication `p1`"
        )
        assert [caption.value for caption in acme.caption].count(origin) == 5

    def test_every_metric_is_there_day_by_day(self, acme: AppTest) -> None:
        [table] = [each.value for each in acme.dataframe if "average_order_amount" in each.value.columns]
        assert (len(table), table["day"].iloc[0]) == (28, LAST_DAY)

    def test_another_period_has_other_figures(self, acme: AppTest) -> None:
        acme.segmented_control(key="period").select("7 days").run()
        assert figures(acme)["Orders"] == "14"

    def test_all_days_have_nothing_to_be_compared_with(self, acme: AppTest) -> None:
        acme.segmented_control(key="period").select("All").run()
        assert figures(acme)["Orders"] == "88"
        assert set(changes(acme).values()) == {""}
        assert "No comparison" in text_of(acme)

    def test_an_own_period_can_be_chosen(self, acme: AppTest) -> None:
        acme.segmented_control(key="period").select("Custom").run()
        acme.date_input(key="own_period").set_value((date(2026, 3, 30), LAST_DAY)).run()
        assert figures(acme)["Orders"] == "4"

    def test_a_period_without_activity_says_where_there_is_some(self, acme: AppTest) -> None:
        acme.segmented_control(key="currency").select("USD").run()
        assert figures(acme)["Net revenue"] == r"\$0.00"
        assert figures(acme)["Click-through rate"] == "–"
        assert "Meeting notes" in text_of(acme)

    def test_the_table_has_prompts_of_the_currency_and_those_never_shown(self, acme: AppTest) -> None:
        table = acme.dataframe[0].value
        assert table["title"].tolist() == ["Contract *summary*", "Never shown"]
        assert table["rank"].tolist()[0] == 2
        assert table["net_revenue"].tolist() == [448.0, 0.0]

    def test_each_ranked_prompt_explains_its_place(self, acme: AppTest) -> None:
        places = [expander.label for expander in acme.expander if "score" in expander.label]
        assert places == [r"**2** · Contract \*summary\* · score 0.750"]
        assert "Rank 2 of the list top" in acme.expander[0].caption[0].value

    def test_the_csv_can_be_downloaded(self, acme: AppTest) -> None:
        assert [button.label for button in acme.download_button] == ["Download CSV"]


class TestTenancy:
    def test_two_sellers_never_see_each_others_rows(self, app: AppTest, marts: str) -> None:
        acme = text_of(log_in(app, "sam@acme.test"))
        app.button(key="log_out").click().run()
        zeta = text_of(log_in(app, "zoe@zeta.test"))
        assert "Contract" in acme
        assert "Rival" not in acme
        assert "7,777" not in acme
        assert "Rival" in zeta
        assert "Contract" not in zeta
        assert "Meeting notes" not in zeta
        assert "£217,756.00" in zeta

    def test_choices_of_one_seller_are_not_left_to_the_next(self, app: AppTest, marts: str) -> None:
        log_in(app, "sam@acme.test")
        app.segmented_control(key="currency").select("USD").run()
        app.button(key="log_out").click().run()
        assert figures(log_in(app, "zoe@zeta.test"))["Net revenue"] == "£217,756.00"


class TestEmpty:
    def test_before_the_first_publication_the_page_says_so(self, app: AppTest, warehouse_url: str) -> None:
        with connect(warehouse_url) as connection:
            connection.execute("drop schema if exists marts cascade")
        log_in(app, "sam@acme.test")
        assert "Nothing has been published yet" in app.info[0].value
        assert not app.exception

    def test_a_seller_without_any_activity_is_told(self, app: AppTest, marts: str) -> None:
        log_in(app, "new@blank.test")
        assert "None of your prompts was shown, opened or bought yet." in text_of(app)
        assert not app.metric

    def test_a_new_publication_is_shown_at_once(self, app: AppTest, warehouse_url: str) -> None:
        create_marts(warehouse_url)
        with connect(warehouse_url) as connection:
            publish(connection, "first")
            add_seller_day(connection, "acme", LAST_DAY, orders=1, gross="1.00")
        log_in(app, "sam@acme.test")
        assert figures(app)["Orders"] == "1"
        with connect(warehouse_url) as connection:
            publish(connection, "second")
            add_seller_day(connection, "acme", date(2026, 3, 30), orders=4, gross="1.00")
        app.run()
        assert figures(app)["Orders"] == "5"
        assert "publication `second`" in text_of(app)


class TestServers:
    def test_a_warehouse_that_goes_away_is_told_and_tried_again(self, app: AppTest, marts: str) -> None:
        log_in(app, "sam@acme.test")
        set_connections_allowed(marts, is_allowed=False)
        app.run()
        assert "The warehouse can't be read" in app.error[0].value
        set_connections_allowed(marts, is_allowed=True)
        next(button for button in app.button if button.label == "Try again").click().run()
        assert figures(app)["Orders"] == "56"

    def test_a_warehouse_that_is_not_there_is_named_with_its_setting(
        self, app: AppTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WAREHOUSE_URL", "postgresql://postgres@/any?host=%2Fnowhere")
        log_in(app, "sam@acme.test")
        assert "WAREHOUSE_URL does not lead to a PostgreSQL server" in app.error[0].value
        assert not app.exception
