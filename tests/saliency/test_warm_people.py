"""People told by their warmth: drawn figures, what is warm and no person, streams, and real nights."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from ros2_textfuse.saliency.carrying import Sighting
from ros2_textfuse.saliency.following import PERIOD, WarmPeople
from ros2_textfuse.saliency.named import NamedRegions
from ros2_textfuse.saliency.regions import overlap
from ros2_textfuse.saliency.warm_people import warm_people

SHARED = Path(__file__).parents[3] / "shared" / "data"
PEOPLE = ((100.0, 300.0, 120.0), (320.0, 260.0, 50.0), (500.0, 330.0, 200.0))  # middle, ground, height in pixels


def figure(image, middle, ground, height, level=200):
    """Draw a person: head, trunk, arms and legs. Returns the box."""

    def at(x, y):
        return round(middle + x * height), round(ground - y * height)

    def limb(*ends, width):
        cv2.line(image, at(*ends[0]), at(*ends[1]), level, max(1, round(width * height)), cv2.LINE_AA)

    cv2.circle(image, at(0, 0.92), round(0.075 * height), level, cv2.FILLED, cv2.LINE_AA)
    limb((0, 0.78), (0, 0.52), width=0.2)
    for side in (-1, 1):
        limb((0.1 * side, 0.78), (0.15 * side, 0.5), width=0.07)
        limb((0.06 * side, 0.5), (0.1 * side, 0.03), width=0.1)
    return middle - 0.19 * height, ground - height, middle + 0.19 * height, ground


def night(people=PEOPLE, seed=0, level=200):
    """A thermal image of a cool street with people, and their boxes."""
    rng = np.random.default_rng(seed)
    image = np.full((480, 640), 40, np.uint8)
    image[200:] = 60
    boxes = [figure(image, *person, level) for person in people]
    return np.uint8(np.clip(cv2.GaussianBlur(image, (0, 0), 1) + rng.normal(0, 3, image.shape), 0, 255)), boxes


def test_people_of_all_sizes_are_found_where_they_are():
    image, boxes = night()
    found = [box for box, _ in warm_people(image)]
    assert len(found) == len(boxes)
    assert all(max(overlap(box, one) for one in found) > 0.5 for box in boxes)


def car(image):
    cv2.rectangle(image, (200, 250), (420, 360), 210, cv2.FILLED)
    cv2.rectangle(image, (240, 200), (380, 250), 180, cv2.FILLED)


def pole(image):
    cv2.line(image, (300, 100), (300, 400), 200, 6)


def lamp(image):
    cv2.circle(image, (300, 100), 20, 255, cv2.FILLED)


def window(image):
    cv2.rectangle(image, (300, 100), (340, 170), 220, cv2.FILLED)


@pytest.mark.parametrize("what", [car, pole, lamp, window])
def test_what_is_warm_and_no_person_is_left_alone(what):
    image, _ = night(people=())
    what(image)
    assert not warm_people(image)


@pytest.mark.parametrize("size", [(480, 640), (10, 10), (3, 200), (64, 64)])
def test_images_without_anything_warm_hold_nobody(size):
    noise = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    for image in (np.zeros(size, np.uint8), np.full(size, 255, np.uint8), np.full(size, 90, np.uint8) + noise % 8):
        assert not warm_people(image)


def test_who_is_found_twice_is_followed_and_who_is_found_once_is_not():
    people, (image, boxes), (street, _) = WarmPeople(), night(PEOPLE[:1]), night(())
    people.look(image, 1.0)
    assert not people.regions(1.0)
    people.look(street, 1.0 + PERIOD / 2)  # too soon: it is not looked at
    people.look(image, 1.0 + 2 * PERIOD)
    (region,) = people.regions(1.0 + 2 * PERIOD)
    assert overlap(region.box, boxes[0]) > 0.5
    people.look(image, 0.0)  # the recording begins anew
    assert not people.regions(0.0)


def followed(objects, image):
    for stamp in (0.0, 0.3, 0.6):
        objects.look(image, ("person",), stamp)
    return objects.regions(("person",), 0.6)


def test_a_person_whom_nobody_detected_joins_those_who_were():
    image, boxes = night(PEOPLE[::2])
    objects = NamedRegions()
    objects.see([Sighting(7, "person", boxes[0])], 0.6)
    detected, warm = followed(objects, image)
    assert detected.id == 7 and warm.id < 0 and overlap(warm.box, boxes[1]) > 0.5
    assert not objects.regions(("car",), 0.6)


def test_what_is_warm_in_a_detected_car_is_no_person():
    image, boxes = night(PEOPLE[:1])
    objects, (left, top, right, bottom) = NamedRegions(), boxes[0]
    objects.see([Sighting(1, "car", (left - 50, top - 5, right + 50, bottom + 5))], 0.6)
    assert not followed(objects, image)


def test_people_are_not_looked_for_where_none_are_named():
    objects, (image, _) = NamedRegions(), night()
    for stamp in (0.0, 0.3):
        objects.look(image, ("car",), stamp)
    assert not objects.regions(("person",), 0.3)


def test_a_look_costs_little():
    """Processor time; far above what it takes (2 to 5 ms), for busy machines."""
    image, taken = night()[0], []
    for _ in range(15):
        start = time.thread_time()
        warm_people(image)
        taken.append(time.thread_time() - start)
    assert np.median(taken) < 20e-3


@pytest.mark.skipif(not (SHARED / "train_labels").is_dir(), reason="shared/data is not on this machine")
def test_people_of_real_nights_are_found_without_a_detector():
    named, found, false = 0, 0, 0
    for label in (SHARED / "train_labels").glob("*.txt"):
        image = cv2.imread(str(SHARED / "train" / "ir" / f"{label.stem}.png"), cv2.IMREAD_GRAYSCALE)
        size = np.array(image.shape[::-1] * 2)
        rows = [[float(value) for value in line.split()] for line in label.read_text().splitlines()]
        people = [
            tuple(np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2]) * size)
            for class_, x, y, w, h in rows
            if not class_
        ]
        boxes = [box for box, _ in warm_people(image)]
        named += len(people)
        found += sum(any(overlap(one, box) > 0.3 for box in boxes) for one in people)
        false += sum(all(overlap(one, box) < 0.1 for one in people) for box in boxes)
    assert found > 0.3 * named and false <= 2
