"""Catalogs into the application database."""

from datetime import UTC, datetime

import pytest

from tests.integration.warehouse.imports.rows import prompt
from warehouse.imports.identity import imported_id


@pytest.fixture
def prompts(connection):
    def read_prompts():
        rows = connection.execute(
            "select prompts.*, seller.name as seller from prompts"
            " inner join organizations as seller on seller.id = prompts.seller_organization_id"
        )
        return {row["external_id"]: row for row in rows}

    return read_prompts


@pytest.fixture
def versions(connection):
    def read_versions(external_id="p1"):
        rows = connection.execute(
            "select version, template from prompt_versions where prompt_id = %s order by version",
            [imported_id("prompt", external_id)],
        )
        return [(row["version"], row["template"]) for row in rows]

    return read_versions


class TestNewPrompts:
    def test_are_published_under_an_id_that_is_always_the_same(self, run, prompts):
        report, _ = run("catalog", [prompt(seller="Acme", created_at="2020-05-01T00:00:00Z", tags="a;b", model="gpt")])
        found = prompts()["p1"]
        assert report["inserted"] == 1
        assert found["id"] == imported_id("prompt", "p1")
        assert (found["status"], found["current_version"], found["seller"]) == ("published", 1, "Acme")
        assert found["published_at"] == found["created_at"] == datetime(2020, 5, 1, tzinfo=UTC)
        assert (found["tags"], found["model"]) == (["a", "b"], "gpt")

    def test_their_template_is_kept_byte_for_byte(self, run, versions):
        template = '  ${a}\r\n\t“q”, "q"\n\n;\'\\N\\. ${{ secrets.X }}\r '
        run("catalog", [prompt(template=template)])
        assert versions() == [(1, template)]

    def test_their_variables_are_named_as_the_caller_finds_them(self, run, connection):
        run("catalog", [prompt(template="${a} b")], name_variables=str.split)
        run("catalog", [prompt(template="c")], name_variables=str.split)
        found = connection.execute("select variables from prompt_versions order by version").fetchall()
        assert [row["variables"] for row in found] == [["${a}", "b"], ["c"]]

    def test_their_seller_is_made_without_a_log_in(self, run, connection):
        run("catalog", [prompt("p1", seller="Acme"), prompt("p2", seller="Acme"), prompt("p3", seller="")])
        made = connection.execute("select name, external_id, is_imported from organizations order by name").fetchall()
        assert [tuple(row.values()) for row in made] == [
            ("Acme", "Acme", True),
            ("Imported catalog", "Imported catalog", True),
        ]
        assert connection.execute("select count(*) as n from users").fetchone()["n"] == 0

    def test_json_lines_say_the_same_as_csv(self, run, prompts):
        run("catalog", [prompt("p1", price_cents="250", tags="a;b")])
        run("catalog", [prompt("p2", price_cents=250, tags=["a", "b"])], name="c.jsonl")
        first, second = prompts()["p1"], prompts()["p2"]
        assert (first["price_cents"], first["tags"]) == (second["price_cents"], second["tags"])


class TestKnownPrompts:
    def test_the_same_again_changes_nothing(self, run, everything):
        rows = [prompt("p1", seller="Acme", category="x", price_cents="5"), prompt("p2", tags="a;b")]
        run("catalog", rows)
        before = everything()
        report, _ = run("catalog", rows)
        assert (report["unchanged"], report["updated"], report["inserted"]) == (2, 0, 0)
        assert everything() == before

    def test_a_changed_template_becomes_the_next_version(self, run, prompts, versions):
        run("catalog", [prompt(template="one")])
        report, _ = run("catalog", [prompt(template="one ")])
        assert report["updated"] == 1
        assert versions() == [(1, "one"), (2, "one ")]
        assert prompts()["p1"]["current_version"] == 2

    def test_a_template_that_changes_back_is_a_version_of_its_own(self, run, versions):
        for template in ("one", "two", "one"):
            run("catalog", [prompt(template=template)])
        assert versions() == [(1, "one"), (2, "two"), (3, "one")]

    def test_other_changes_make_no_version(self, run, prompts, versions):
        run("catalog", [prompt(price_cents="100", category="a")])
        report, _ = run("catalog", [prompt(title="New", price_cents="200", category="")])
        found = prompts()["p1"]
        assert report["updated"] == 1
        assert (found["title"], found["price_cents"], found["category"]) == ("New", 200, None)
        assert len(versions()) == 1

    def test_what_the_file_has_no_column_for_stays(self, run, prompts):
        run("catalog", [prompt(price_cents="100", currency="EUR", tags="a", seller="Acme", category="x")])
        report, _ = run("catalog", [prompt()])
        found = prompts()["p1"]
        assert report["unchanged"] == 1
        assert (found["price_cents"], found["currency"], found["tags"], found["category"]) == (100, "EUR", ["a"], "x")

    def test_a_status_given_since_stays(self, run, prompts, connection):
        run("catalog", [prompt()])
        connection.execute("update prompts set status = 'archived'")
        run("catalog", [prompt(title="New")])
        assert prompts()["p1"]["status"] == "archived"

    def test_another_seller_is_refused_and_changes_nothing(self, run, everything):
        run("catalog", [prompt(seller="Acme")])
        before = everything()
        report, refused = run("catalog", [prompt(seller="Beta", title="Stolen")])
        after = everything()
        assert refused == {2: "seller_conflict"}
        assert report["quarantined"] == 1
        assert {**after, "quarantine": []} == {**before, "quarantine": []}
        assert after["quarantine"][0]["detail"] == "p1 belongs to 'Acme', the file says 'Beta'"

    def test_an_empty_seller_leaves_the_prompt_where_it_is(self, run, prompts):
        run("catalog", [prompt(seller="Acme")])
        report, _ = run("catalog", [prompt(seller="")])
        assert report["unchanged"] == 1
        assert prompts()["p1"]["seller"] == "Acme"


class TestOneFile:
    def test_that_says_the_same_twice_says_it_once(self, run):
        report, refused = run("catalog", [prompt("p1"), prompt("p2"), prompt("p1")])
        assert (report["inserted"], report["unchanged"], refused) == (2, 1, {})

    def test_that_contradicts_itself_is_believed_the_first_time(self, run, prompts):
        report, refused = run("catalog", [prompt(title="First"), prompt(title="Second"), prompt(title="First")])
        assert refused == {3: "prompt_conflict"}
        assert (report["read"], report["inserted"], report["unchanged"], report["quarantined"]) == (3, 1, 1, 1)
        assert prompts()["p1"]["title"] == "First"

    def test_that_contradicts_itself_again_fares_the_same(self, run, everything):
        rows = [prompt(title="First"), prompt(title="Second")]
        run("catalog", rows)
        before = everything()
        report, refused = run("catalog", rows)
        assert refused == {3: "prompt_conflict"}
        assert report["unchanged"] == 1
        assert everything() == before
