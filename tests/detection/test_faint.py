"""What is too faint to be reported, and of an object that nothing surer is of."""

from ros2_textfuse.detection.faint import parted, without_doubles
from ros2_textfuse.detection.types import Detection

CAR = Detection("car", 2, 0.6, (100.0, 100.0, 200.0, 160.0))
AS_A_TRUCK = Detection("truck", 7, 0.2, (102.0, 98.0, 204.0, 160.0))
BEHIND_IT = Detection("person", 0, 0.15, (190.0, 80.0, 210.0, 150.0))
TWO = [Detection("person", 0, score, (10.0, 10.0, 30.0, 70.0)) for score in (0.5, 0.3)]


def test_a_faint_box_on_a_surer_one_of_any_class_is_of_the_same_object():
    assert without_doubles([CAR, AS_A_TRUCK, BEHIND_IT], 0.25) == [CAR, BEHIND_IT]


def test_what_is_sure_stays_as_it_is():
    assert without_doubles(TWO, 0.25) == TWO
    assert without_doubles(TWO, 0.4) == TWO[:1]


def test_each_is_sure_or_faint():
    assert parted([CAR, AS_A_TRUCK, BEHIND_IT], 0.2) == ([CAR, AS_A_TRUCK], [BEHIND_IT])
