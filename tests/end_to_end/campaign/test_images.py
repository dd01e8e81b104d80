"""Images that are broken, strange, or only unusual."""

from array import array

import cv2
import numpy as np
import pytest

from tests.helpers import spoils
from tests.helpers.campaign import campaign, cases
from tests.helpers.rig import ERROR, HEIGHT, OK, WARN, WIDTH, thermal_pixels, visible_pixels

LIVING = {"visible": "THERMAL_ONLY", "thermal": "VISIBLE_ONLY"}

# Broken ---------------------------------------------------------------------------------------------------------------

BROKEN = {
    "visible is truncated": ("visible", spoils.truncated, "bytes"),
    "thermal is truncated": ("thermal", spoils.truncated, "bytes"),
    "thermal has no data": ("thermal", spoils.changed(data=array("B")), "bytes"),
    "visible step is too short": ("visible", spoils.changed(step=WIDTH), "step"),
    "visible has no pixels": ("visible", spoils.changed(width=0, height=0, step=0, data=array("B")), "no pixels"),
    "visible header says 100k pixels": ("visible", spoils.changed(width=100_000, height=100_000), "8192"),
    "thermal header says 4 G pixels": ("thermal", spoils.changed(width=2**32 - 1, height=2**32 - 1), "8192"),
    "thermal encoding is unknown": ("thermal", spoils.changed(encoding="64FC1"), "64FC1"),
    "visible yuv422 of odd width": ("visible", spoils.changed(encoding="yuv422", width=WIDTH - 1), "odd"),
    "thermal bytes said to be 16 bits": ("thermal", spoils.changed(encoding="mono16"), "step"),
    "visible stamp is zero": ("visible", spoils.unstamped, "zero"),
    "thermal stamp is zero": ("thermal", spoils.unstamped, "zero"),
}


DAILY = "visible is truncated", "thermal header says 4 G pixels", "thermal encoding is unknown", "thermal stamp is zero"


@pytest.mark.parametrize(("camera", "spoil", "reason"), cases(BROKEN, *DAILY))
def test_broken(rig, camera, spoil, reason):
    """Rejected, counted, and named at once."""
    with rig.fault(**{camera: spoil}, usable=False):
        status = rig.expect("ERROR", reason, grows=["images_rejected"])
        assert camera in status.message
        rig.expect_diagnostic("fusion", ERROR, reason)
        rig.expect_diagnostic(f"{camera} camera", ERROR, reason)


@pytest.mark.parametrize("camera", ["visible", pytest.param("thermal", marks=campaign)])
def test_a_second_of_broken_images_is_silence(rig, camera):
    """The other camera is passed through, and the message still has the reason."""
    with rig.fault(**{camera: spoils.truncated}, usable=False):
        rig.expect("ERROR", "bytes", grows=["images_rejected"])
        rig.expect(LIVING[camera], "bytes", grows=["passed_through"])


def test_one_broken_image_in_five_costs_that_pair_alone(rig):
    """It is refused, and not said to be missing: it came."""
    with rig.fault(thermal=spoils.one_in(5, spoils.truncated)):
        rig.wait_ticks(15)
        status = rig.expect(grows=["images_rejected", "visible_unpaired"])
        assert status.state in ("OK", "ERROR") and status.pairs_fused
        later = rig.status()
        assert later.passed_through == status.passed_through and later.thermal_missing == rig.before.thermal_missing


# Sizes ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("camera", [pytest.param("visible", marks=campaign), "thermal"])
def test_one_camera_changes_its_size(rig, camera):
    other = spoils.shown(lambda number: visible_pixels(number % 4, 120, 160), "rgb8")
    if camera == "thermal":
        other = spoils.shown(lambda number: thermal_pixels(number % 4, 120, 160), "mono8")
    with rig.fault(**{camera: other}, usable=False):
        rig.expect("ERROR", "160x120", grows=["images_rejected"])
        rig.expect_diagnostic("fusion", ERROR, "160x120")


def test_both_cameras_change_their_size(rig):
    visible = spoils.shown(lambda number: visible_pixels(number % 4, 200, 264), "rgb8")
    thermal = spoils.shown(lambda number: thermal_pixels(number % 4, 200, 264), "mono8")
    with rig.fault(visible=visible, thermal=thermal):
        rig.wait(lambda: rig.wait_images(1)[-1].size == (264, 200), 15.0, "the new size is not fused")
        rig.expect("OK", grows=["pairs_fused"])
    assert rig.wait_images(1)[-1].size == (WIDTH, HEIGHT)


@pytest.mark.parametrize(("width", "height"), cases({"4k": (3840, 2160), "8k": (7680, 4320)}, "4k"))
def test_a_image_far_too_large(rig, width, height):
    """Each costs a pair and no more. Most of 8k get lost in the middleware, which sends them best effort in pieces."""
    large = np.zeros((height, width), np.uint8)
    with rig.fault(thermal=spoils.one_in(8, spoils.shown(lambda number: large, "mono8"))):
        rig.wait_ticks(16)
        if width == 3840:
            rig.expect(grows=["images_rejected"])
        rig.expect("OK", grows=["pairs_fused"])


# Contents -------------------------------------------------------------------------------------------------------------


def degrees(number):
    return (thermal_pixels(number % 32) / 10).astype(np.float32)


