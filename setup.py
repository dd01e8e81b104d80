"""For tools that still call setup.py: installs the core alone; messages and nodes come from CMake (pyproject.toml)."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from setuptools import find_packages, setup

setup(
    version=ElementTree.parse(Path(__file__).with_name("package.xml")).findtext("version"),
    packages=find_packages(include=["ros2_textfuse*"]),
    package_data={"": ["*.safetensors", "*.md", "templates/*", "page/*", "phrasings/*.yaml"]},
)
