"""For tools that still call setup.py: installs the core alone; messages and nodes come from CMake (pyproject.toml)."""

from setuptools import find_packages, setup

setup(
    packages=find_packages(include=["ros2_textfuse*"]),
    package_data={"": ["*.safetensors", "*.md", "templates/*", "phrasings/*.yaml"]},
)
