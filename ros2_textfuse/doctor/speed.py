"""How long fusion takes here, in a few seconds."""

import time

import numpy as np

from ros2_textfuse.doctor.finding import FAIL, OK, WARN, Finding

WIDTH, HEIGHT = 640, 480
RATE = 30.0  # Hz, by which `auto` takes a model, and what is asked of fusion where no camera says


def fusion_speed(seconds: float = 3.0, rate: float = RATE, engine: str = "auto") -> Finding:
    """Fuse noise for so many seconds, by the model that `auto` takes here, and compare with the cameras' rate.

    Args:
        seconds: of fusing, after the engine was built.
        rate: pairs a second that should be fused.
        engine: as of `Fuser`.
    """
    from ros2_textfuse.engines import EngineError
    from ros2_textfuse.errors import WeightsError
    from ros2_textfuse.model_choice import prepared_fuser
    from ros2_textfuse.settings import AUTO, FusionSettings

    random = np.random.default_rng(0)
    visible = random.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    thermal = random.integers(0, 255, (HEIGHT, WIDTH), np.uint8)
    try:
        started = time.perf_counter()
        # One pair at a time: pairs that overlap each take longer, and keep up all the same.
        settings = FusionSettings(model=AUTO, engine=engine, in_flight=1)
        fuser = prepared_fuser(settings, None, (HEIGHT, WIDTH), RATE)
        built = time.perf_counter() - started
    except (EngineError, WeightsError) as error:
        return Finding(FAIL, "fusion speed", str(error), "see the engine's cure in this line")
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        started = time.perf_counter()
        fuser.fuse(visible, thermal)
        times.append(time.perf_counter() - started)
    median, late = (1e3 * np.percentile(times, share) for share in (50, 95))
    text = (
        f"{fuser.model_name} on {fuser.engine_name}, {WIDTH}x{HEIGHT}: median {median:.1f} ms, "
        f"95 % within {late:.1f} ms ({len(times)} pairs, the engine was ready after {built:.1f} s)"
    )
    if median > 1e3 / rate:
        smaller = f"expected_rate: {rate:g} in the parameter file, " if rate > RATE else ""
        cure = smaller + "a smaller image size, a lower camera rate or parameter rate, detection:=false, or a GPU"
        return Finding(WARN, "fusion speed", f"{text}; {rate:g} Hz need {1e3 / rate:.1f} ms", cure)
    if fuser.engine_warning:
        return Finding(WARN, "fusion speed", text, f"faster engines were passed over: {fuser.engine_warning}")
    return Finding(OK, "fusion speed", text)
