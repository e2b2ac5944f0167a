"""The page on networks: every network in it is one, and what it says of conventions is true."""

import re
from pathlib import Path

import pytest

from derive.counting.conventions import CHOICES
from derive.counting.describe import network_from_text
from derive.counting.network import count_network

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "networks.md").read_text()
BLOCKS = re.findall(r"```network\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", BLOCKS, ids=[block.splitlines()[-1][:40] for block in BLOCKS])
def test_every_network_of_the_page_is_counted(text):
    assert count_network(network_from_text(text)).totals["parameters"] != 0


def test_the_page_names_every_convention_of_operations_and_parameters():
    for key in ("operations", "parameters"):
        assert all(f"`{name}`" in PAGE for name in CHOICES[key])
