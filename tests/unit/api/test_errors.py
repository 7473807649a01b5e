"""Error classes and what OpenAPI says of them."""

from uuid import uuid4

import pytest

import api.main  # noqa: F401 - so that every error class is known
from api.errors import ApiError, problem_responses
from api.prompts.errors import PromptNotDeletable, PromptNotFound


def all_errors(base: type[ApiError] = ApiError) -> list[type[ApiError]]:
    return [error for child in base.__subclasses__() for error in (child, *all_errors(child))]


class TestApiError:
    def test_is_titled_by_what_happened(self):
        assert PromptNotFound.title == "Prompt not found"
        assert PromptNotFound.type == "urn:prompt-marketplace:problem:prompt-not-found"

    def test_ends_with_the_id(self):
        prompt_id = uuid4()
        assert str(PromptNotFound(prompt_id)).endswith(str(prompt_id))
        assert str(PromptNotDeletable(prompt_id, "The prompt has orders")).endswith(str(prompt_id))

    @pytest.mark.parametrize("error", all_errors(), ids=lambda error: error.__name__)
    def test_has_a_status_of_an_error_and_says_when_it_is_raised(self, error):
        assert 400 <= error.status <= 599
        assert error.__doc__

    def test_types_are_distinct(self):
        types = [error.type for error in all_errors()]
        assert sorted(types) == sorted(set(types))


class TestProblemResponses:
    def test_joins_errors_of_one_status(self):
        found = problem_responses(PromptNotFound, PromptNotDeletable)
        assert {status: said["description"] for status, said in found.items()} == {
            404: "Prompt not found",
            409: "Prompt not deletable",
        }
