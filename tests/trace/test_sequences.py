"""A sequence is a folder of traces with an index: what is written is read, and what is wrong is one sentence."""

import json

import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace import write_trace
from ngpc_sim.trace.sequences import MAX_FRAMES, FrameFile, is_sequence, read_sequence, write_index

WORDS = {"app": "nsdf", "scene": "ball", "path": "orbit:3"}


@pytest.fixture
def frames(make_trace, tmp_path):
    """A folder of three frames that have no index yet, and their files."""
    files = []
    for number in range(3):
        name = f"frame-{number:04}.trace.parquet"
        write_trace(make_trace(seed=number), tmp_path / name)
        files.append(FrameFile.of(tmp_path / name))
    return tmp_path, files


@pytest.fixture
def folder(frames):
    write_index(*frames, **WORDS)
    return frames[0]


def changed(folder, change):
    """The folder, with the JSON of its index changed."""
    index = json.loads((folder / "index.json").read_text())
    change(index)
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def refusal(folder, number=None):
    with pytest.raises(UserError) as caught:
        read_sequence(folder).frame(number or 0).load()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_a_sequence_gives_its_frames_in_the_order_of_the_index(frames, make_trace, equal):
    folder, files = frames
    write_index(folder, files[::-1], **WORDS)
    sequence = read_sequence(folder)
    assert (len(sequence), sequence.app, sequence.scene, sequence.path) == (3, "nsdf", "ball", "orbit:3")
    assert sequence.size == (64, 16)
    assert not sequence.own_tables
    assert [sequence.frame(number).load().name for number in range(3)] == ["frame-0002", "frame-0001", "frame-0000"]
    assert equal(sequence.frame(0).load(), make_trace(seed=2))


def test_the_index_is_what_its_format_says(frames):
    folder, files = frames
    write_index(folder, files, **WORDS, own_tables=True)
    assert json.loads((folder / "index.json").read_text()) == {
        "format": "ngpc-sim sequence",
        "format_version": 1,
        **WORDS,
        "tables": "every frame",
        "frames": [{"file": frame.file, "sha256": frame.sha256} for frame in files],
    }
    assert read_sequence(folder).own_tables
    assert sorted(path.name for path in folder.iterdir()) == sorted(["index.json", *(frame.file for frame in files)])


def test_a_folder_without_an_index_is_incomplete(frames):
    assert is_sequence(frames[0])
    assert "was not recorded to its end" in refusal(frames[0])


def test_a_frame_that_changed_is_refused_where_it_is_read(folder, make_trace):
    write_trace(make_trace(seed=9), folder / "frame-0001.trace.parquet")
    assert read_sequence(folder).frame(2).load().seed == 2
    assert "frame-0001.trace.parquet" in refusal(folder, 1)
    assert "has changed since its index.json was written" in refusal(folder, 1)


def test_a_missing_frame_is_refused(folder):
    (folder / "frame-0002.trace.parquet").unlink()
    assert "There is no trace at" in refusal(folder, 2)


@pytest.mark.parametrize(
    ("foreign", "words"), [({"app": "gia"}, "records app 'gia'"), ({"width": 128, "height": 8}, "has 128x8 pixels")]
)
def test_a_foreign_frame_is_refused(frames, make_trace, foreign, words):
    folder, files = frames
    write_trace(make_trace(**foreign), folder / files[1].file)
    files[1] = FrameFile.of(folder / files[1].file)
    write_index(folder, files, **WORDS)
    assert words in refusal(folder, 1)


@pytest.mark.parametrize(
    "name",
    [
        *("../frame-0001.trace.parquet", "/frame-0001.trace.parquet", "c:frame.trace.parquet", "a\\b.trace.parquet"),
        *(".trace.parquet", "..", "frame-0001.csv", "a\x00.trace.parquet", f"{'a' * 99}.trace.parquet", 7, None),
    ],
)
def test_a_name_that_leads_out_of_the_folder_is_refused(folder, name):
    changed(folder, lambda index: index["frames"][1].update(file=name))
    assert "frame 1 whose file is not the plain name of a file inside the folder" in refusal(folder)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("format", "another", 'without "format"'),
        ("format_version", 2, "another format version than 1"),
        ("format_version", True, "another format version than 1"),
        ("app", "all", "has an app whose name is not"),
        ("scene", "two\nlines", "has a scene that is not a line"),
        ("path", 3, "has a path that is not a line"),
        ("tables", "never", "neither 'once' nor 'every frame'"),
        ("tables", ["once"], "neither 'once' nor 'every frame'"),
        ("frames", [], "no list of 1 to 100,000 frames"),
        ("frames", {}, "no list of 1 to 100,000 frames"),
        ("frames", [7], "has a frame 0 without exactly a file and a sha256"),
        ("frames", [{"file": "a.trace.parquet", "sha256": "0"}], "not 64 hexadecimal digits"),
        ("own", 1, "whose keys are not"),
    ],
)
def test_an_index_that_says_something_else_is_refused(folder, key, value, words):
    assert words in refusal(changed(folder, lambda index: index.update({key: value})))


def test_an_index_without_a_key_is_refused(folder):
    assert "see tables" in refusal(changed(folder, lambda index: index.pop("tables")))


@pytest.mark.parametrize("text", [b"", b"[" * 100_000, b"\xff\xfe", b"[]", b"3"])
def test_an_index_that_is_no_json_object_is_refused(folder, text):
    (folder / "index.json").write_bytes(text)
    assert f"The sequence {folder} has an index.json" in refusal(folder)


def test_more_frames_than_a_sequence_has_are_refused_when_written(frames):
    folder, files = frames
    with pytest.raises(UserError, match="no list of 1 to 100,000 frames"):
        write_index(folder, [files[0]] * (MAX_FRAMES + 1), **WORDS)
    assert not (folder / "index.json").exists()


def test_an_index_of_the_most_frames_with_the_longest_names_is_read(frames):
    folder, files = frames
    name = f"{'a' * 50}.trace.parquet"
    (folder / files[0].file).rename(folder / name)
    write_index(folder, [FrameFile(name, files[0].sha256)] * MAX_FRAMES, **WORDS)
    assert len(read_sequence(folder)) == MAX_FRAMES
