"""Which devices' events are handed out."""

from api.own_data.device import Device, Devices

OWN = Device("anonymous_id", "8f14e45f-ceea-467f-a8d5-0d8f6f1b0001")
SHARED = Device("anonymous_id", "8f14e45f-ceea-467f-a8d5-0d8f6f1b0002")
COUNTED = Device("session_id", "17")
BESIDE = Device("session_id", "8f14e45f-ceea-467f-a8d5-0d8f6f1b0003")
OF_OTHERS = Device("session_id", "8f14e45f-ceea-467f-a8d5-0d8f6f1b0004")
DEVICES = Devices(frozenset({OWN, SHARED, COUNTED}), frozenset({BESIDE, OF_OTHERS}), frozenset({SHARED, OF_OTHERS}))


class TestParameters:
    def test_own_are_those_of_nobody_else_that_can_not_be_guessed(self):
        asked = DEVICES.parameters()
        assert (asked["own_anonymous_ids"], asked["own_session_ids"]) == ([OWN.id], [])

    def test_what_is_named_beside_them_may_be_anything_but_of_others(self):
        asked = DEVICES.parameters()
        assert asked["clear_anonymous_ids"] == [OWN.id]
        assert sorted(asked["clear_session_ids"]) == [COUNTED.id, BESIDE.id]


class TestLines:
    def test_each_device_says_why_it_is_left_out(self):
        told = {line["id"]: line["left_out_because"] for line in DEVICES.lines()}
        assert told == {OWN.id: None, SHARED.id: "also_of_others", COUNTED.id: "guessable_id"}

    def test_more_than_are_looked_at_are_told(self):
        assert [line["left_out_because"] for line in Devices(is_cut=True).lines()] == ["too_many_devices"]
