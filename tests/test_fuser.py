"""`Fuser` from a script's point of view."""

import numpy as np
import pytest
import torch

from ros2_textfuse import Fuser
from ros2_textfuse.engines import EngineError
from ros2_textfuse.engines.clearing import ClearedOnDevice
from ros2_textfuse.engines.torch_runner import CpuRunner
from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.geometry.calibration import Calibration, CameraModel
from ros2_textfuse.imaging.drawing import AMBER
from ros2_textfuse.imaging.encodings import ImageError
from ros2_textfuse.imaging.tone import ToneMap
from ros2_textfuse.prompts import Prompt, Tone
from ros2_textfuse.prompts.prompt import PromptError
from tests.helpers.encoder import needs_encoder
from tests.helpers.images import street
from tests.helpers.messages import noise

VISIBLE, THERMAL = street(120, 160)


@pytest.fixture(scope="module")
def shared():
    return Fuser(engine="eager")


@pytest.fixture
def fuser(shared):
    shared.set_prompt()
    return shared


def test_fused_is_rgb_of_the_same_size(fuser):
    fused = fuser.fuse(VISIBLE, THERMAL)
    assert fused.shape == VISIBLE.shape and fused.dtype == np.uint8
    assert fuser.engine_name.startswith("eager")


@pytest.mark.parametrize("level", [0, 130])
def test_a_fused_image_of_one_colour_is_an_error_unless_the_cameras_see_nothing(fuser, monkeypatch, level):
    """As of an engine whose memory was damaged after it was verified."""
    fuser.fuse(VISIBLE, THERMAL)
    monkeypatch.setattr(CpuRunner, "run", lambda self, visible, thermal, modulation, out: out.fill(level))
    with pytest.raises(
        EngineError, match=rf"one colour, \[{level}, {level}, {level}\], and the cameras' images are not"
    ):
        fuser.fuse(VISIBLE, THERMAL)
    assert (fuser.fuse(np.full_like(VISIBLE, 9), np.full_like(THERMAL, 9)) == level).all()


@pytest.mark.parametrize("size", [(5, 7), (1, 1), (8, 40)])
def test_an_image_may_be_smaller_than_the_steps_in_which_it_is_looked_at(fuser, size):
    assert fuser.fuse(np.zeros((*size, 3), np.uint8), np.zeros(size, np.uint8)).shape == (*size, 3)


def test_both_cameras_show(fuser):
    """The warm disc stands out although the RGB camera does not see it, and the texture stays."""
    fused = fuser.fuse(VISIBLE, THERMAL).mean(axis=2)
    disc = THERMAL > 200
    lift = fused[disc].mean() - VISIBLE.mean(axis=2)[disc].mean()
    assert lift > 40
    assert np.corrcoef(fused[~disc], VISIBLE.mean(axis=2)[~disc])[0, 1] > 0.8


def test_low_light_prompt_brightens_a_dark_scene(fuser):
    dark = (VISIBLE * 0.15).astype(np.uint8)
    cool = (THERMAL * 0.15).astype(np.uint8)
    plain = fuser.fuse(dark, cool)
    fuser.set_prompt(modes=["low_light"], severity=0.8)
    assert fuser.fuse(dark, cool).mean() > 1.5 * plain.mean()


def test_more_severity_does_more(fuser):
    dark = (VISIBLE * 0.2).astype(np.uint8)
    means = []
    for severity in (0.0, 0.3, 0.6, 0.9):
        fuser.set_prompt(modes=["low_light"], severity=severity)
        means.append(fuser.fuse(dark, THERMAL).mean())
    assert means == sorted(means) and means[-1] > means[0] + 5


def test_a_refused_prompt_leaves_the_old_one(fuser):
    fuser.set_prompt(modes=["haze"])
    before = fuser.fuse(VISIBLE, THERMAL)
    with pytest.raises(PromptError):
        fuser.set_prompt(modes=["hazy"])
    assert list(fuser.prompt.severities) == ["haze"]
    np.testing.assert_array_equal(fuser.fuse(VISIBLE, THERMAL), before)


def test_no_prompt_again_restores_the_first_image(fuser):
    before = fuser.fuse(VISIBLE, THERMAL)
    fuser.set_prompt(modes=["low_light"], severity=0.8)
    fuser.fuse(VISIBLE, THERMAL)
    fuser.set_prompt()
    np.testing.assert_array_equal(fuser.fuse(VISIBLE, THERMAL), before)


def test_writes_into_out(fuser):
    out = np.zeros_like(VISIBLE)
    assert fuser.fuse(VISIBLE, THERMAL, out=out) is out
    np.testing.assert_array_equal(out, fuser.fuse(VISIBLE, THERMAL))


def test_sizes_may_change(fuser):
    assert fuser.fuse(*street(50, 70)).shape == (50, 70, 3)
    assert fuser.fuse(VISIBLE, THERMAL).shape == VISIBLE.shape


def test_raw_counts(fuser):
    assert fuser.fuse(VISIBLE, THERMAL.astype(np.uint16) * 20 + 27000).dtype == np.uint8


