"""Regions are brought out of a fused image: known answers, what always holds, and real people and cars."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_textfuse.evaluation.metrics.fusion import to_grey
from ros2_textfuse.evaluation.metrics.retention import contrast, separability
from ros2_textfuse.saliency.appearance import look
from ros2_textfuse.saliency.bring_out import LOOKS, BringOut
from ros2_textfuse.saliency.carrying import Carried, Sighting
from ros2_textfuse.saliency.regions import Region, within

HEIGHT, WIDTH = 200, 280
BOX = (60.0, 30.0, 90.0, 100.0)
SHARED = Path(__file__).parents[3] / "shared" / "data" / "detect"


def scene(person, ground=100, noise=12, seed=0):
    """Visible, thermal and fused images of an ellipse of one level on noisy ground, and where the ellipse is."""
    rng = np.random.default_rng(seed)
    shape = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(shape, (75, 65), (12, 32), 0, 0, 360, 1, cv2.FILLED)
    grey = np.where(shape, person, ground) + rng.normal(0, noise, shape.shape)
    fused = np.uint8(np.clip(grey, 0, 255))
    warm = np.uint8(np.clip(np.where(shape, 180, 60) + rng.normal(0, 4, shape.shape), 0, 255))
    return np.dstack([fused] * 3), warm, np.dstack([fused] * 3), shape > 0


@pytest.mark.parametrize(("person", "brighter"), [(125, True), (75, False)])
def test_an_object_moves_away_from_its_ground_and_the_ground_in_its_box_stays(person, brighter):
    visible, thermal, fused, shape = scene(person)
    before = to_grey(fused)
    BringOut()(fused, visible, thermal, [Region(BOX)])
    after = to_grey(fused)
    change = (after - before)[shape].mean()
    assert change > 15 if brighter else change < -15
    inside = np.zeros_like(shape)
    inside[30:100, 60:90] = True
    near = cv2.dilate(np.uint8(shape), np.ones((11, 11), np.uint8)) > 0
    assert np.abs(after - before)[inside & ~near].mean() < 3
    assert np.array_equal(after[~inside], before[~inside])
    assert separability(after, BOX) > 1.25 * separability(before, BOX)


def test_an_object_between_darker_and_brighter_ground_becomes_brighter():
    """Detectors know what is brightened better than what is darkened, so that darkening is for much more alone."""
    rng = np.random.default_rng(2)
    grey = 112 + rng.normal(0, 8, (HEIGHT, WIDTH))
    grey[:, 75:] += 10  # darkening gains a little more
    _, thermal, _, shape = scene(125)
    fused = np.dstack([np.uint8(np.where(shape, 112 + rng.normal(0, 8, shape.shape), grey))] * 3)
    shown = fused.copy()
    BringOut()(shown, fused, thermal, [Region(BOX)])
    assert (to_grey(shown) - to_grey(fused))[shape].mean() > 10


def test_a_vehicle_that_the_detector_is_sure_of_changes_less():
    visible, thermal, fused, shape = scene(125)
    change = {}
    for name in ("person", "car"):
        for score in (0.0, 0.9):
            shown = fused.copy()
            BringOut()(shown, visible, thermal, [Region(BOX, name=name, score=score)])
            change[name, score] = (to_grey(shown) - to_grey(fused))[shape].mean()
    assert change["car", 0.0] == change["person", 0.0] == change["person", 0.9]
    assert 0.2 * change["car", 0.0] < change["car", 0.9] < 0.5 * change["car", 0.0]


def test_no_edge_shows_at_the_box():
    """Ground on both sides of the box's border differs as it did before."""
    visible, thermal, fused, _ = scene(125)
    before = np.int16(fused[..., 0])
    BringOut()(fused, visible, thermal, [Region(BOX)])
    change = np.int16(fused[..., 0]) - before
    border = np.concatenate([change[30:100, 60], change[30:100, 89], change[30, 60:90], change[99, 60:90]])
    assert np.abs(border).max() <= 2


