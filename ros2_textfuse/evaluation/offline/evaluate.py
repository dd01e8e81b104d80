"""`textfuse eval` without a graph: a recording in, a run's folder out."""

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ros2_textfuse.batch.objects import ObjectFinder
from ros2_textfuse.batch.pairs import Pair, pairs
from ros2_textfuse.detection.weights import WeightsError
from ros2_textfuse.evaluation.offline import detection, replay
from ros2_textfuse.evaluation.offline.replay import Row
from ros2_textfuse.evaluation.offline.report import write_report
from ros2_textfuse.evaluation.offline.run_folder import LAYOUT, RunError, RunFolder, write_detections, write_json
from ros2_textfuse.evaluation.offline.source import Asked, Source
from ros2_textfuse.evaluation.offline.summary import extremes, summarise, verdict
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.imaging import image_files
from ros2_textfuse.recordings.folder import FOLDER_RATE
from ros2_textfuse.recordings.frames import Tally, most_pairs
from ros2_textfuse.recordings.pairs import read_image
from ros2_textfuse.runtime.machine import describe
from ros2_textfuse.runtime.output import write_whole

SHOWN = 3  # worst pairs, and as many best ones
WATCHED = 6  # pairs in the middle, to see a prompt change act
TEST_PROMPT: dict[str, Any] = {"modes": ("low_light",)}  # to change to in a run without a prompt


def evaluate(asked: Asked, source: Source, out: Path, command: Sequence[str]) -> dict[str, Any]:
    """Evaluate a recording into a run's folder; one that was interrupted there goes on.

    Args:
        asked: what to do.
        source: of `open_source(asked)`.
        out: the folder.
        command: the command line, for the report.

    Returns:
        What run.json holds.

    Raises:
        RunError: the folder holds something else, or no pair could be measured.
        RecordingError: there are no boxes that can be used.
        CalibrationError: the calibration cannot be used.
        WeightsError, EngineError, PromptError, EncoderError, DetectorError: of `Fuser` and `Detector`.
        OSError: the folder cannot be written.
    """
    if asked.boxes and asked.fusion.calibration:
        raise RunError("boxes are those of registered images: give either boxes or a calibration")
    if asked.boxes and source.ordered:
        raise RunError("boxes need a folder of pairs, vi/ and ir/, as the source: they are known by a pair's name")
    fuser = Fuser.from_settings(asked.fusion, asked.fusion.alignment())
    prompt = fuser.prompt
    keep = asked.fusion.keep_objects
    objects = ObjectFinder(prompt.objects, keep=keep) if (prompt.objects or keep) and asked.detection else None
    task = detection.prepare(Path(asked.sources[0]), Path(asked.boxes)) if asked.boxes else None
    files = [*asked.sources, *filter(None, [asked.fusion.calibration])]
    folder = RunFolder(out, {**asked.settings(), "files": [_identity(Path(path)) for path in files]})
    tally = Tally.from_recording(source.recording)
    total, period = most_pairs(source.recording, asked.fusion), source.period(asked.fusion)
    try:
        with tqdm(total=total, unit="pair", initial=0, mininterval=0.5, maxinterval=5) as bar:
            replay.evaluate(
                pairs(source.recording, asked.fusion, fuser, tally, source.ordered),
                fuser,
                asked.every,
                period,
                tally,
                [int(row["number"]) for row in folder.rows],
                folder.write,
                lambda pair: bar.update(pair.number + 1 - bar.n),
                objects,
            )
    finally:
        folder.close()
    rows = folder.rows
    if not rows:
        reasons = [*(f"{count} × {reason}" for reason, count in tally.excluded.items()), tally.damage]
        raise RunError("no pair could be measured: " + ("; ".join(filter(None, reasons)) or "there is none"))
    run: dict[str, Any] = {
        "layout": LAYOUT,
        "kind": "offline",
        "command": shlex.join(command),
        "settings": asked.settings(),
        "prompt_summary": prompt.summary(),
        "model": fuser.model_name,
        "engine": fuser.engine_name,
        "source": {
            "names": list(asked.sources),
            "files": [_identity(Path(path))[1:] for path in asked.sources],
            "topics": [str(camera) for camera in source.cameras],
            "ordered": source.ordered,
            "duration": source.recording.duration,
            "period": period,
        },
        "counts": {**tally.received, "pairs": tally.paired, "evaluated": tally.evaluated},
        "exclusions": dict(tally.excluded),
        "damage": tally.damage,
        "timeline": {"seconds": source.recording.duration / tally.bins, **tally.timeline},
        "detection": None,
        **summarise(rows, source.ordered),
    }
    run |= _look_closer(asked, source, fuser, rows, folder, objects)
    if task:
        run["detection"], found = detection.evaluate(task, fuser, asked.fusion.request(), objects)
        write_detections(out, task.boxes, found)
    run["verdict"] = verdict(run, run)
    run["environment"] = describe()
    write_json(out / "run.json", run)
    write_report(out)
    return run


