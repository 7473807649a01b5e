"""`manage.py import` and `manage.py events`."""

import gzip
import os
import subprocess
import sys
import threading

import orjson
import pytest
import redis

from tests.integration.warehouse.imports.rows import event, order, prompt, write_rows
from warehouse.databases import connect
from warehouse.imports.batch import IMPORT_LOCK
from warehouse.journal.stream import DUPLICATES_FIELD, FIELD, STREAM
from warehouse.settings import PROJECT_ROOT


@pytest.fixture(autouse=True)
def empty(database_url):
    """Commands commit, so what the test before left is taken away."""
    with connect(database_url) as connection:
        connection.execute("truncate organizations, raw_events, event_ids, event_batches, quarantine cascade")


@pytest.fixture
def path(tmp_path):
    return lambda name, rows: str(write_rows(tmp_path / name, rows))


class TestImport:
    def test_all_rows_taken_in_is_status_0(self, manage, path):
        ended = manage("import", "catalog", path("c.csv", [prompt("p1"), prompt("p2")]))
        assert (ended.status, ended.err) == (0, "")
        assert "inserted               2\n" in ended.out

    def test_templates_are_read_as_the_service_reads_them(self, manage, path, database_url):
        manage("import", "catalog", path("c.csv", [prompt("p1", template="${a} ${b:x} ${{c}} ${a}")]))
        with connect(database_url) as connection:
            found = connection.execute("select variables from prompt_versions").fetchall()
        assert found == [{"variables": ["a", "b"]}]

    def test_a_bad_row_is_status_1_and_named_with_file_line_and_reason(self, manage, path):
        file = path("c.csv", [prompt("p1", template="a\nb"), prompt("p2", price_cents="9.99"), prompt("p3")])
        ended = manage("import", "catalog", file)
        assert ended.status == 1
        assert ended.err == (
            f"{file}:4: price_cents_invalid: price_cents is not a whole number of minor units: '9.99'\n"
        )
        assert "inserted               2\n" in ended.out
        assert "quarantined            1\n  price_cents_invalid                      1\n" in ended.out

    def test_what_a_file_holds_cannot_play_with_the_terminal(self, manage, path):
        rows = [prompt("p1", seller="A"), prompt("p1\x1b[2J", seller="B"), prompt("p1\x1b[2J", seller="C")]
        ended = manage("import", "catalog", path("c.csv", rows))
        assert "p1\\x1b[2J stands in this file before" in ended.err
        assert "\x1b" not in ended.err

    def test_only_the_first_twenty_bad_rows_are_shown(self, manage, path):
        ended = manage("import", "catalog", path("c.csv", [prompt(f"p{i}", title=" ") for i in range(30)]))
        lines = ended.err.splitlines()
        assert len(lines) == 21
        assert lines[-1] == "… and 10 more rows, all of them in quarantine"

    def test_json_is_all_there_is_on_stdout(self, manage, path):
        ended = manage("import", "catalog", path("c.csv", [prompt("p1"), prompt("p2", title="")]), "--json")
        assert ended.json == {
            "kind": "catalog", "file": ended.json["file"], "is_dry_run": False, "read": 2, "inserted": 1, "updated": 0,
            "unchanged": 0, "duplicates": 0, "quarantined": 1, "reasons": {"title_missing": 1},
            "first_refused": [{"line": 3, "reason": "title_missing", "detail": "title is missing"}],
        }  # fmt: skip

    def test_a_dry_run_says_so_and_writes_nothing(self, manage, path, database_url):
        ended = manage("import", "catalog", path("c.csv", [prompt("p1"), prompt("p2", title="")]), "--dry-run")
        assert ended.status == 1
        assert ended.out.startswith("Dry run: nothing was written.")
        with connect(database_url) as connection:
            assert connection.execute("select count(*) as n from prompts").fetchone()["n"] == 0
            assert connection.execute("select count(*) as n from quarantine").fetchone()["n"] == 0

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("none.csv", None, "No such file or directory"),
            ("empty.csv", b"", "is empty"),
            ("short.csv", b"external_id,title\np1,a\n", "has no column template"),
            ("wide.csv", "external_id,title,template\n".encode("utf-16"), "UTF-16"),
            ("half.csv.gz", gzip.compress(os.urandom(2000))[:900], "not a whole gzip file"),
            ("prompts.xlsx", b"x", "Its name must end in"),
            ("prompts.parquet", b"x", "not a Parquet file"),
        ],
    )
    def test_a_file_that_cannot_be_imported_is_status_2_and_one_line(self, manage, tmp_path, name, content, words):
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
        ended = manage("import", "catalog", str(file))
        assert ended.status == 2
        assert words in ended.err
        assert ended.err.count("\n") == 1
        assert ended.out == ""

    def test_works_from_any_directory_and_shows_no_bar_when_piped(self, manage_process, tmp_path):
        write_rows(tmp_path / "c.csv", [prompt("p1")])
        ended = manage_process("import", "catalog", "c.csv", cwd=tmp_path)
        assert (ended.status, ended.err) == (0, "")
        assert "read                   1\n" in ended.out

    def test_a_reader_that_goes_away_is_no_trace(self, manage_process, path):
        file = path("c.csv", [prompt("p1")])
        command = f"{sys.executable} {PROJECT_ROOT}/cli/manage.py import catalog {file} --json | true"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        assert done.stderr == ""


