"""Lines that say what a sentence asks for, and the states of slots that they stand for."""

from ros2_textfuse.prompts.slots import SLOTS, in_slots, labelled


def test_a_line_says_what_is_wanted_allowed_and_the_opposite() -> None:
    one = labelled("smoke, 40 %, not the cars => haze=0.4, [thermal], !@car or ?")
    assert (one.text, one.wanted, one.allowed) == ("smoke, 40 %, not the cars", {"haze"}, {"thermal"})
    assert one.forbidden == {"@car"} and one.answer_does and one.amounts == {"haze": 0.4}
    assert labelled("more thermal => thermal").forbidden == {"visible"}


def test_a_balance_in_the_middle_is_of_neither_camera() -> None:
    one = labelled("half and half, darker => thermal=0, [visible=0], darker")
    assert (one.wanted, one.allowed, one.amounts) == ({"darker"}, set(), {})
    assert in_slots(one)[SLOTS.index("balance")].tolist() == [True, False, False]


def test_states_of_slots() -> None:
    right = in_slots(labelled("haze, no cars => haze, [thermal], !@car, @kite"))
    states = {
        slot: "".join(str(state) for state in range(3) if row[state]) for slot, row in zip(SLOTS, right, strict=True)
    }
    assert states["haze"] == "1" and states["balance"] == "01" and states["car"] == "2" and states["other"] == "1"
    assert {states[slot] for slot in ("rain", "person", "brightness", "unserved")} == {"0"}


def test_what_is_not_asked_for_may_be_denied_where_denials_are_not_marked() -> None:
    right = in_slots(labelled("rain, no fog => rain"), denials_marked=False)
    assert right[SLOTS.index("haze")].tolist() == [True, False, True]
    assert right[SLOTS.index("rain")].tolist() == [False, True, False]