@pytest.mark.parametrize("keep", [False, True])
def test_a_trunk_that_goes_through_a_box_stays_as_it_is(keep):
    """Behind somebody warm; no straight line shows on it where the box begins."""
    rng = np.random.default_rng(0)
    _, warm, _, person = scene(125)
    trunk = np.zeros_like(person)
    trunk[:, 92:104] = True
    trunk &= ~person
    grey = np.where(person, 125, np.where(trunk, 150, 100)) + rng.normal(0, 6, person.shape)
    warm = np.uint8(np.where(trunk, 90 + rng.normal(0, 4, person.shape), warm))
    visible = np.dstack([np.uint8(grey)] * 3)
    fused = visible // 2 + 50 if keep else visible.copy()
    before = np.int16(fused[..., 0])
    BringOut()(fused, visible, warm, [Region((60, 30, 112, 100), keep=keep)])
    change = np.int16(fused[..., 0]) - before
    assert change[person].mean() > 15
    assert abs(change[34:46, 92:104].mean()) < 10


def test_bright_and_dark_parts_of_an_object_both_gain():
    """A bright head above a dark coat, on ground between the two."""
    rng = np.random.default_rng(1)
    grey = 110 + rng.normal(0, 6, (HEIGHT, WIDTH))
    grey[35:60, 65:85] += 50
    grey[62:98, 65:85] -= 50
    fused = np.dstack([np.uint8(grey)] * 3)
    before = to_grey(fused)
    BringOut()(fused, fused.copy(), np.full((HEIGHT, WIDTH), 90, np.uint8), [Region(BOX)])
    change = to_grey(fused) - before
    assert change[38:57, 68:82].mean() > 10 and change[65:90, 68:82].mean() < -10


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    boxes=st.lists(
        st.tuples(st.floats(-50, 200), st.floats(-50, 150), st.floats(0, 220), st.floats(0, 200)), max_size=20
    ),
    size=st.sampled_from([(120, 160), (33, 47), (8, 8), (3, 200)]),
    weight=st.floats(0, 1),
)
def test_whatever_the_boxes_nothing_clips_and_nothing_outside_them_changes(seed, boxes, size, weight):
    rng = np.random.default_rng(seed)
    fused = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    thermal = rng.integers(0, 256, size, dtype=np.uint8)
    before, bring_out = fused.copy(), BringOut()
    regions = [Region((x, y, x + w, y + h), number % 3 * number, weight) for number, (x, y, w, h) in enumerate(boxes)]
    for _ in range(3):
        fused = before.copy()
        bring_out(fused, before, thermal, regions)
    assert not ((fused == 255) & (before < 255)).any() and not ((fused == 0) & (before > 0)).any()
    outside = np.ones(size, bool)
    for x, y, w, h in boxes:
        outside[max(0, round(y)) : max(0, round(y + h)), max(0, round(x)) : max(0, round(x + w))] = False
    assert np.array_equal(fused[outside], before[outside])


def test_what_is_the_same_everywhere_stays():
    flat = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    fused = flat.copy()
    BringOut()(fused, flat, flat[..., 0].copy(), [Region(BOX)])
    assert np.array_equal(fused, flat)


def test_an_object_of_a_stream_fades_in_and_keeps_still():
    bring_out, means = BringOut(), []
    for frame in range(40):
        visible, thermal, fused, shape = scene(125, seed=frame)
        before = to_grey(fused)[shape].mean()
        bring_out(fused, visible, thermal, [Region(BOX, id=7)])
        means.append(to_grey(fused)[shape].mean() - before)
    assert 0 < means[0] < 0.3 * means[-1]
    assert np.abs(np.diff(means)).max() < 0.25 * means[-1]
    assert np.std(means[25:]) < 0.05 * means[-1]


def test_new_objects_of_a_stream_appear_by_turns():
    visible, thermal, _, _ = scene(125)
    regions = [Region((20.0 * n, 30.0, 20.0 * n + 18, 90.0), id=n + 1) for n in range(6)]
    bring_out = BringOut()
    for frame in range(1, 7):
        bring_out(visible.copy(), visible, thermal, regions)
        assert len(bring_out._known) == min(6, LOOKS * frame)
    bring_out(visible.copy(), visible, thermal, [])
    assert not bring_out._known


