"""What is taken for a secret, and what is not."""

import pytest

from scripts.check_secrets import find_secrets

# In two halves, so that this file holds none.
SECRETS = {
    "AWS Access Key": 'AWS_KEY = "AKIA' + 'IOSFODNN7EXAMPLF"',
    "Stripe Access Key": 'key = "sk_live_' + '4eC39HqLyjWDarjtT1zdp7dc"',
    "Private Key": "-----BEGIN RSA PRIVATE " + "KEY-----",
    "JSON Web Token": 'token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.' + "eyJzdWIiOiIxMjM0NTY3ODkwIn0."
    'dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"',
    "Secret Keyword": 'smtp_password = "Tr0ub4' + 'dor&3xkcd"',
    "Base64 High Entropy String": 'salt = "c2VjcmV0IG1lc3NhZ2UgZm9y' + 'IHlvdXIgZXllcyBvbmx5ISBSZWFsbHkh"',
    "Basic Auth Credentials": 'URL = "https://ana:Zx81' + 'spectrum@host.example/"',
}


class TestFindSecrets:
    @pytest.mark.parametrize("kind", SECRETS)
    def test_finds_it(self, tmp_path, kind):
        file = tmp_path / "config.py"
        file.write_text(f"x = 1\n{SECRETS[kind]}\n")
        assert f"{file}:2: {kind}" in find_secrets([file])

    def test_a_value_that_says_it_is_for_development_is_none(self, tmp_path):
        file = tmp_path / "config.py"
        file.write_text('JWT_SECRET = "development-only-jwt-secret-of-at-least-32-bytes"\n')
        assert find_secrets([file]) == []

    def test_a_line_can_be_excused(self, tmp_path):
        file = tmp_path / "config.py"
        file.write_text(f"{SECRETS['Stripe Access Key']}  # pragma: allowlist secret\n")
        assert find_secrets([file]) == []

    def test_a_name_alone_is_none(self, tmp_path):
        file = tmp_path / "config.py"
        file.write_text("password = read_password()\nsecret: str = settings.jwt_secret\n")
        assert find_secrets([file]) == []
