"""Every relative link and anchor of the repository's Markdown leads somewhere."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "ros2_textfuse", "examples")
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page):
    """The anchors that GitHub makes of a page's headings."""
    found: list[str] = []
    for heading in re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text()), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.append(f"{anchor}-{found.count(anchor)}" if anchor in found else anchor)
    return found


def test_links_lead_somewhere():
    links = [(page, link) for page in PAGES for link in _LINK.findall(_FENCE.sub("", page.read_text()))]
    for page, link in links:
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists() and target.is_relative_to(ROOT), f"{page.name}: {link} leads nowhere"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{page.name}: {link}: {target.name} has {anchors(target)}"


def test_every_page_of_the_documentation_can_be_reached_from_the_index():
    reached, waiting = set(), [ROOT / "docs" / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        links = (link.partition("#")[0] for link in _LINK.findall(page.read_text()))
        waiting += [(page.parent / link).resolve() for link in links if link.endswith(".md") and "://" not in link]
    pages = {page for page in (ROOT / "docs").rglob("*.md") if "images" not in page.parts}
    assert pages <= reached


def test_every_image_is_shown():
    text = "".join(page.read_text() for page in PAGES)
    images = [p for p in (ROOT / "docs" / "images").iterdir() if p.suffix in (".jpg", ".png", ".svg")]
    assert images and not [image.name for image in images if f"images/{image.name})" not in text]


def test_what_the_code_calls_a_page_exists():
    """`docs/....md` in code, messages, configuration and the Makefile."""
    files = [p for pattern in ("ros2_textfuse/**/*.py", "ros2_textfuse/**/*.md", "config/*", "launch/*", "tools/*.py",
                               "benchmarks/*.py", "examples/*", "Makefile", "package.xml", "*.toml")
             for p in ROOT.glob(pattern) if p.is_file()]  # fmt: skip
    for file in files:
        for named in re.findall(r"docs/[\w/-]+\.(?:md|png|jpg)", file.read_text(errors="ignore")):
            assert (ROOT / named).exists() or (file.name == "Makefile" and "soak.png" in named), f"{file}: {named}"
