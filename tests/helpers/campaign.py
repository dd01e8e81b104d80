"""What belongs to the campaign (`make campaign`): faults of a kind that `make test` has another one of."""

from collections.abc import Mapping
from typing import Any

import pytest

campaign = pytest.mark.campaign


def cases(table: Mapping[str, tuple[Any, ...]], *daily: str) -> list[Any]:
    """Parameters of pytest.mark.parametrize, by name; those that are not named as daily are the campaign's."""
    assert set(daily) <= table.keys(), f"{set(daily) - table.keys()} are no cases"
    return [pytest.param(*case, id=name, marks=() if name in daily else campaign) for name, case in table.items()]
