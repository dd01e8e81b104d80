"""What people build and report with: pins, workflow, bug form, pre-commit."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from tools import check_pins

ROOT = Path(__file__).parents[1]


def names(file):
    lines = (re.split("[#;<>=~]", line)[0].strip() for line in (ROOT / file).read_text().splitlines())
    return {line for line in lines if line and not line.startswith("-")}


def test_the_wheels_of_both_distributions_are_the_same_packages():
    assert names("requirements/kilted.txt") < names("requirements/jazzy.txt")
    assert not names("constraints.txt") & names("requirements/kilted.txt")


def test_the_workflow_builds_every_distribution():
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    assert jobs["distribution"]["strategy"]["matrix"]["ros"] == ["humble", "jazzy", "kilted", "lyrical"]
    wheels = [path.stem for path in (ROOT / "requirements").glob("*.txt") if "ros-rclpy" in path.read_text()]
    assert sorted(jobs["wheels"]["strategy"]["matrix"]["ros"]) == sorted(wheels)
    for job in jobs.values():
        for step in job["steps"]:
            for file in re.findall(r"requirements/[\w.-]+\.txt", step.get("run", "")):
                assert (ROOT / file).is_file()


def test_the_bug_form_asks_for_the_doctor():
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/bug.yml").read_text())
    fields = {field["id"]: field for field in form["body"]}
    assert "textfuse doctor --json" in fields["doctor"]["attributes"]["label"]
    assert fields["doctor"]["validations"]["required"]


def test_pins_that_do_not_resolve_are_told(tmp_path):
    pytest.importorskip("uv", reason="uv is not installed")
    wanted = tmp_path / "requirements.txt"
    wanted.write_text('nowhere; python_version < "3.12"\nnever; platform_machine == "x86_64"\n')
    assert check_pins.resolve("3.12", "aarch64", wanted) == ""
    wanted.write_text("--no-index\nnumpy==0.1\n")
    reason = check_pins.resolve("3.12", "aarch64", wanted)
    assert "numpy==0.1" in reason
    assert "no answer within 0 s" in check_pins.resolve("3.12", "aarch64", wanted, patience=0.0)


@pytest.mark.skipif(not [*ROOT.glob("build/*/CTestTestfile.cmake")], reason="built elsewhere")
def test_what_colcon_links_to_can_be_run_and_its_tests_are_the_fast_ones():
    """`colcon build --symlink-install` takes the scripts of the build folder as they are."""
    for build in ROOT.glob("build/*/CTestTestfile.cmake"):
        scripts = [build.parent / "bin/textfuse", *(build.parent / "lib/textfuse").iterdir()]
        assert {script.name for script in scripts} >= {"textfuse", "fusion", "detection", "player", "view"}
        assert all(os.access(script, os.X_OK) for script in scripts)
        assert '"pytest" "tests" "--ignore" "tests/end_to_end"' in build.read_text()


@pytest.mark.parametrize(("verb", "code"), [("--version", 128 + signal.SIGINT), ("up", 0), ("play", 0)])
def test_an_interrupt_while_modules_are_imported_is_no_traceback(tmp_path, verb, code):
    """Who sees a mistyped topic at once ends the start at once; and it is the usual end of what runs until then."""
    command = shutil.which("textfuse") or pytest.skip("textfuse is not installed")
    late = tmp_path / "sitecustomize.py"  # the import that takes long
    late.write_text(
        "import signal, sys\nclass Late:\n  def find_spec(self, name, *_):\n"
        "    if name == 'ros2_textfuse': signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Late())\n"
    )
    ended = subprocess.run(
        [command, verb], env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


def test_the_packages_that_rosdep_has_only_from_pip_are_told():
    """Without pip in the machine's own Python, `rosdep install` stops at them."""
    keys = set(re.findall("<exec_depend>(python3-.*)</exec_depend>", (ROOT / "package.xml").read_text()))
    guide = (ROOT / "docs/getting-started/install.md").read_text()
    (skipped,) = re.findall('--skip-keys "(.*)"', guide)
    assert {key for key in keys if key.endswith("-pip")} < set(skipped.split()) <= keys
