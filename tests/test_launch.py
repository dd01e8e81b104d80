"""The launch file, where the distribution has launch."""

import importlib.util
from pathlib import Path

import pytest

launch = pytest.importorskip("launch", reason="launch comes with a ROS distribution")
pytest.importorskip("launch_ros", reason="launch_ros comes with a ROS distribution")

LAUNCH_FILE = Path(__file__).parents[1] / "launch" / "fusion.launch.py"


@pytest.fixture
def module():
    spec = importlib.util.spec_from_file_location("fusion_launch", LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def start(module, **arguments):
    context = launch.LaunchContext()
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
    assert [node.node_executable for node in start(module, detection="false")] == ["fusion"]


def test_the_files_it_names_exist(module):
    assert Path(module.ARGUMENTS["params_file"][0]).is_file()
