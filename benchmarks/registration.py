"""How well `register` finds a known warp on registered pairs.

    python benchmarks/registration.py --data FOLDER [--match NAME] [--together N] [--unrelated]

FOLDER holds registered pairs, vi/NAME and ir/NAME. Each thermal image is scaled by 0.7..1.4, turned by up to 5
degrees and shifted by up to 40 pixels in x and in y, all uniformly; what leaves the image is lost, what comes in is
black. The error is the mean distance of where the estimate puts the thermal pixels. Registered pairs are themselves
off by pixels, by their own registration and by parallax: `own` is how far the estimate on the pair before it was
warped lies from the registration that came with the pair, and `error_to_own` the error against that estimate. Which of
the two is right, mutual information may say, which has no part in the estimate: `own_has_more_information`.
With --unrelated, each visible image gets the thermal image of another scene, and every answer is wrong.
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from ros2_textfuse.geometry.registration import Registration, RegistrationError, distance, register
from ros2_textfuse.recordings.pairs import pair_folders, read_image


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with vi/ and ir/")
    parser.add_argument("--match", default="", help="pairs whose names begin so")
    parser.add_argument("--count", type=int, default=60, help="how many warps (default 60)")
    parser.add_argument("--together", type=int, default=1, help="pairs that are warped and registered as one")
    parser.add_argument("--unrelated", action="store_true", help="pairs of two scenes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if not (args.data / "vi").is_dir():
        print(f"skipped: {args.data}/vi does not exist; name a folder of registered pairs by --data")
        return 0
    pairs = {n: p for n, p in pair_folders(args.data / "vi", args.data / "ir").items() if n.startswith(args.match)}
    random = np.random.default_rng(args.seed)
    rows = []
    for _ in tqdm(range(args.count), unit="warp"):
        names = random.permutation(sorted(pairs))[: args.together]
        visible = [cv2.cvtColor(read_image(pairs[name][0], "visible"), cv2.COLOR_RGB2GRAY) for name in names]
        partners = names
        if args.unrelated:  # names begin with the data set and the clip
            partners = random.permutation([name for name in pairs if name[:13] != names[0][:13]])[: args.together]
        thermal = [read_image(pairs[name][1], "thermal") for name in partners]
        if args.unrelated:
            found = register(visible, thermal)
            rows.append({"name": f"{names[0]} with {partners[0]}", **figures(found)})
            continue
        truth, warp = random_warp(random, thermal[0].shape)
        warped = [cv2.warpPerspective(image, warp, image.shape[::-1], flags=cv2.INTER_CUBIC) for image in thermal]
        row = {"name": names[0], "scale": truth["scale"]}
        try:
            found = register(visible, warped)
            own = register(visible, thermal).homography
        except RegistrationError:
            rows.append(row | {"sure": False})
            continue
        inverse, shapes = np.linalg.inv(warp), (visible[0].shape, thermal[0].shape)
        row["error"] = distance(found.homography, inverse, *shapes)
        row["own"] = distance(own, np.eye(3), *shapes)
        row["own_has_more_information"] = bool(information(visible, thermal, own) > information(visible, thermal))
        row["error_to_own"] = distance(found.homography, own @ inverse, *shapes)
        rows.append(row | figures(found))
    summarise = unrelated_summary if args.unrelated else summary
    result = {"settings": {k: str(v) for k, v in vars(args).items() if k not in ("json", "data")}, **summarise(rows)}
    print(json.dumps(result, indent=2))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps({**result, "rows": rows}, indent=1) + "\n")
    return 0


def random_warp(random: np.random.Generator, shape: tuple[int, ...]) -> tuple[dict[str, float], np.ndarray]:
    scale, degrees = random.uniform(0.7, 1.4), random.uniform(-5, 5)
    middle = (np.array(shape[::-1]) - 1) / 2
    matrix = cv2.getRotationMatrix2D(middle.tolist(), degrees, scale)
    matrix[:, 2] += random.uniform(-40, 40, 2)
    return {"scale": scale}, np.vstack([matrix, [0, 0, 1]])


def information(visible: list[np.ndarray], thermal: list[np.ndarray], homography: np.ndarray | None = None) -> float:
    """Mutual information in nats, mean over the pairs, a rim of 24 pixels left out.

    Both are smoothed, so that the smoothing of a warp does not count.
    """
    values = []
    for first, second in zip(visible, thermal, strict=True):
        first, second = (cv2.GaussianBlur(image, (0, 0), 1) for image in (first, second))
        if homography is not None:
            second = cv2.warpPerspective(second, homography, first.shape[::-1])
        inner = slice(24, -24), slice(24, -24)
        joint = np.histogram2d(first[inner].ravel(), second[inner].ravel(), 32)[0]
        joint /= joint.sum()
        apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
        there = joint > 0
        values.append(float((joint[there] * np.log(joint[there] / apart[there])).sum()))
    return float(np.mean(values))


def unrelated_summary(rows: list[dict]) -> dict[str, float]:
    return {"warps": len(rows), "answered": float(np.mean([row["sure"] for row in rows]))}


def figures(found: Registration) -> dict[str, object]:
    names = ("residual", "spread", "margin", "agreement")
    return {name: float(getattr(found, name)) for name in names} | {"sure": bool(found.sure)}


def summary(rows: list[dict]) -> dict[str, float]:
    good = [row.get("error", np.inf) <= 2 for row in rows]
    near = [row.get("error_to_own", np.inf) <= 2 for row in rows]
    sure = [bool(row["sure"]) for row in rows]
    wrong = [row.get("error", np.inf) > 5 for row in rows]
    return {
        "warps": len(rows),
        "answered": float(np.mean(sure)),
        "within_2px": float(np.mean(good)),
        "within_2px_of_own": float(np.mean(near)),
        "answered_within_2px": float(np.mean([g and s for g, s in zip(good, sure, strict=True)])),
        "answered_within_2px_of_own": float(np.mean([g and s for g, s in zip(near, sure, strict=True)])),
        "more_than_5px_off": float(np.mean(wrong)),
        "of_those_refused": float(np.mean([not s for w, s in zip(wrong, sure, strict=True) if w]))
        if any(wrong)
        else 1.0,
        "median_error": float(np.median([row.get("error", np.inf) for row in rows])),
        "own_has_more_information": float(np.mean([row.get("own_has_more_information", False) for row in rows])),
        "median_own": float(np.median([row.get("own", np.inf) for row in rows])),
    }


if __name__ == "__main__":
    sys.exit(main())
