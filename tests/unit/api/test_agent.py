"""What kind of program a request comes from."""

import pytest

from api.agent import agent_of, classify

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"


class TestClassify:
    @pytest.mark.parametrize(
        "said",
        [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0) Chrome/103.0.5060.134",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0.0.0 Safari/537.36",
            "facebookexternalhit/1.1", "Mozilla/5.0 (compatible; YandexBot/3.0)", "ia_archiver", "Baiduspider+",
            "Scrapy/2.11 (+https://scrapy.org)", "GPTBot/1.2",
        ],
    )  # fmt: skip
    def test_knows_bots(self, said):
        assert classify(said) == "bot"

    @pytest.mark.parametrize("said", [CHROME, "Mozilla/5.0 (Windows NT 10.0; rv:127.0) Gecko/20100101 Firefox/127.0"])
    def test_knows_browsers(self, said):
        assert classify(said) == "browser"

    @pytest.mark.parametrize("said", ["python-httpx/0.28", "curl/8.5.0", "OurBuyer/1.0 (Robotics Inc.)", "Mozilla/5.0"])
    def test_takes_the_others_for_programs(self, said):
        assert classify(said) == "program"


class TestAgentOf:
    def test_is_none_when_nothing_is_said(self):
        assert agent_of({"headers": []}) is None

    def test_reads_the_header_whatever_bytes_it_has(self):
        assert agent_of({"headers": [(b"user-agent", b"\xff\xfe" * 5000)]}) == "program"
