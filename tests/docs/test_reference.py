"""The pages that are written from the code, and what the guides promise about prompts."""

import re
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from ros2_textfuse.prompts import resolve
from tools import reference_pages

ROOT = Path(__file__).parents[2]
PAGES = reference_pages.pages()


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_what_the_code_says(page):
    """Write it anew with `python -m tools.reference_pages`."""
    assert (reference_pages.PAGES / page).read_text() == PAGES[page]


def test_the_pages_are_linked():
    index = (ROOT / "docs" / "index.md").read_text()
    assert all(f"(reference/{page})" in index for page in PAGES)


def test_the_prompt_guide_tells_what_prompts_resolve_to():
    text = (ROOT / "docs" / "guides" / "prompts.md").read_text()
    table = text.split("| say | resolves to |\n| --- | --- |\n")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert len(rows) >= 10
    told = [pair for said, meant in rows for pair in zip(said.split("; "), meant.split("; "), strict=True)]
    for prompt, meant in told:
        parts = [one.split() for one in meant.split(", ")]
        expected = {name: float(*value) if value else 1.0 for name, *value in parts}
        found = _resolved(prompt)
        assert found.keys() | {"balance"} == expected.keys() | {"balance"}, prompt
        for name in found.keys() | expected.keys():
            assert abs(found.get(name, 0.0) - expected.get(name, 0.0)) < 0.02, f"{prompt}: {found}"


def _resolved(text: str) -> dict[str, float]:
    """What a prompt resolved to, by name; 1 for an object and for auto."""
    prompt = resolve(text)
    values = {**prompt.severities, "balance": prompt.balance, **vars(prompt.tone)}
    named = {name: value for name, value in values.items() if value}
    return named | dict.fromkeys(prompt.objects, 1.0) | ({"auto": 1.0} if prompt.auto else {})


def test_the_parameter_file_of_the_page_is_one(tmp_path):
    from ros2_textfuse.nodes.common.parameter_file import read_parameters

    example = tmp_path / "my.yaml"
    example.write_text(PAGES["parameters.md"].split("```yaml\n")[1].split("```")[0])
    shipped = read_parameters(ROOT / "config" / "fusion.yaml", "fusion")
    given = read_parameters(example, "fusion")
    assert given["thermal_gain"] == "plateau"
    assert all(given[name] == shipped[name] for name in ("model", "keep_objects"))
    assert read_parameters(example, "detection")["streams"] == ("fused", "visible", "thermal")


def test_every_launch_argument_that_a_page_names_exists():
    known = {name for name, _, _ in reference_pages.launch_arguments()}
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    lines = [line for page in pages for line in page.read_text().splitlines() if "fusion.launch.py" in line]
    named = {name for line in lines for name in re.findall(r"fusion\.launch\.py ([^#`]*)", line)}
    given = {argument.partition(":=")[0] for text in named for argument in text.split() if ":=" in argument}
    assert {"visible", "params_file"} <= given <= known | {"NAME"}


def test_every_parameter_that_a_page_names_exists():
    """`-p name:=value` and `ros2 param set NODE name value` in the docs."""
    from ros2_textfuse.nodes.common import parameters

    known = {parameter.name for table in parameters.NODES.values() for parameter in table}
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    named = {
        name
        for page in pages
        for line in page.read_text().splitlines()
        if "textfuse" in line
        for name in re.findall(r"-p (\w+):=|ros2 param set \S+ (\w+)", line)
        for name in name
        if name
    }
    assert {"build_only", "thermal_gain"} <= named <= known
