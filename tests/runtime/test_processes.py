"""Child processes: whom they end with, and from where they import."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from ros2_textfuse.runtime.processes import RUN_MODULE, WITHOUT_FOLDER

CHILD = """
import time
from ros2_textfuse.runtime.parent import end_with_parent
end_with_parent()
print("here", flush=True)
time.sleep(60)
"""
PARENT = f"""
import sys, time
from ros2_textfuse.runtime.processes import Processes
with Processes() as processes:
    print(processes.start("child", [sys.executable, "-c", {CHILD!r}]).pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("poll", [False, True], ids=["pidfd", "poll"])
def test_a_child_ends_with_its_parent(number, poll):
    """However the parent ends, and also where the kernel cannot tell it (`poll`)."""
    code = PARENT.replace("import time", "import os, time; del os.pidfd_open", 1) if poll else PARENT
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    assert parent.stdout.readline() == "here\n"
    parent.send_signal(number)
    parent.wait(5)
    child.wait(5)


@pytest.mark.parametrize(
    "run_module", [RUN_MODULE, [sys.executable, "-c", WITHOUT_FOLDER]], ids=["this Python", "Python 3.10"]
)
def test_the_current_folder_is_no_place_to_import_from(tmp_path, run_module):
    """A file of a module's name that lies there does not run; PYTHONPATH stays."""
    (tmp_path / "torch").mkdir()
    for hostile in ("random.py", "numpy.py", "torch/__init__.py", "runpy.py"):
        (tmp_path / hostile).write_text("import os; os.write(2, b'HOSTILE')\n")
    library = tmp_path / "library"
    library.mkdir()
    (library / "of_the_distribution.py").write_text("")
    (library / "probe.py").write_text("import of_the_distribution, random, sys\nprint(sys.argv[1:])\n")
    ended = subprocess.run(
        [*run_module, "probe", "--ros-args"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(library)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "HOSTILE" not in ended.stderr and ended.stdout == "['--ros-args']\n"
