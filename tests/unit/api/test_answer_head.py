"""What the layers around a request put on its answer."""

import pytest

from api.answer_head import AnswerHead


class Sent(list):
    """Keeps what is sent."""

    async def __call__(self, message):
        self.append(message)


@pytest.fixture
def sent():
    return Sent()


@pytest.fixture
def head():
    return AnswerHead()


def start(*headers, status=200):
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


class TestWrap:
    @pytest.mark.anyio
    async def test_puts_headers_behind_those_of_the_answer(self, head, sent):
        head.headers.append((b"x-request-id", b"1"))
        await head.wrap(sent)(start((b"etag", b'"a"')))
        assert sent[0]["headers"] == [(b"etag", b'"a"'), (b"x-request-id", b"1")]

    @pytest.mark.anyio
    async def test_leaves_what_the_answer_says_itself(self, head, sent):
        head.defaults += [(b"cache-control", b"no-store"), (b"ratelimit-limit", b"9")]
        await head.wrap(sent)(start((b"Cache-Control", b"private")))
        assert sent[0]["headers"] == [(b"Cache-Control", b"private"), (b"ratelimit-limit", b"9")]

    @pytest.mark.anyio
    async def test_tells_the_status_once_the_answer_begins(self, head, sent):
        before = head.status
        await head.wrap(sent)(start(status=404))
        assert (before, head.status) == (None, 404)

    @pytest.mark.anyio
    async def test_waits_before_the_first_byte(self, head, sent):
        seen = []

        async def before_start(status):
            seen.append((status, list(sent)))

        head.before_start = before_start
        await head.wrap(sent)(start(status=201))
        await head.wrap(sent)({"type": "http.response.body", "body": b"made"})
        assert seen == [(201, [])]

    @pytest.mark.anyio
    async def test_hands_on_bodies_as_they_are(self, head, sent):
        await head.wrap(sent)({"type": "http.response.body", "body": b"made"})
        assert sent == [{"type": "http.response.body", "body": b"made"}]