def _look_closer(
    asked: Asked,
    source: Source,
    fuser: Fuser,
    rows: Sequence[Row],
    folder: RunFolder,
    objects: ObjectFinder | None,
) -> dict[str, Any]:
    """A second pass: images of the worst and the best pairs, and the middle of the recording for prompt and speed."""
    worst, best = extremes(rows, SHOWN, source.recording.duration / 20 if source.ordered else 0.0)
    kinds = {int(row["number"]): kind for kind, found in (("worst", worst), ("best", best)) for row in found}
    start = int(rows[len(rows) // 2]["number"]) if source.ordered else -1
    wanted = {*kinds, *range(start, start + WATCHED)} if source.ordered else set(kinds)
    folder.images.mkdir(exist_ok=True)
    images, middle = {}, []
    again = Tally.from_recording(source.recording)
    for pair in pairs(source.recording, asked.fusion, fuser, again, source.ordered):
        if pair.number in kinds:
            images[pair.number] = _show(pair, kinds[pair.number], source, fuser, folder, objects)
        if source.ordered and start <= pair.number < start + WATCHED:
            middle.append(pair)
        wanted.discard(pair.number)
        if not wanted:
            break
    found: dict[str, Any] = {"images": [images[int(row["number"])] for row in [*worst, *best]]}
    found["boxes"] = _find_objects(found["images"], folder) if asked.detection else "not asked for"
    if middle:
        found["speed"] = replay.speed(fuser, middle[0])
    if len(middle) > 1:
        prompt = asked.fusion.request() if asked.fusion.prompt or asked.fusion.modes else TEST_PROMPT
        found["prompt_change"] = replay.prompt_change(fuser, middle, prompt)
    return found


def _show(
    pair: Pair, kind: str, source: Source, fuser: Fuser, folder: RunFolder, objects: ObjectFinder | None
) -> dict[str, Any]:
    """Write the three images of a pair."""
    fused = fuser.fuse_prepared(pair.visible, pair.thermal)
    if objects:
        objects.bring_out(fused, pair.visible, pair.thermal)
    files = {}
    for stream, image in (("visible", pair.visible), ("thermal", pair.thermal), ("fused", fused)):
        files[stream] = f"{pair.number:06}_{stream}.jpg"
        write_whole(folder.images / files[stream], image_files.encode(image, ".jpg", 88))
    height, width = pair.thermal.shape
    return {
        "number": pair.number,
        "time": pair.time,
        "kind": kind,
        "name": source.names[round(pair.time * FOLDER_RATE)] if source.names else "",
        "files": files,
        "width": width,
        "height": height,
        "boxes": {},
    }


def _find_objects(images: list[dict[str, Any]], folder: RunFolder) -> str:
    """Add the detector's boxes to the images; returns whose they are, or why there are none."""
    from ros2_textfuse.detection.detector import Detector
    from ros2_textfuse.detection.types import DetectorError

    try:
        detector = Detector()
    except (DetectorError, WeightsError) as error:
        return f"no boxes: {error}"
    for entry in images:
        for stream, file in entry["files"].items():
            image = read_image(folder.images / file, "visible")  # a grey one in three channels
            entry["boxes"][stream] = [asdict(detection) for detection in detector.detect(image)]
    return f"YOLO26n on {detector.engine_name}, score at least {detector.confidence:g}"


def _identity(path: Path) -> list[Any]:
    """What changes when a source is another one: its place, size and time."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    stats = [file.stat() for file in files]
    return [str(path.absolute()), len(files), sum(s.st_size for s in stats), max(s.st_mtime_ns for s in stats)]
