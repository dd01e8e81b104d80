"""The scene in plain English."""

import pytest

from ros2_textfuse.prompts import understand
from ros2_textfuse.prompts.text_encoder import EncoderError
from ros2_textfuse.scene.sentence import Seen, sentence
from ros2_textfuse.scene.watch import Scene


def test_a_clear_day():
    assert sentence(Scene()) == "day; both images clear"


def test_night_with_people():
    seen = [Seen("car", 0.1), Seen("person", 0.5), Seen("person", 0.45)]
    scene = Scene({"low_light": 0.6, "visible_noise": 0.5}, "night")
    assert sentence(scene, {}, seen) == "night; visible image dark and noisy; two people ahead, one car left"


@pytest.mark.parametrize(("severity", "said"), [(0.2, "day, light rain"), (0.5, "day, rain"), (0.9, "day, heavy rain")])
def test_how_strong(severity, said):
    assert sentence(Scene({"rain": severity})) == said


def test_a_fault_takes_the_place_of_looks():
    scene = Scene({"ir_noise": 0.6, "smoke": 0.9})
    assert sentence(scene, {"thermal": "sends nothing"}) == "day, thick smoke; thermal camera: sends nothing"


def test_three_faults_are_listed():
    scene = Scene({"ir_low_contrast": 0.5, "ir_noise": 0.5, "ir_stripe": 0.2})
    assert sentence(scene) == "day; thermal image low in contrast, noisy and slightly striped"


def test_many_objects_stay_short():
    seen = [Seen("person", 0.9)] * 15 + [Seen("bus", 0.1)] * 2 + [Seen(f"thing{n}", 0.5) for n in range(9)]
    found = sentence(Scene(), {}, seen)
    assert "15 people right, two buses left" in found and found.count(",") == 4


@pytest.mark.parametrize(
    "conditions",
    [
        {"low_light": 0.9, "visible_noise": 0.6},
        {"haze": 0.6},
        {"rain": 0.9},
        {"blur": 0.6},
        {"over_exposure": 0.6},
        {"ir_stripe": 0.6, "ir_noise": 0.6},
        {"ir_low_contrast": 0.6},
    ],
    ids=" ".join,
)
def test_it_means_what_drives_the_network(conditions):
    """Given as a prompt, the sentence asks for the same."""
    try:
        found = understand(sentence(Scene(conditions))).modes
    except EncoderError as error:
        pytest.skip(f"no sentence encoder: {error}")
    assert set(found) == set(conditions)


def test_an_object_beside_the_image_is_on_its_right():
    assert "one car right" in sentence(Scene(), {}, [Seen("car", 1.5)])
