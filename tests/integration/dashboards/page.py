"""Using a page as a reader does, and the figures of the two sellers who do."""

from datetime import date
from decimal import Decimal

from streamlit.testing.v1 import AppTest

from tests.integration.dashboards.account_server import PASSWORD
from tests.integration.warehouse.marts.hand_made import Connection, add_prompt_day, add_seller_day

LAST_DAY = date(2026, 3, 31)


def add_day(connection: Connection, day: date, *, is_recent: bool) -> None:
    """One order a day for Acme, two of late, and one that was refunded; ten a day for Zeta."""
    orders = 2 if is_recent else 1
    money = {
        "orders": orders,
        "gross": f"{orders * 10}.00",
        "refunded_amount": Decimal(4),
        "refund_count": 1,
        "net_revenue_amount": Decimal(orders * 10 - 4),
        "impression_count": 100,
        "click_count": 10,
        "conversion_rate": 0.2,
    }
    add_prompt_day(connection, "prompt-a", day, **money)
    add_seller_day(connection, "acme", day, **money)
    add_seller_day(connection, "acme", day, currency="USD", orders=0, gross="0")
    add_prompt_day(connection, "prompt-z", day, orders=10, gross="7777.00")
    add_seller_day(connection, "zeta", day, orders=10, gross="7777.00")


def log_in(app: AppTest, email: str, password: str = PASSWORD) -> AppTest:
    """Fill in the form and send it."""
    app.run()
    app.text_input[0].input(email)
    app.text_input[1].input(password)
    return app.button[0].click().run()


def text_of(app: AppTest) -> str:
    """Every text the page shows, table and figures included."""
    parts = [app.title, app.subheader, app.markdown, app.caption, app.info, app.error, app.warning]
    shown = [str(element.value) for part in parts for element in part]
    shown += [f"{metric.label} {metric.value} {metric.delta}" for metric in app.metric]
    shown += [expander.label for expander in app.expander]
    shown += [table.value.to_csv() for table in app.dataframe]
    return "\n".join(shown)
