"""A recording as the source of the page: played, held and scrubbed, and fused as the node fuses it."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.batch.objects import ObjectFinder
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.recordings.frames import RecordedPair, Tally, recorded_pairs
from ros2_textfuse.recordings.types import RecordedImage, Recording
from ros2_textfuse.scene.sentence import sentence
from ros2_textfuse.scene.watch import Scene
from ros2_textfuse.settings import FusionSettings
from ros2_textfuse.view.hub import Hub
from ros2_textfuse.view.requests import Ask
from ros2_textfuse.view.suggestions import suggestions

LOOKBACK = 0.2  # s before the time that is sought, so that its image finds its partner
LONGEST_WAIT = 1.0  # s between two images that are played; a gap of the recording is not waited out
STATUS_PERIOD = 0.5  # s

logger = logging.getLogger(__name__)


class RecordingSource:
    """Plays a recording in a thread of its own while somebody looks; see Source.

    Args:
        recording: to play, in a loop.
        settings: how images pair, and the gain control.
        fuser: with the prompt at the start.
        hub: to fill.
        title: what the recording is called.
    """

    def __init__(self, recording: Recording, settings: FusionSettings, fuser: Fuser, hub: Hub, title: str) -> None:
        self._recording, self._settings, self._fuser, self._hub, self._title = recording, settings, fuser, hub, title
        self._changed = threading.Condition()
        self._over = self._wanted = self._stale = False
        self._playing = True
        self._sought: float | None = 0.0
        self._fused = 0
        self._scene = Scene()
        # Those named, None before the first image, and who finds them.
        self._objects: tuple[tuple[str, ...] | None, ObjectFinder | None] = (None, None)
        self._note = ""
        """Why objects are not brought out."""
        self._fault = ""
        self._told = self._position = 0.0
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)

    def start(self) -> None:
        """Begin, as soon as somebody looks."""
        self._thread.start()

    def close(self) -> None:
        """End."""
        with self._changed:
            self._over = True
            self._changed.notify()
        self._thread.join()

    # Source: called in the server's thread --------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """See Source."""
        return {"live": False, "title": self._title, "duration": self._recording.duration, **suggestions()}

    def want(self, streams: frozenset[str]) -> None:
        """See Source."""
        with self._changed:
            self._wanted = bool(streams)
            self._stale = True
            self._changed.notify()

    async def set_prompt(self, ask: Ask) -> dict[str, Any]:
        """See Source."""
        return await asyncio.get_running_loop().run_in_executor(None, self._set_prompt, ask)

    def seek(self, time: float) -> None:
        """See Source."""
        with self._changed:
            self._sought = min(time, self._recording.duration)
            self._changed.notify()

    def play(self, on: bool) -> None:
        """See Source."""
        with self._changed:
            self._playing = self._stale = on
            self._changed.notify()
        self._tell_position(None)

    def _set_prompt(self, ask: Ask) -> dict[str, Any]:
        try:
            # As in the service, 0 takes a number from the text.
            numbers = {"severity": ask.severity or None, "balance": ask.balance or None}
            prompt = self._fuser.set_prompt(ask.prompt, ask.modes, objects=ask.objects, **numbers)
            answer = {"success": True, "message": prompt.summary()}
        except TextfuseError as error:
            answer = {"success": False, "message": f"refused, the old prompt stays active: {error}"}
        with self._changed:
            self._stale = True
            self._changed.notify()
        return {**answer, **self._fuser.in_force.fields(), "not_understood": list(self._fuser.prompt.unknown)}

    # In the thread that plays ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        pairs: Iterator[RecordedPair] = iter(())
        shown: _Prepared | None = None
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work)
                if self._over:
                    return
                sought, self._sought, playing, self._stale = self._sought, None, self._playing, False
            try:
                if sought is not None:
                    pairs, shown = self._pairs_from(sought), None
                if shown is None or playing:
                    following = next(pairs, None)
                    if following is None:
                        self._end(shown is None and sought == 0)
                        continue
                    if shown and not self._wait(following.time - shown.time - (time.monotonic() - shown.at)):
                        continue
                    images = self._fuser.prepare_pair(following.visible, following.thermal)
                    shown = _Prepared(following.time, time.monotonic(), *images)
                self._show(shown)
            except TextfuseError as error:
                self._halt(str(error))
            except Exception:  # without this thread the page would stand still, and nobody would know why
                logger.exception("the recording stops after a fault of textfuse; please report it")
                self._halt("a fault of textfuse: what the terminal says of it is worth a report")

    def _has_work(self) -> bool:
        return self._over or (self._wanted and (self._playing or self._stale or self._sought is not None))

    def _pairs_from(self, start: float) -> Iterator[RecordedPair]:
        """The pairs from a time on, with pairing and gain control begun anew."""
        self._fuser.gain_control = self._settings.gain_control()
        tally = Tally.from_recording(self._recording)
        rest = _Rest(self._recording, max(0.0, start - LOOKBACK))
        for pair in recorded_pairs(rest, self._settings, tally):
            if pair.time >= start - 1e-3:
                yield pair
        if tally.damage:
            self._fault = tally.damage

    def _wait(self, seconds: float) -> bool:
        """Wait until the next pair is due; False where something else is asked for meanwhile."""
        with self._changed:
            wait = min(seconds, LONGEST_WAIT)
            return not self._changed.wait_for(
                lambda: self._over or self._sought is not None or not self._playing, max(0.0, wait)
            )

    def _show(self, images: "_Prepared") -> None:
        if not self._fuser.ready(*images.thermal.shape):
            self._tell("BUILDING", "building the engine for images of this size: a few seconds, the first time")
        fused = self._fuser.fuse_prepared(images.visible, images.thermal)
        if finder := self._finder():
            finder.bring_out(fused, images.visible, images.thermal, images.time if self._playing else None)
        self._fused += 1
        self._hub.put(time.time_ns(), {"fused": fused, "visible": images.visible, "thermal": images.thermal})
        self._tell_position(images.time)
        self._look(images)
        if time.monotonic() - self._told > STATUS_PERIOD or not self._playing:
            reason = self._fault or self._note
            self._tell("DEGRADED" if reason else "OK", reason)

    def _look(self, images: "_Prepared") -> None:
        """Let the images speak for themselves; a prompt of mode auto follows with the next one."""
        before = self._fuser.in_force
        self._scene = self._fuser.look(images.visible, images.thermal, images.time if self._playing else None)
        if self._fuser.in_force != before and not self._playing:  # the next one is this one again
            self._stale = True

    def _finder(self) -> ObjectFinder | None:
        """Who finds the objects that the prompt names, or keeps others; None where neither is asked, or nobody can."""
        names, keep = tuple(self._fuser.prompt.objects), self._settings.keep_objects
        if names != self._objects[0]:
            finder, self._note = None, ""
            try:
                if names or keep:
                    self._tell("BUILDING", "building the detector: a few seconds, the first time")
                    finder, self._note = ObjectFinder.with_or_without(names, keep)
            except (TextfuseError, ValueError) as error:
                self._note = f"{', '.join(names)}: not brought out: {error}"
            self._objects = names, finder
        return self._objects[1]

    def _end(self, empty: bool) -> None:
        """The recording is over: from the start again, or nothing more where not one pair came of it."""
        if empty:
            self._halt(self._fault or "no two images of this recording pair: look at --slop and --thermal-time-offset")
        else:
            with self._changed:
                self._sought = 0.0

    def _halt(self, reason: str) -> None:
        self._playing = False
        self._tell("ERROR", reason)

    def _tell_position(self, seconds: float | None) -> None:
        self._position = self._position if seconds is None else seconds
        self._hub.say("position", {"time": self._position, "playing": self._playing})

    def _tell(self, state: str, message: str) -> None:
        self._told = time.monotonic()
        engine = {"model": self._fuser.model_name, "engine": self._fuser.engine_name}
        counts = {"pairs_fused": self._fused, "pairs_dropped": 0, "passed_through": 0}
        warning = {"engine_warning": self._fuser.engine_warning}
        scene = {
            "scene": sentence(self._scene) if self._fused else "",
            "estimated_modes": list(self._scene.conditions),
            "estimated_severities": [float(severity) for severity in self._scene.conditions.values()],
        }
        said = {
            "state": state,
            "message": message,
            **engine,
            **warning,
            **counts,
            **scene,
            **self._fuser.in_force.fields(),
        }
        self._hub.say("status", said)


@dataclass(frozen=True)
class _Prepared:
    """A pair after gain control and alignment."""

    time: float
    """Seconds from the start of the recording."""
    at: float
    """Seconds of the monotonic clock when it was shown."""
    visible: NDArray[np.uint8]
    thermal: NDArray[np.uint8]


class _Rest(Recording):
    """A recording from a time on."""

    def __init__(self, whole: Recording, start: float) -> None:
        self.counts, self.duration = whole.counts, whole.duration
        self._whole, self._start = whole, start

    def images_from(self, time: float) -> Iterator[RecordedImage]:
        """The images of the rest that are due at a time or later."""
        return self._whole.images_from(max(time, self._start))
