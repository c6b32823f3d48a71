"""What benchmarks share: numbers that are printed beside their times."""

import sys

import pytest


@pytest.fixture
def tell(benchmark, capsys):
    """Note numbers with the benchmark, and print them."""

    def note(**numbers):
        benchmark.extra_info.update({name: float(f"{value:.4g}") for name, value in numbers.items()})
        with capsys.disabled():
            sys.stdout.write("".join(f"\n  {name.replace('_', ' ')}: {value:.4g}" for name, value in numbers.items()))

    return note