@pytest.mark.parametrize(("objects", "looks"), [(1, 6), (4, 22), (12, 40)])
def test_few_objects_are_not_looked_at_in_every_frame(monkeypatch, objects, looks):
    looked = []

    def counting(images, places, *rest, **more):
        looked.extend(places)
        return look(images, places, *rest, **more)

    monkeypatch.setattr("ros2_textfuse.saliency.bring_out.look", counting)
    visible, thermal, _, _ = scene(125)
    bring_out = BringOut()
    regions = [Region((20.0 * n, 30.0, 20.0 * n + 18, 90.0), id=n + 1) for n in range(objects)]
    for _ in range(40):
        bring_out(visible.copy(), visible, thermal, regions)
    assert looks - 2 <= len(looked) <= looks


def test_a_handful_of_objects_costs_little():
    """Processor time of five objects of a stream; far above what it takes (about 1 ms), for busy machines."""
    rng = np.random.default_rng(0)
    fused = rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)
    sizes = ((40, 100), (60, 150), (30, 70), (120, 90), (20, 45))
    regions = [Region((20 + 120 * n, 100, 20 + 120 * n + w, 100 + h), n + 1) for n, (w, h) in enumerate(sizes)]
    bring_out, thermal, times = BringOut(), fused[..., 0].copy(), []
    for _ in range(30):
        image, start = fused.copy(), time.thread_time()
        bring_out(image, fused, thermal, regions)
        times.append(time.thread_time() - start)
    assert np.median(times) < 5e-3


@pytest.mark.parametrize(("thermal_level", "plain_in_fused"), [(180, False), (70, False), (60, True)])
def test_an_object_that_is_kept_becomes_as_plain_as_in_the_better_camera_and_no_plainer(thermal_level, plain_in_fused):
    visible, thermal, fused, shape = scene(118)
    thermal = np.uint8(np.where(shape, thermal_level, thermal))
    visible[shape] = 105
    if plain_in_fused:
        fused[shape] = 200
    before, shown = to_grey(fused), fused.copy()
    BringOut()(shown, visible, thermal, [Region(BOX, keep=True)])
    better = max(separability(to_grey(visible), BOX), separability(thermal, BOX))
    was, kept = separability(before, BOX), separability(to_grey(shown), BOX)
    if was >= better:
        assert np.array_equal(shown, fused)
    else:
        most = fused.copy()
        BringOut()(most, visible, thermal, [Region(BOX)])
        assert was < kept <= 1.2 * better
        assert kept >= min(0.9 * better, separability(to_grey(most), BOX) - 0.02)


def test_an_object_that_is_kept_has_contrast_and_not_only_another_pattern():
    """Stripes as light and dark as the ground are separable from it, and yet easily overlooked."""
    visible, thermal, fused, shape = scene(118)
    thermal = np.uint8(np.where(shape, 180, thermal))
    fused[shape & (np.indices(shape.shape)[0] % 16 < 8)] = 80
    fused[shape & (np.indices(shape.shape)[0] % 16 >= 8)] = 160
    BringOut()(fused, visible, thermal, [Region(BOX, keep=True)])
    assert contrast(to_grey(fused), BOX) >= 0.5 * contrast(thermal, BOX)


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared/data/detect is not on this machine")
def test_people_and_cars_of_real_roads_become_more_separable():
    """Of fused images; here of the cameras' mean, which needs no network."""
    gains = []
    for label in sorted((SHARED / "labels").glob("*.txt"))[:12]:
        visible = cv2.cvtColor(cv2.imread(str(SHARED / "vi" / f"{label.stem}.jpg")), cv2.COLOR_BGR2RGB)
        thermal = cv2.imread(str(SHARED / "ir" / f"{label.stem}.png"), cv2.IMREAD_GRAYSCALE)
        height, width = thermal.shape
        boxes = [
            ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
            for _, x, y, w, h in np.loadtxt(label, ndmin=2)
        ]
        fused = cv2.addWeighted(visible, 0.5, np.dstack([thermal] * 3), 0.5, 0)
        before = to_grey(fused)
        BringOut()(fused, visible, thermal, [Region(box) for box in boxes])
        after = to_grey(fused)
        for box in boxes:
            gains.append((separability(before, box), separability(after, box)))
    before, after = np.array(gains).T
    assert after.mean() > 1.15 * before.mean()
    assert np.mean(after < before - 0.02) < 0.1