@pytest.mark.parametrize(
    ("visible", "thermal", "reason"),
    [
        (VISIBLE.astype(np.float32), THERMAL, "float32"),
        (VISIBLE[..., 0], THERMAL, "visible must be"),
        (VISIBLE, THERMAL.astype(np.int32), "int32"),
        (VISIBLE, VISIBLE, "thermal must be"),
        (VISIBLE, THERMAL[:, :80], "80x120"),
        (noise(0, 0, 3), noise(0, 0), "empty"),
    ],
)
def test_wrong_images_are_named(fuser, visible, thermal, reason):
    with pytest.raises(ImageError, match=reason):
        fuser.fuse(visible, thermal)


@pytest.mark.parametrize("out", [VISIBLE[:60], VISIBLE.astype(np.int32), np.asfortranarray(VISIBLE)])
def test_wrong_out_is_named(fuser, out):
    with pytest.raises(ImageError, match="out must be"):
        fuser.fuse(VISIBLE, THERMAL, out=out)


# Pass-through ---------------------------------------------------------------------------------------------------------


def test_one_camera_is_passed_through_marked(fuser):
    visible = fuser.pass_through("visible", VISIBLE)
    thermal = fuser.pass_through("thermal", THERMAL)
    assert tuple(visible[-1, -1]) == tuple(thermal[-1, -1]) == AMBER
    inside = np.s_[40:-4, 4:-4]
    np.testing.assert_array_equal(visible[inside], VISIBLE[inside])
    np.testing.assert_array_equal(thermal[inside], np.dstack([THERMAL] * 3)[inside])


def test_what_is_passed_through_lies_where_it_lies_in_fused_images():
    """Thermal pixels, 5 to the right and 3 down, in the visible camera's image; the source stays."""
    cameras = {"visible": CameraModel(160, 120), "thermal": CameraModel(160, 120)}
    shift = np.array([[1.0, 0, 5], [0, 1, 3], [0, 0, 1]])
    fuser = Fuser(engine="eager", alignment=Alignment(Calibration("rig.yaml", "visible", cameras, shift)))
    source = THERMAL.copy()
    passed = fuser.pass_through("thermal", source)
    np.testing.assert_array_equal(passed[40:-4, 20:-4, 0], THERMAL[37:-7, 15:-9])
    np.testing.assert_array_equal(source, THERMAL)
    with pytest.raises(ImageError, match="320x240"):
        fuser.pass_through("thermal", np.zeros((240, 320), np.uint8))


def test_what_is_passed_through_is_what_a_pair_would_show(fuser):
    """A white frame fades while both cameras live, and does not come back as heat when one fails."""
    framed = np.pad(THERMAL[20:-20, 20:-20], 20, constant_values=255)
    _, of_pair = fuser.prepare_pair(VISIBLE, framed)
    assert (of_pair[:, :10] < 255).all()
    np.testing.assert_array_equal(fuser.prepare_image("thermal", framed), of_pair)


@pytest.mark.parametrize(
    ("camera", "image"),
    [
        ("visible", np.float32(VISIBLE) / 255),
        ("visible", np.uint16(VISIBLE) * 257),
        ("visible", THERMAL),
        ("thermal", VISIBLE),
        ("thermal", THERMAL[:0]),
    ],
    ids=["float", "16 bits", "grey", "colour", "empty"],
)
def test_what_is_no_image_of_its_camera_is_not_passed_through(fuser, camera, image):
    with pytest.raises(ImageError, match=camera):
        fuser.pass_through(camera, image)


class Tensors(torch.Tensor):
    """Tensors of the CPU that say that they are on a CUDA device: a STAND-IN for one."""

    is_cuda = True


def on_device(array):
    return torch.from_numpy(array).as_subclass(Tensors)


class DeviceRunner(CpuRunner):
    """A STAND-IN for the engine of such a device."""

    def run_on_device(self, visible, thermal, modulation, out):
        fused = self._graph(visible, thermal, torch.from_numpy(modulation))
        return fused if out is None else out.copy_(fused)


def test_tensors_on_a_device_are_fused_there():
    fuser = Fuser(engine="eager")
    expected = fuser.fuse(VISIBLE, THERMAL)
    visible, thermal, out = on_device(VISIBLE), on_device(THERMAL), on_device(np.zeros_like(VISIBLE))
    with pytest.raises(EngineError, match="eager cpu takes arrays"):
        fuser.fuse_on_device(visible, thermal)
    engine = fuser._engines[120, 160]
    engine._fusing.__class__ = DeviceRunner
    engine.__class__ = ClearedOnDevice
    with torch.inference_mode():
        assert np.array_equal(fuser.fuse_on_device(visible, thermal).numpy(), expected)
        assert fuser.fuse_on_device(visible, thermal, out) is out and np.array_equal(out.numpy(), expected)
    with pytest.raises(ImageError, match=r"thermal lies on the cpu: give fuse\(\) arrays"):
        fuser.fuse_on_device(visible, torch.from_numpy(THERMAL))
    with pytest.raises(ImageError, match=r"visible must be uint8 \[100, 160, 3\], not torch.uint8 \[120, 160, 3\]"):
        fuser.fuse_on_device(visible, thermal[:100])
    fuser.set_prompt("more contrast")
    with pytest.raises(ImageError, match="leave tone and the mode auto to fuse"):
        fuser.fuse_on_device(visible, thermal)


