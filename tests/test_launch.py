"""The launch file, where the distribution has launch."""

import importlib.util
import os
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

launch = pytest.importorskip("launch", reason="launch comes with a ROS distribution")
pytest.importorskip("launch_ros", reason="launch_ros comes with a ROS distribution")

LAUNCH_FILE = Path(__file__).parents[1] / "launch" / "fusion.launch.py"
PATIENCE = 60.0  # s


@pytest.fixture
def module():
    spec = importlib.util.spec_from_file_location("fusion_launch", LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def start(module, argv=(), **arguments):
    context = launch.LaunchContext(argv=argv)
    for name, (default, _) in module.ARGUMENTS.items():
        context.launch_configurations[name] = arguments.get(name, default)
    return module.start_nodes(context)


def test_every_argument_is_declared_and_described(module):
    entities = module.generate_launch_description().entities
    declared = [entity for entity in entities if isinstance(entity, launch.actions.DeclareLaunchArgument)]
    assert [argument.name for argument in declared] == list(module.ARGUMENTS)
    assert all(argument.description.endswith(".") for argument in declared)


def test_detection_can_be_left_out(module):
    assert [node.node_executable for node in start(module)] == ["fusion", "detection"]
    assert [node.node_executable for node in start(module, detection="1")] == ["fusion", "detection"]
    assert [node.node_executable for node in start(module, detection="False")] == ["fusion"]


def test_the_window_can_be_added(module):
    assert [node.node_executable for node in start(module, view="true")] == ["fusion", "detection", "view"]


def test_the_files_it_names_exist(module):
    assert Path(module.ARGUMENTS["params_file"][0]).is_file()


def test_what_is_wrong_is_refused_or_named(module, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(module, "get_logger", lambda name: SimpleNamespace(warning=said.append))
    with pytest.raises(ValueError, match="detection:=maybe: expected true or false"):
        start(module, detection="maybe")
    with pytest.raises(ValueError, match="balance:=thermal: expected a number"):
        start(module, balance="thermal")
    with pytest.raises(ValueError, match="severity:=bad: expected a number"):
        start(module, severity="bad")
    with pytest.raises(ValueError, match="visible:=my topic: expected a topic"):
        start(module, visible="my topic")
    with pytest.raises(FileNotFoundError, match=r"is no file"):
        start(module, params_file=str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"missing\.yaml does not exist"):
        start(module, params_file=str(tmp_path / "missing.yaml"))
    start(module, argv=["visble:=/cam/rgb"])
    assert said == ["fusion.launch.py has no argument visble: did you mean visible?"]


def test_lists_are_written_with_commas(module):
    assert module.listed("person, car,") == ["person", "car"]
    assert start(module, modes="auto", objects="person,car", balance="-0.5", severity="0.7")


def test_topics_lie_beside_the_nodes_namespace(module):
    assert module.beside("", "visible/image_raw") == "/visible/image_raw"
    assert module.beside("/robot1", "cam/rgb") == "/robot1/cam/rgb"
    assert module.beside("/robot1", "/cam/rgb") == "/cam/rgb"


# As processes ---------------------------------------------------------------------------------------------------------

PUSHED = f"""
from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch_ros.actions import PushRosNamespace

def generate_launch_description():
    arguments = {{"detection": "false", "autostart": "false"}}.items()
    fusion = IncludeLaunchDescription("{LAUNCH_FILE}", launch_arguments=arguments)
    return LaunchDescription([GroupAction([PushRosNamespace("robot1"), fusion])])
"""


def ros2_launch(*arguments):
    environment = {**os.environ, "ROS_DOMAIN_ID": str(101 + os.getpid() % 50)}
    return subprocess.Popen(
        ["ros2", "launch", *arguments], stdout=-1, stderr=subprocess.STDOUT, text=True, env=environment
    )


def fusion_of(launched):
    """The fusion process of a launch, when it is there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for child in psutil.Process(launched.pid).children(recursive=True):
            if any(word.endswith("lib/textfuse/fusion") for word in child.cmdline()):
                return child
        time.sleep(0.1)
    raise AssertionError("no fusion process")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_outlives_the_launch(tmp_path, number):
    """Below a pushed namespace; and what crashes is started again."""
    (tmp_path / "pushed.launch.py").write_text(PUSHED)
    launched = ros2_launch(str(tmp_path / "pushed.launch.py"))
    fusion = fusion_of(launched)
    if number == signal.SIGKILL:
        assert "__ns:=/robot1/textfuse" in fusion.cmdline()
        assert "/visible/image_raw:=/robot1/visible/image_raw" in fusion.cmdline()
        fusion.kill()
        fusion.wait(5)
        fusion = fusion_of(launched)
    launched.send_signal(number)
    launched.communicate(timeout=PATIENCE)
    fusion.wait(30)


def test_a_node_that_hangs_is_started_again(tmp_path, monkeypatch):
    """Hanging as by a debugger's stop; the kernel's alarm is taken when it goes on."""
    launched = ros2_launch(str(LAUNCH_FILE), "detection:=false")
    fusion = fusion_of(launched)
    said = iter(launched.stdout.readline, "")
    assert any("active: listening" in line for line in said)
    time.sleep(1.0)
    fusion.suspend()
    time.sleep(11.0)
    fusion.resume()
    assert any("most recent call first" in line for line in said)
    assert any("process has died" in line and "exit code -14" in line for line in said)
    assert fusion_of(launched).pid != fusion.pid
    launched.send_signal(signal.SIGTERM)
    launched.communicate(timeout=PATIENCE)


def test_a_node_that_cannot_start_ends_the_launch(tmp_path):
    launched = ros2_launch(str(LAUNCH_FILE), "detection:=false", f"calibration:={tmp_path}/missing.yaml")
    said, _ = launched.communicate(timeout=PATIENCE)
    assert launched.returncode == 1
    assert f"cannot configure: {tmp_path}/missing.yaml" in said and "cannot start, for the reason above" in said
