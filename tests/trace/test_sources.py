"""Where traces may come from, how long a server may take, and what of a stranger's is never opened or unpacked."""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace import file_format, load_trace, sources, write_trace
from ngpc_sim.trace.page_sizes import page_sizes


def refusal(source):
    with pytest.raises(UserError) as caught:
        load_trace(source)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def content(make_trace, tmp_path_factory):
    path = tmp_path_factory.mktemp("remote") / "small.trace.parquet"
    write_trace(make_trace(), path)
    return path.read_bytes()


@pytest.fixture
def server(content):
    """Address of a server that answers by what is asked for."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.strip("/").partition(".")[0]
            if name.isdecimal():
                self.send_error(int(name))
                return
            self.send_response(200)
            if name == "packed":
                self.send_header("Content-Encoding", "gzip")
            length = {"cut": 2 * len(content), "endless": 1 << 50}.get(name, len(content))
            self.send_header("Content-Length", str(length))
            self.end_headers()
            try:
                self.answer(name)
            except OSError:
                return

        def answer(self, name):
            if name == "silent":
                time.sleep(5)
            self.wfile.write(content)
            while name == "endless":
                self.wfile.write(bytes(1 << 16))

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as serving:
        serving.daemon_threads = True
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


def test_a_trace_behind_http_is_the_file(server, equal, make_trace):
    assert equal(load_trace(f"{server}/whole.trace.parquet"), make_trace())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("404", "There is no trace at http"),
        ("403", "its server answers 403 Forbidden"),
        ("401", "its server answers 401 Unauthorized"),
        ("500", "its server answers 500 Internal Server Error"),
        ("cut", "could not be read"),
        ("silent", "nothing came for 0.5 s"),
        ("endless", "more than 1 MiB, fetch it first"),
    ],
)
def test_what_a_server_does_instead_of_giving_a_trace_is_said(server, name, said, monkeypatch):
    monkeypatch.setattr(sources, "PIECE_S", 0.5 if name == "silent" else 20)
    monkeypatch.setattr(sources, "MAX_REMOTE_BYTES", 1 << 20)
    assert said in refusal(f"{server}/{name}.trace.parquet")


def test_a_server_that_is_not_there_is_not_a_missing_trace():
    assert "could not be read: Connect call failed" in refusal("http://127.0.0.1:9/x.trace.parquet")


def test_a_server_that_takes_too_long_altogether_is_left(server, monkeypatch):
    monkeypatch.setattr(sources, "WHOLE_S", -1)
    assert "took more than -1 s" in refusal(f"{server}/whole.trace.parquet")


def test_what_does_not_begin_like_a_trace_is_not_fetched_on():
    with fsspec.open("memory://zeros", "wb") as file:
        file.write(bytes(3 * sources.PIECE_BYTES))
    with sources.opened("memory://zeros") as stream:
        assert len(stream.read()) == sources.PIECE_BYTES
    assert "not a Parquet file" in refusal("memory://zeros")


@pytest.mark.parametrize(
    "url",
    [
        "reference://?fo={ran}",
        "zip://a::file://b.zip",
        "simplecache::memory://small",
        "http://a::file://b",
        "memory://a::memory://b",
        "dir://::file:///tmp",
        "FILE://a",
        "local://a",
        "ftp://a/b",
        "github://a:b@c/d",
    ],
)
def test_other_protocols_and_chains_of_them_are_refused_before_fsspec_sees_them(url, monkeypatch):
    monkeypatch.setattr("fsspec.open", None)
    assert "a URL begins with abfs, az, file" in refusal(url)


def test_a_reference_with_a_template_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = "{{ cycler.__init__.__globals__.os.system('touch ran') }}"
    reference = {"version": 1, "templates": {"u": command}, "refs": {"a": ["{{u}}"]}}
    (tmp_path / "r.json").write_text(json.dumps(reference))
    refusal(f"reference://a?fo={tmp_path}/r.json")
    refusal("reference://a::file://r.json")
    assert not (tmp_path / "ran").exists()


def test_a_file_url_is_a_path(content, tmp_path):
    (tmp_path / "small.trace.parquet").write_bytes(content)
    assert load_trace(f"file://{tmp_path}/small.trace.parquet").name == "small"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
@pytest.mark.parametrize("prefix", ["", "file://"])
def test_what_is_no_file_is_neither_waited_for_nor_read(make, prefix, tmp_path):
    path = tmp_path / "x.trace.parquet"
    make(path)
    assert "it is not a file" in refusal(f"{prefix}{path}")


def test_a_name_with_commands_for_a_terminal_is_written_out(content, tmp_path):
    path = tmp_path / ("\x1b[31mred\n" + 80 * "a" + ".trace.parquet")
    path.write_bytes(content)
    name = load_trace(path).name
    assert name.startswith("\\x1b[31mred\\naaa")
    assert len(name) == 64
    assert "\\x1b[31m" in refusal(tmp_path / "\x1b[31m.trace.parquet")


@pytest.fixture
def rows_file(by_hand):
    """Write a valid trace of n rows that are all alike: next to nothing when packed."""

    def write(n, **options):
        return by_hand({"profile": [n]}, dict.fromkeys(("invocation", "tile", "x", "y"), np.zeros(n, int)), **options)

    return write


def test_rows_that_a_file_is_too_small_for_are_refused_before_they_are_unpacked(rows_file, monkeypatch):
    path = rows_file(100_000)
    assert load_trace(path).recorded == 100_000
    monkeypatch.setattr(file_format, "FREE_BYTES", 1 << 20)
    monkeypatch.setattr(pq.ParquetFile, "read", None)
    assert "more than its" in refusal(path)


def test_a_page_says_what_its_rows_take(rows_file):
    """1,000 numbers of 4 bytes, not packed."""
    path = rows_file(1000, use_dictionary=False, compression="none")
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(2)
    with path.open("rb") as stream:
        assert list(page_sizes(stream, chunk)) == [4000]


def test_a_page_that_claims_more_than_its_rows_need_is_refused_before_it_is_unpacked(rows_file, monkeypatch):
    """Its header begins with field 1, the kind 0, and field 2, the size: 3 bytes for 80,000, or for 1,048,575."""
    path = rows_file(20_000, use_dictionary=False)
    at = pq.ParquetFile(path).metadata.row_group(0).column(2).data_page_offset
    content = bytearray(path.read_bytes())
    assert content[at : at + 3] == b"\x15\x00\x15"
    content[at + 3 : at + 6] = b"\xfe\xff\x7f"
    path.write_bytes(content)
    monkeypatch.setattr(file_format, "MAX_CHUNK_BYTES", 0)
    monkeypatch.setattr(pq.ParquetFile, "read", None)
    assert "a chunk claims a size that its rows cannot have" in refusal(path)


def test_a_file_that_is_too_large_for_its_rows_is_not_read(content, tmp_path, monkeypatch):
    monkeypatch.setattr(file_format, "MAX_METADATA_BYTES", 1 << 16)
    padded = tmp_path / "padded.trace.parquet"
    footer = int.from_bytes(content[-8:-4], "little") + 8
    padded.write_bytes(content[:-footer] + bytes(1 << 17) + content[-footer:])
    assert "more than its 60 rows can need" in refusal(padded)


@pytest.mark.parametrize("source", ["nerf-room", "memory://small"], ids=["a bundled file", "a URL"])
def test_a_trace_is_read_where_memory_is_bounded(source, content, tmp_path):
    (tmp_path / "small").write_bytes(content)
    call = (
        "import sys, fsspec; from ngpc_sim.trace import load_trace; "
        "fsspec.filesystem('memory').pipe('small', open('small', 'rb').read()); "
        "print(load_trace(sys.argv[1]).recorded > 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", call, source],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (8_000_000 << 10,) * 2),
    )
    assert (ran.stdout, ran.stderr) == ("True\n", "")
