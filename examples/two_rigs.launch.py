"""Two rigs in one graph: textfuse twice, each in a namespace and with a calibration of its own.

    ros2 launch examples/two_rigs.launch.py calibrations:=$HOME/rigs

`calibrations` holds front.yaml and rear.yaml, as `textfuse calibrate` writes them.
"""

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

from launch import LaunchDescription

RIGS = ("front", "rear")


def generate_launch_description() -> LaunchDescription:
    """Describe the graph."""
    fusion = f"{get_package_share_directory('textfuse')}/launch/fusion.launch.py"
    rigs = [
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(fusion),
            launch_arguments={
                "namespace": f"{rig}/textfuse",
                "visible": f"/{rig}/rgb/image_raw",
                "thermal": f"/{rig}/lwir/image_raw",
                "calibration": [LaunchConfiguration("calibrations"), f"/{rig}.yaml"],
            }.items(),
        )
        for rig in RIGS
    ]
    calibrations = DeclareLaunchArgument("calibrations", description="Folder with front.yaml and rear.yaml.")
    return LaunchDescription([calibrations, *rigs])
