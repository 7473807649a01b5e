"""Templates that would do something in another template language, and those that would take for ever to read."""

import pytest

EXPRESSIONS = (
    "{{7*7}}",
    "{{ config.__class__.__init__.__globals__ }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    "<%= system('id') %>",
    "#{7*7}",
    "*{7*7}",
    "@(7*7)",
    "${7*7}",
    "${{7*7}}",
    "$${7*7}",
    "${__import__('os').system('id')}",
    "${jndi:ldap://127.0.0.1/a}",
    "{0.__class__.__mro__}",
    "%(password)s",
    "%n%n%s",
    "$(id)`id`",
    "\\u0024{x}",
    "<script>alert(1)</script>",
)
STORMS = {
    "openings": "${" * 90_000,
    "openings of names": "${a:" * 50_000,
    "nested variables": "${a:" * 40_000 + "}" * 40_000,
    "dollars": "$" * 200_000,
    "braces": "{" * 100_000 + "}" * 100_000,
    "names that never end": "${" + "a" * 199_000,
    "variables": "${a}" * 50_000,
    "different variables": "".join(f"${{v{n}:d}}" for n in range(15_000)),
    "differing defaults": "".join(f"${{v:{n}}}" for n in range(15_000)),
    "lines": "\n" * 199_990 + "${x:1}",
    "spaces in a placeholder": "${ " * 60_000,
}


class TestHostileTemplate:
    @pytest.mark.parametrize("text", EXPRESSIONS)
    def test_is_text(self, client, seller, create_prompt, text):
        prompt = create_prompt(seller, template=f"before {text} after", publish=False)
        variables = {variable["name"]: text for variable in prompt["variables"]}
        answer = client.post(f"/prompts/{prompt['id']}/render", json={"variables": variables}, headers=seller.headers)
        assert answer.json()["text"] == f"before {text} after"

    @pytest.mark.parametrize("text", EXPRESSIONS)
    def test_is_text_as_a_value(self, client, seller, create_prompt, text):
        prompt = create_prompt(seller, template="${a}${b:no}", publish=False)
        values = {"variables": {"a": text, "b": "${a}"}}
        answer = client.post(f"/prompts/{prompt['id']}/render", json=values, headers=seller.headers)
        assert answer.json()["text"] == text + "${a}"

    @pytest.mark.parametrize("kind", STORMS)
    def test_is_read_and_rendered_before_the_client_gives_up(self, client, seller, create_prompt, kind):
        prompt = create_prompt(seller, template=STORMS[kind], publish=False)
        for route in ("validate", "render"):
            answer = client.post(f"/prompts/{prompt['id']}/{route}", json={}, headers=seller.headers)
            assert answer.status_code in {200, 422}

    def test_of_a_megabyte_is_refused(self, client, seller, prompt_body):
        answer = client.post("/prompts", json={**prompt_body, "template": "x" * 1024 * 1024}, headers=seller.headers)
        assert answer.status_code == 422

    def test_that_multiplies_a_value_is_refused_before_it_is_built(self, client, seller, create_prompt):
        prompt = create_prompt(seller, template="${a}" * 50_000, publish=False)
        body = {"variables": {"a": "x" * 100_000}}
        answer = client.post(f"/prompts/{prompt['id']}/render", json=body, headers=seller.headers)
        assert (answer.status_code, answer.json()["title"]) == (422, "Rendered text too long")