def test_the_engine_of_the_first_size_stays():
    """A node is configured for one size, whatever else comes along."""
    fuser = Fuser(engine="eager")
    for size in ((32, 48), (40, 40), (48, 32), (40, 40)):
        fuser.prepare(*size)
        assert fuser.ready(32, 48) and fuser.ready(*size)
    assert not fuser.ready(48, 32)


def test_a_wish_for_tone_changes_the_image_and_nothing_else_of_it(fuser):
    plain = fuser.fuse(VISIBLE, THERMAL)
    fuser._history = (Prompt(tone=Tone(brightness=-0.5, colour=-1.0)),)
    fuser._use(fuser._history[-1])
    toned = fuser.fuse(VISIBLE, THERMAL)
    expected = plain.copy()
    ToneMap(-0.5, 0.0, -1.0)(expected)
    np.testing.assert_array_equal(toned, expected)
    assert toned.mean() < plain.mean() and np.ptp(toned.astype(int), axis=2).max() <= 1
    fuser.set_prompt()
    np.testing.assert_array_equal(fuser.fuse(VISIBLE, THERMAL), plain)


def test_the_balance_holds_where_a_prompt_says_nothing_of_it(fuser):
    try:
        fuser.balance = 0.4
        assert fuser.prompt.balance == 0.4
        assert fuser.set_prompt(modes=["haze"]).balance == 0.4
        assert fuser.set_prompt(balance=-0.5).balance == -0.5
        fuser.balance = 0.6
        assert fuser.prompt.balance == -0.5, "a prompt that weighs the cameras goes before it"
        assert fuser.set_prompt().balance == 0.6
        assert fuser.set_prompt("a bit more thermal").balance == 0.85
        with pytest.raises(PromptError, match="from -1"):
            fuser.balance = 2
    finally:
        fuser.balance = 0.0


def test_objects_are_resolved_to_classes(fuser):
    assert fuser.set_prompt(objects=["pedestrian", "car"]).objects == ("person", "car")
    with pytest.raises(PromptError, match="Unknown object"):
        fuser.set_prompt(objects=["gravel"])
    assert fuser.prompt.objects == ("person", "car")


@needs_encoder
def test_undo_brings_back_the_prompt_before(fuser):
    fuser.set_prompt(modes=["haze"], severity=0.4)
    fuser.set_prompt("even more thermal")
    fuser.set_prompt("it is dark")
    fuser.set_prompt("undo")
    assert (dict(fuser.prompt.severities), fuser.prompt.balance) == ({"haze": 0.4}, 0.5)
    fuser.set_prompt("undo")
    assert (dict(fuser.prompt.severities), fuser.prompt.balance) == ({"haze": 0.4}, 0.0)


class TestAuto:
    """A prompt of mode auto is completed by what the images say."""

    DARK = (VISIBLE * 0.12).astype(np.uint8), THERMAL

    def test_a_dark_image_is_brightened_by_itself(self, fuser):
        plain = fuser.fuse(*self.DARK)
        fuser.set_prompt(modes=["auto"])
        assert fuser.fuse(*self.DARK).mean() > 1.3 * plain.mean()
        assert "low_light" in fuser.in_force.severities and not fuser.prompt.severities

    def test_single_images_have_nothing_to_do_with_each_other(self, fuser):
        fuser.set_prompt(modes=["auto"])
        fuser.fuse(*self.DARK)
        fuser.fuse(VISIBLE, THERMAL)
        assert "low_light" not in fuser.in_force.severities

    def test_another_prompt_ends_it(self, fuser):
        fuser.set_prompt(modes=["auto"])
        fuser.fuse(*self.DARK)
        fuser.set_prompt()
        assert not fuser.in_force.severities

    def test_words_win(self, fuser):
        fuser.set_prompt(modes=["auto", "low_light"], severity=0.2)
        fuser.fuse(*self.DARK)
        assert fuser.in_force.severities["low_light"] == 0.2

    def test_a_needless_prompt_does_hardly_anything_and_a_needed_one_all(self, fuser):
        plain, dark = fuser.fuse(VISIBLE, THERMAL), fuser.fuse(*self.DARK)
        fuser.set_prompt(modes=["low_light"], severity=0.8)
        assert np.abs(np.int16(fuser.fuse(VISIBLE, THERMAL)) - plain).mean() < 1
        assert "low_light by" in fuser.doubt and list(fuser.in_force.severities) == ["low_light"]
        assert fuser.fuse(*self.DARK).mean() > 1.3 * dark.mean() and not fuser.doubt

    def test_looks_without_auto_change_nothing(self, fuser):
        before = fuser.in_force
        fuser.look(*self.DARK)
        assert fuser.in_force is before and "low_light" in fuser.watch.scene.conditions