def test_what_nobody_overlooks_is_not_kept_and_there_is_no_jump():
    """The same object in smaller images, of which it is more: 4, 9 and 12 %."""
    changes = []
    for height, width in ((200, 280), (130, 190), (110, 160)):
        visible, thermal, fused, shape = scene(118)
        thermal = np.uint8(np.where(shape, 180, thermal))
        fused, visible, thermal, shape = (image[:height, :width].copy() for image in (fused, visible, thermal, shape))
        before = to_grey(fused)
        BringOut()(fused, visible, thermal, [Region(BOX, keep=True)])
        changes.append(np.abs(to_grey(fused) - before)[shape].mean())
    whole, half, none = changes
    assert whole > 12 and 0.3 * whole < half < 0.7 * whole and none == 0


def test_who_steps_before_an_object_that_is_kept_lets_it_fade():
    visible, thermal, fused, shape = scene(118)
    thermal = np.uint8(np.where(shape, 180, thermal))
    bring_out, changes = BringOut(), []
    for frame in range(40):
        shown = fused.copy()
        before_it = [Region((70, 50, 80, 70), id=2, keep=True)] * (frame >= 20)
        bring_out(shown, visible, thermal, [Region(BOX, id=1, keep=True), *before_it])
        changes.append((to_grey(shown) - to_grey(fused))[75:95, 68:82].mean())
    assert changes[19] > 12 and abs(changes[-1]) < 1
    assert np.abs(np.diff(changes)).max() < 0.3 * changes[19]


def test_an_outline_says_what_is_the_objects_whatever_it_looks_like():
    """A person whose lower half looks like the ground in both cameras, beside something that looks like the upper."""
    rng = np.random.default_rng(3)
    grey = 100 + rng.normal(0, 5, (HEIGHT, WIDTH))
    grey[35:65, 68:82] += 30
    grey[35:65, 84:89] += 30  # in the box, and not the person's
    fused = np.dstack([np.uint8(grey)] * 3)
    outline = np.array([[68, 35], [82, 35], [82, 95], [68, 95]], np.float32)
    change = {}
    for known in (None, within(outline, BOX)):
        shown = fused.copy()
        BringOut()(shown, fused, np.full((HEIGHT, WIDTH), 90, np.uint8), [Region(BOX, outline=known)])
        change[known is None] = np.int16(shown[..., 0]) - fused[..., 0]
    lower, beside = np.s_[78:90, 71:79], np.s_[40:60, 86:88]
    assert abs(change[True][lower].mean()) < 4 < 10 < abs(change[False][lower].mean())
    assert abs(change[False][beside].mean()) < abs(change[True][beside].mean())
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[30:100, 60:90] = False
    assert not change[False][outside].any()


@pytest.mark.parametrize("outline", [[[0, 0]], [[-1e9, 0], [1e9, 0], [0, 1e9]], [[5, 5], [5, 5], [5, 5]]])
def test_an_outline_of_any_form_breaks_nothing(outline):
    visible, thermal, fused, _ = scene(125)
    BringOut()(fused, visible, thermal, [Region(BOX, outline=within(np.array(outline, np.float32), BOX))])
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[30:100, 60:90] = False
    assert np.array_equal(fused[outside], visible[outside])


def test_an_outline_moves_with_its_box():
    carried, outline = Carried(), np.array([[0.2, 0], [0.8, 0], [0.5, 1]], np.float32)
    for frame in range(3):
        carried.see([Sighting(1, "person", (10.0 * frame, 0, 20 + 10.0 * frame, 40), outline)], frame / 10)
    (region,) = carried.regions(0.3)
    assert region.box[0] > 20 and np.array_equal(region.outline, outline)
