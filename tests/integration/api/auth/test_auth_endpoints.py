"""`/api/v1/auth` from outside."""


class TestMe:
    def test_tells_the_signed_in_user(self, client, seller):
        answer = client.get("/auth/me", headers=seller.headers)
        assert answer.status_code == 200
        assert answer.json()["email"] == seller.email
