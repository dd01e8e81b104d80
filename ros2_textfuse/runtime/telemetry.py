"""Nothing here speaks to the outside: the libraries' usage reports are switched off before they are imported."""

import os
import sys


def switch_off() -> None:
    """Switch off what OpenVINO, ultralytics and Ray report; to be called before any of them is imported.

    OpenVINO looks up an analytics host with each import, and writes a client id into the home folder, unless its
    reporting package is missing: from now on it is, in this process. Variables that the user has set stay.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # as import documents it
    os.environ.setdefault("YOLO_OFFLINE", "true")  # no reports, no look for updates, no look whether it is online
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