def spotted(value):
    def pixels(number):
        image = degrees(number)
        image[::7, ::5] = value
        return image

    return pixels


def plain(value, dtype=np.uint8, channels=()):
    return lambda number: np.full((HEIGHT, WIDTH, *channels), value, dtype)


def false_colours(number):
    return cv2.applyColorMap(thermal_pixels(number % 32), cv2.COLORMAP_JET)


STRANGE = {
    "visible is frozen": ("visible", lambda: spoils.Frozen(), ERROR, "frozen"),
    "thermal is frozen": ("thermal", lambda: spoils.Frozen(), ERROR, "frozen"),
    "visible is black": ("visible", lambda: spoils.shown(plain(0, channels=(3,)), "rgb8"), WARN, "black"),
    "visible is white": ("visible", lambda: spoils.shown(plain(255, channels=(3,)), "rgb8"), WARN, "white"),
    "thermal is flat": ("thermal", lambda: spoils.shown(plain(90), "mono8"), WARN, "flat"),
    "thermal is flat in 16 bits": ("thermal", lambda: spoils.shown(plain(29_000, np.uint16), "mono16"), WARN, "flat"),
    "thermal is NaN everywhere": ("thermal", lambda: spoils.shown(plain(np.nan, np.float32), "32FC1"), WARN, "NaN"),
    "thermal is coloured": ("thermal", lambda: spoils.shown(false_colours, "bgr8"), WARN, "coloured"),
}


@pytest.mark.parametrize(
    ("camera", "spoil", "level", "says"),
    cases(STRANGE, "thermal is frozen", "visible is black", "thermal is NaN everywhere"),
)
def test_strange(rig, camera, spoil, level, says):
    """Fused all the same, since an operator may know better, and named."""
    with rig.fault(**{camera: spoil()}):
        rig.expect("DEGRADED", **{f"{camera}_fault": says}, grows=["pairs_fused"])
        rig.expect_diagnostic(f"{camera} camera", level, says)
    rig.expect("OK", visible_fault="", thermal_fault="")


def test_topics_are_swapped(rig):
    with rig.fault(
        visible=spoils.shown(lambda number: thermal_pixels(number % 32), "mono8"),
        thermal=spoils.shown(lambda number: visible_pixels(number % 32), "rgb8"),
    ):
        rig.expect("DEGRADED", thermal_fault="swapped", grows=["pairs_fused"])
        rig.expect_diagnostic("thermal camera", WARN, "swapped")


# Unusual, and no fault ------------------------------------------------------------------------------------------------


def colours(number, code=None):
    pixels = visible_pixels(number % 32)
    return pixels if code is None else cv2.cvtColor(pixels, code)


def counts(number, dtype):
    return (thermal_pixels(number % 32).astype(np.uint16) * 10 + 29_000).astype(dtype)


def big_endian(message, number):
    (message,) = spoils.shown(lambda number: counts(number, ">u2"), "mono16")(message, number)
    message.is_bigendian = 1
    return (message,)


little_endian = spoils.shown(lambda number: counts(number, "<u2"), "mono16")
kelvin = spoils.shown(lambda number: degrees(number) + 273.15, "32FC1")
UNUSUAL = {
    "visible rows are padded": {"visible": spoils.padded},
    "thermal rows are padded": {"thermal": spoils.padded},
    "visible encoding changes mid-stream": {
        "visible": spoils.alternating(
            spoils.shown(colours, "rgb8"),
            spoils.shown(lambda number: colours(number, cv2.COLOR_RGB2BGR), "bgr8"),
            spoils.shown(lambda number: colours(number, cv2.COLOR_RGB2RGBA), "rgba8"),
            spoils.shown(lambda number: colours(number, cv2.COLOR_RGB2GRAY), "mono8"),
        )
    },
    "thermal encoding changes mid-stream": {
        "thermal": spoils.alternating(
            spoils.shown(lambda number: thermal_pixels(number % 32), "mono8"),
            spoils.shown(lambda number: np.stack([thermal_pixels(number % 32)] * 3, axis=2), "rgb8"),
            little_endian,
        )
    },
    "thermal byte order flips mid-stream": {"thermal": spoils.alternating(big_endian, little_endian)},
    "thermal temperatures with some NaN": {"thermal": spoils.shown(spotted(np.nan), "32FC1")},
    "thermal temperatures with some inf": {"thermal": spoils.shown(spotted(np.inf), "32FC1")},
    "thermal temperatures with some -inf": {"thermal": spoils.shown(spotted(-np.inf), "32FC1")},
    "frame_id changes with every image": {
        "visible": spoils.alternating(
            *(
                lambda message, number, name=name: (setattr(message.header, "frame_id", name), (message,))[1]
                for name in ("left", "right", "")
            )
        )
    },
}


@pytest.mark.parametrize(
    "spoilt",
    cases(
        {name: (spoilt,) for name, spoilt in UNUSUAL.items()},
        "thermal rows are padded",
        "visible encoding changes mid-stream",
        "frame_id changes with every image",
    ),
)
def test_unusual_and_no_fault(rig, spoilt):
    with rig.fault(**spoilt):
        rig.wait_images(8)
        status = rig.expect("OK", grows=["pairs_fused"])
        assert status.images_rejected == rig.before.images_rejected
        rig.expect_diagnostic("fusion", OK)