class TestLostConnection:
    def test_is_one_line_that_says_to_run_it_again(self, use_database, database_url, path):
        use_database(database_url)
        file = path("c.csv", [prompt("p1")])
        with connect(database_url, autocommit=True) as connection:
            connection.execute("select pg_advisory_lock(%s)", [IMPORT_LOCK])
            process = subprocess.Popen(
                [sys.executable, str(PROJECT_ROOT / "cli" / "manage.py"), "import", "catalog", file],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            _end_the_waiting_session(connection)
            out, err = process.communicate()
        assert (process.returncode, out) == (1, "")
        assert err.startswith("Error: The connection to the database was lost: ")
        assert err.endswith("Run the command again.\n")
        assert err.count("\n") == 1


def _end_the_waiting_session(connection):
    pause = threading.Event()
    for _ in range(1200):
        ended = connection.execute(
            "select pg_terminate_backend(pid) from pg_locks where not granted and locktype = 'advisory'"
        )
        if ended.fetchall():
            return
        pause.wait(0.05)
    pytest.fail("the import never came to its first batch")


class TestEvents:
    def test_stats_count_what_is_stored_and_what_waits(self, manage, path, redis_url):
        manage("import", "catalog", path("c.csv", [prompt("p1")]))
        manage("import", "events", path("e.csv", [event("e1"), event("e2"), event("e3", prompt_external_id="p9")]))
        ended = manage("events", "stats", "--json")
        assert ended.status == 0
        assert ended.json["events"] == 2
        assert [(row["event_name"], row["events"]) for row in ended.json["by_name"]] == [("prompt.viewed", 2)]
        assert ended.json["largest_sources"] == [{"source": "import", "events": 2}]
        assert ended.json["quarantined"] == [{"kind": "events", "reason": "prompt_unknown", "rows": 1}]
        assert ended.json["ledger"] == {"received": 3, "stored": 2, "duplicates": 0, "quarantined": 1}
        assert ended.json["batches_in_journal"] == 0
        assert "1 rows wait in quarantine." in manage("events", "stats").out

    def test_flush_stores_what_waits_and_says_what_became_of_it(self, manage, redis_url):
        waiting = {"source": "s", "event_name": "page.opened", "occurred_at": "2026-03-01T00:00:00Z"}
        entry = orjson.dumps([waiting | {"event_id": "1", "received_at": "2026-03-01T00:00:01Z"}])
        with redis.Redis.from_url(redis_url) as client:
            client.xadd(STREAM, {FIELD: entry, DUPLICATES_FIELD: 2})
            client.xadd(STREAM, {FIELD: b"?"})
        assert manage("events", "flush", "--json").json == {
            "received": 4, "stored": 1, "duplicate": 2, "quarantined": 1,
        }  # fmt: skip
        assert manage("events", "flush").out == "0 received = 0 stored + 0 duplicates + 0 quarantined\n"

    def test_replay_is_status_1_until_nothing_waits(self, manage, path):
        manage("import", "orders", path("o.csv", [order("o1"), order("o2", prompt_external_id="p2")]))
        manage("import", "events", path("e.csv", [event("e1")]))
        manage("import", "catalog", path("c.csv", [prompt("p1")]))
        first = manage("events", "replay-quarantine", "--json")
        manage("import", "catalog", path("c.csv", [prompt("p2")]))
        second = manage("events", "replay-quarantine", "--kind", "orders")
        third = manage("events", "replay-quarantine")
        assert first.status == 1
        assert first.json["orders"] == {"tried": 2, "resolved": 1, "reasons": {"prompt_unknown": 1}}
        assert first.json["events"] == {"tried": 1, "resolved": 1, "reasons": {}}
        assert (second.status, second.out) == (0, "orders               1 of 1 resolved\n")
        assert third.status == 0
