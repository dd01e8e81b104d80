"""`Fuser`: a network, an engine and the active prompt, behind a few calls."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import astuple, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse import prompts
from ros2_textfuse.engines import Engine, EngineConfig, EngineError, check_shows, clearing
from ros2_textfuse.engines.base import DeviceEngine, start
from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.imaging.arrays import check_out, check_sizes, check_type, check_types
from ros2_textfuse.imaging.drawing import one_camera
from ros2_textfuse.imaging.encodings import ImageError
from ros2_textfuse.imaging.gain_control import GainControl
from ros2_textfuse.imaging.padding import without_padding
from ros2_textfuse.imaging.tone import ToneMap
from ros2_textfuse.networks.prompt_input import prompt_input
from ros2_textfuse.networks.source import open_source
from ros2_textfuse.prompts.checks import balance_of
from ros2_textfuse.prompts.history import remembered
from ros2_textfuse.scene.conditions import borne_out, completed, doubted
from ros2_textfuse.scene.watch import Scene, SceneWatch
from ros2_textfuse.settings import AUTO, FAMILY, FusionSettings

if TYPE_CHECKING:
    from torch import Tensor

ENGINES_KEPT = 2

logger = logging.getLogger(__name__)


class Fuser:
    """Fuse visible and thermal images, guided by text.

    A prompt costs nothing per image, since gamma and beta are inputs of the compiled engine, but for a change of tone
    (0.1 to 0.4 ms at 640x480) and what clears the image of rain or noise (a third of a fusion of nano). It may be set
    from another thread while images are fused; each image is made wholly under one prompt.

    Args:
        model: a network that comes along (`nano`, `pico`, `nano-open`), or a path: safetensors, or a checkpoint (.pth)
            of Text-IF.
        engine: `auto`, or one of `engines.ENGINES`.
        threads: CPU threads of the engine; 0 for the engine's own choice.
        gain_control: brings thermal images of more than 8 bits to 8; None for `GainControl()`.
        alignment: brings the images of cameras that are not registered into one geometry; None for registered ones.
            The attribute may be set later, between two images.
        precision: `float16` or `float32`, as far as the engine offers it; empty for its own choice.

    Raises:
        WeightsError: the weights are missing, damaged or of another architecture.
        EncoderError: the network reads text (textif), and its tokenizer cannot be used.
        EngineError: the engine is unknown.
    """

    def __init__(
        self,
        model: str | Path = "nano",
        engine: str = "auto",
        threads: int = 0,
        gain_control: GainControl | None = None,
        alignment: Alignment | None = None,
        precision: str = "",
    ) -> None:
        self.alignment = alignment
        self.model_name = str(model)
        self.model_reason = ""
        """Why this model runs, where nobody named it."""
        self.clears = True
        """Whether rain and noise have networks of their own; see `let_clear`."""
        self._source = open_source(model)
        self._input = prompt_input(self._source)
        self._engine_wanted, self._threads, self._precision = engine, threads, precision
        self.in_flight = 1  # pairs that openvino may work on at a time, by `start_prepared`; set before the first
        self._engines: dict[tuple[int, int], Engine] = {}  # by height and width, newest last
        self.engine_warning = ""
        """Why a faster engine than the one that runs was passed over; empty when none was."""
        self.gain_control = gain_control or GainControl()
        self._history: tuple[prompts.Prompt, ...] = ()
        self._balance = 0.0
        self.watch = SceneWatch()
        self._changing = threading.Lock()
        self.set_prompt()

    @classmethod
    def from_settings(cls, settings: FusionSettings, alignment: Alignment | None = None) -> "Fuser":
        """A fuser as the settings of a node describe it, with their prompt active.

        The model `auto` is the best of the family here; `model_choice` weighs it against a rate.

        Args:
            settings: of a node, a parameter file or a command line.
            alignment: of `settings.alignment()`; None for registered cameras, or until CameraInfo has come.

        Raises:
            WeightsError, EngineError, PromptError, EncoderError: as of the constructor and `set_prompt`.
            GainControlError: the fixed thermal range has no extent.
        """
        model = FAMILY[0] if settings.model == AUTO else settings.model
        fuser = cls(model, settings.engine, settings.threads, settings.gain_control(), alignment)
        fuser.in_flight = max(1, settings.in_flight)
        fuser.balance = settings.balance
        fuser.set_prompt(**settings.request())
        return fuser

    @property
    def engine_name(self) -> str:
        """The engine that runs, e.g. `openvino bf16`; the one asked for until the first image has set the size."""
        return next(reversed(self._engines.values())).name if self._engines else self._engine_wanted

    def set_prompt(
        self,
        text: str = "",
        modes: Iterable[str] = (),
        severity: float | None = None,
        objects: Iterable[str] = (),
        balance: float | None = None,
    ) -> prompts.Prompt:
        """Set the prompt for the images from now on; without arguments there is none, and nothing is repaired.

        A text may also be about the prompt in force: "a bit more", "also bring out people", "undo".

        Args:
            text: free text, at most 1000 characters.
            modes: names of degradations to repair; `degradations.MODES` lists them; `auto` leaves them to the images.
            severity: 0..1, how strong they are; None to take it from the text.
            objects: what to bring out, as `person`, beside what the text names.
            balance: -1 (visible) .. 1 (thermal), which camera counts more; None to take it from the text, or from the
                attribute `balance` where that says nothing.

        Returns:
            What the prompt resolved to.

        Raises:
            PromptError: the request makes no sense; the old prompt stays active.
            EncoderError: free text was given and there is no sentence encoder to read it.
        """
        prompt = prompts.resolve(text, modes, severity, objects, balance, self._history, self._balance)
        with self._changing:
            self._history = remembered(self._history, prompt)
            self._use(prompt)
        return self.prompt

    def _use(self, prompt: prompts.Prompt) -> None:
        """Let images be fused under `prompt` from now on."""
        if not prompt.weighed:
            prompt = replace(prompt, balance=self._balance)
        self._prompt = replace(prompt, advice=tuple(dict.fromkeys((*prompt.advice, *self._input.unread(prompt)))))
        in_force, heeded = self._seen(prompt)
        modulation = clearing.modulation_in_parts(self._source, self._input.features(heeded), self.clears)
        tone = ToneMap(*astuple(in_force.tone)) if in_force.tone != prompts.Tone() else None
        # One assignment, so that an image never sees the text of one prompt with the numbers of another.
        self._in_force = in_force, heeded, modulation, tone

    def _seen(self, prompt: prompts.Prompt) -> tuple[prompts.Prompt, prompts.Prompt]:
        """The prompt completed by what the images say, and that as far as they bear it out."""
        in_force = completed(prompt, self.watch.scene.conditions)
        return in_force, borne_out(in_force, self.watch.scene.credibility)

    @property
    def doubt(self) -> str:
        """Which of the degradations that the prompt names can hardly be seen in the images; empty where all can."""
        return doubted(*self._in_force[:2])

    @property
    def heeds_images(self) -> bool:
        """Whether what the prompt does depends on what the images show, so that they are looked at."""
        return self._prompt.auto or bool(self._prompt.severities)

    @property
    def balance(self) -> float:
        """-1 (visible) .. 1 (thermal): which camera counts more where a prompt says nothing; may be set at any time."""
        return self._balance

    @balance.setter
    def balance(self, value: float) -> None:
        value = balance_of(value) or 0.0
        with self._changing:
            self._balance = value
            self._use(self._history[-1])

    def let_clear(self, clears: bool) -> None:
        """Whether networks of their own take rain and noise from the next image on, or the one that fuses does."""
        with self._changing:
            self.clears = clears
            self._use(self._history[-1])

    @property
    def prompt(self) -> prompts.Prompt:
        """The active prompt and what it resolved to; of mode `auto`, without what the images say."""
        return self._prompt

    @property
    def in_force(self) -> prompts.Prompt:
        """The active prompt, completed by what the images say where it is of mode `auto`."""
        return self._in_force[0]

    def look(self, visible: NDArray[np.uint8], thermal8: NDArray[np.uint8], seconds: float | None = None) -> Scene:
        """Estimate what is wrong with a pair; a prompt that heeds the images follows that from the next one on.

        Looks of a stream are smoothed over time. It may be called beside `set_prompt`, from one thread.

        Args:
            visible: uint8 RGB [H, W, 3], of `prepare_pair`.
            thermal8: uint8 [H, W], of `prepare_pair`.
            seconds: stamp of the pair; None for one that has nothing to do with those before.

        Raises:
            EstimatorError: the estimator's weights cannot be used.
        """
        scene = self.watch.look(visible, thermal8, seconds)
        with self._changing:
            if self.heeds_images and self._seen(self._prompt) != self._in_force[:2]:
                self._use(self._prompt)
        return scene

    def prepare(self, height: int, width: int) -> None:
        """Build and warm up the engine for images of this size, in pixels, so that the first one does not wait for it.

        Meanwhile another thread may go on fusing images of a size that is ready. ENGINES_KEPT engines stay: that of
        the size that was prepared first, and those of the latest others.

        Raises:
            EngineError: the engine cannot be built.
        """
        began = time.perf_counter()
        config = EngineConfig(self._source, height, width, self._threads, self._precision, self.in_flight)
        engine, self.engine_warning = clearing.build(self._engine_wanted, config)
        others = [item for item in self._engines.items() if item[0] != (height, width)]
        kept = [*others[:1], *others[1:][max(0, len(others) + 1 - ENGINES_KEPT) :]]
        self._engines = {**dict(kept), (height, width): engine}
        seconds = time.perf_counter() - began
        logger.info("%s is ready for %dx%d on %s (%.1f s)", self.model_name, width, height, engine.name, seconds)

    def complete(self, height: int, width: int) -> None:
        """Build what clears rain and noise for a size that is ready; else the first image that needs it waits."""
        if isinstance(engine := self._engines.get((height, width)), clearing.Cleared):
            engine.complete()

    def ready(self, height: int, width: int) -> bool:
        """Whether images of this size are fused at once; else `fuse` builds the engine first."""
        return (height, width) in self._engines

    def fuse(
        self,
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32],
        out: NDArray[np.uint8] | None = None,
        seconds: float | None = None,
    ) -> NDArray[np.uint8]:
        """Fuse one pair: registered and of the same size, or as the alignment's calibration describes it.

        Args:
            visible: [H, W, 3] uint8 RGB.
            thermal: [H, W] uint8; or uint16 or float32 counts or temperatures, which gain control brings to 8 bits.
            out: [H, W, 3] uint8, C-contiguous, to write into; None for a new array.
            seconds: the stamp of a stream's pair, so that images change gently where a prompt heeds them; or None.

        Returns:
            [H, W, 3] uint8 RGB; `out` where it was given.

        Raises:
            ImageError: an image has the wrong dtype or shape, or their sizes differ from each other or from those that
                the calibration is for.
            EngineError: an image of a new size came and the engine cannot be built for it.
        """
        prepared = self.prepare_pair(visible, thermal)
        if self.heeds_images:
            self.look(*prepared, seconds)
        return self.fuse_prepared(*prepared, out)

    def fuse_on_device(self, visible: "Tensor", thermal: "Tensor", out: "Tensor | None" = None) -> "Tensor":
        """Fuse one pair on the engine's CUDA device, without a visit to the host; the current stream need not wait.

        Args:
            visible: [H, W, 3] uint8 RGB, on the device.
            thermal: [H, W] uint8, there as well, registered.
            out: [H, W, 3] uint8 to write into; None for a new tensor.

        Returns:
            [H, W, 3] uint8 RGB on the device; `out` where it was given.

        Raises:
            ImageError: a tensor has the wrong dtype or shape, or something is asked for that needs the host.
            EngineError: the engine does not run on such a device, or cannot be built.
        """
        from ros2_textfuse.engines.cuda import check_tensors

        check_tensors(visible, thermal, out)
        height, width = thermal.shape
        if not self.ready(height, width):
            self.prepare(height, width)
        engine = self._engines[height, width]
        *_, modulation, tone = self._in_force
        if self.alignment is not None or tone is not None or self._prompt.auto:
            raise ImageError(
                "tensors on a device are fused as they are: bring them to one geometry first, and leave tone and the "
                "mode auto to fuse() with arrays"
            )
        if not isinstance(engine, DeviceEngine):
            raise EngineError(f"the engine {engine.name} takes arrays: give fuse() the images as NumPy arrays")
        return engine.run_on_device(visible, thermal, modulation, out)

    def prepare_pair(
        self, visible: NDArray[np.uint8], thermal: NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The first half of `fuse`: check, gain control, alignment; a frame around the thermal image is cleared.

        Args:
            visible: as for `fuse`.
            thermal: as for `fuse`.

        Returns:
            uint8 RGB [H, W, 3] and uint8 [H, W], in one geometry.

        Raises:
            ImageError: as of `fuse`.
        """
        check_types(visible, thermal)
        alignment = self.alignment
        if alignment is None:
            check_sizes(visible, thermal)
            return visible, without_padding(self.gain_control(thermal))
        alignment.check(visible=visible, thermal=thermal)
        return alignment(visible, without_padding(self.gain_control(thermal)))

    def fuse_prepared(
        self, visible: NDArray[np.uint8], thermal8: NDArray[np.uint8], out: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        """The second half of `fuse`: the network, on what `prepare_pair` returned; see `start_prepared`."""
        return self.start_prepared(visible, thermal8, out)()

    def start_prepared(
        self, visible: NDArray[np.uint8], thermal8: NDArray[np.uint8], out: NDArray[np.uint8] | None = None
    ) -> Callable[[], NDArray[np.uint8]]:
        """Begin the second half of `fuse`; `in_flight` pairs may be begun, and are to be finished in their order.

        Args:
            visible: uint8 RGB [H, W, 3]; like the others, it is not to be changed before the end.
            thermal8: uint8 [H, W].
            out: as for `fuse`.

        Returns:
            Waits for the end and returns uint8 RGB [H, W, 3], `out` where it was given; raises EngineError where that
            is one colour, though the cameras see something.

        Raises:
            ImageError, EngineError: `out` does not fit; as of `fuse`.
        """
        height, width = thermal8.shape
        out = np.empty((height, width, 3), np.uint8) if out is None else out
        check_out(out, thermal8)
        if (engine := self._engines.get((height, width))) is None:
            self.prepare(height, width)
            engine = self._engines[height, width]
        *_, modulation, tone = self._in_force
        wait = start(engine, visible, thermal8, modulation, out)

        def finish() -> NDArray[np.uint8]:
            wait()
            check_shows(out, visible, thermal8)
            if tone is not None:
                tone(out)
            return out

        return finish

    def prepare_image(
        self, camera: str, image: NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]
    ) -> NDArray[np.uint8]:
        """One camera's image as `prepare_pair` returns it, but black where an aligned camera does not see.

        Args:
            camera: `visible` or `thermal`.
            image: as for `fuse`.

        Returns:
            uint8 RGB [H, W, 3] of the visible camera, uint8 [H, W] of the thermal one.

        Raises:
            ImageError: the image has the wrong dtype or shape, or another size than the calibration is for.
        """
        check_type(camera, image)
        image8 = without_padding(self.gain_control(image)) if camera == "thermal" else image.view(np.uint8)
        return image8 if self.alignment is None else self.alignment.align(camera, image8)

    def pass_through(
        self, camera: str, image: NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]
    ) -> NDArray[np.uint8]:
        """`prepare_image` for while the other camera is missing: [H, W, 3] uint8 RGB, with a border and a caption."""
        return one_camera(camera, self.prepare_image(camera, image))
