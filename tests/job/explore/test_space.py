"""What a space file may say, and what is wrong with it, with the line."""

import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.explore.space import read_space


@pytest.fixture
def read(tmp_path):
    def call(text):
        path = tmp_path / "space.yaml"
        path.write_text(text)
        return read_space(path)

    return call


def test_a_key_has_a_list_a_value_or_a_range(read):
    space = read("scale: 8..70\nnfp: {clock_ghz: 0.8..1.1:0.1, encoding: {banks: [8, ideal]}}\nframe.tiles: auto\n")
    assert dict(space.choices) == {
        "scale": [8, 16, 32, 64],
        "nfp.clock_ghz": [0.8, 0.9, 1.0, 1.1],
        "nfp.encoding.banks": [8, "ideal"],
        "frame.tiles": ["auto"],
    }
    assert space.size == 4 * 4 * 2


def test_a_space_has_every_combination_once(read):
    space = read("scale: [1, 2]\nnfp.clock_ghz: [1.0, 1.5, 1.0]\n")
    values = [tuple(space.values(design).values()) for design in space.designs()]
    assert values == [(1, 1.0), (1, 1.5), (2, 1.0), (2, 1.5)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}\n", "space.yaml: the space is empty"),
        ("scale: 8\nnfp:\n  clok_ghz: 1\n", "space.yaml, line 3: unknown key 'nfp.clok_ghz'"),
        ("scale: 64..8\n", "line 1: scale = 64..8 runs backwards"),
        ("nfp.clock_ghz: 0.8..1.2\n", "give it a step"),
        ("scale: []\n", "scale has no values"),
        ("scale: 1..9:0\n", "it should be 1 or more"),
        ("scale: [[1]]\n", "a value in a list is a number or a word"),
        ("scale: 8..x\n", "is not a range"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(read, text, words):
    with pytest.raises(UserError, match=words.replace(".", r"\.").replace("[", r"\[")):
        read(text)
