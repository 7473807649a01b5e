"""Where a request comes from."""

from types import SimpleNamespace

import pytest

from api.caller import TrustedProxies, caller_address

PROXIES = ("10.0.0.0/8", "fd00::/8")


def address(client, *, forwarded=None, proxies=PROXIES):
    headers = [(b"x-forwarded-for", forwarded.encode("latin-1"))] if forwarded is not None else []
    resources = SimpleNamespace(proxies=TrustedProxies(proxies))
    app = SimpleNamespace(state=SimpleNamespace(resources=resources))
    return caller_address({"app": app, "state": {}, "client": (client, 1) if client else None, "headers": headers})


class TestCallerAddress:
    @pytest.mark.parametrize(
        ("client", "forwarded", "expected"),
        [
            ("198.51.100.7", None, "198.51.100.7"),
            ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
            ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("10.0.0.1", "nonsense", "10.0.0.1"),
            ("10.0.0.1", "203.0.113.9, nonsense", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
            ("::ffff:198.51.100.7", None, "198.51.100.7"),
            (None, None, "unknown"),
        ],
    )
    def test_is_the_last_that_is_no_proxy_of_ours(self, client, forwarded, expected):
        assert address(client, forwarded=forwarded) == expected

    def test_believes_nobody_by_default(self):
        assert address("127.0.0.1", forwarded="203.0.113.9", proxies=()) == "127.0.0.1"
