"""Pages, whoever fills them."""

import re
from pathlib import Path

import ros2_textfuse

PACKAGE = Path(ros2_textfuse.__file__).parent


def test_no_page_takes_text_for_markup():
    """All are made by one environment, which escapes; each page's own test shows it with names that hold markup."""
    templates = sorted((PACKAGE / "evaluation" / "html" / "templates").glob("*.html"))
    assert len(templates) > 5
    assert not [path.name for path in templates if re.search(r"\|\s*safe|autoescape", path.read_text())]
    makers = [path for path in PACKAGE.rglob("*.py") if re.search(r"\bEnvironment\(|\bMarkup\(", path.read_text())]
    assert [path.name for path in makers] == ["report.py"] and "autoescape=True" in makers[0].read_text()
    unsafe = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write")
    assert not [path.name for path in PACKAGE.rglob("*.js") if unsafe.search(path.read_text())]
