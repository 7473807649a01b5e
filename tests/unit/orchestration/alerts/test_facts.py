from orchestration.alerts.facts import DETAIL_MAX_LENGTH, shorten_cause


class TestShortenCause:
    def test_no_row_that_a_database_quotes_is_left(self) -> None:
        said = (
            'null value in column "name" violates not-null constraint DETAIL: Failing row contains (ana@acme.example)'
        )
        assert shorten_cause(said) == 'null value in column "name" violates not-null constraint'
        assert shorten_cause("load: it broke\nDETAIL: Key (email)=(ana@acme.example)") == "load: it broke"

    def test_a_long_one_is_cut(self) -> None:
        assert shorten_cause("x" * 1000) == "x" * DETAIL_MAX_LENGTH + " ..."
