"""The data sets of the commands, and the progress bar of a download."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pooch
import pytest

from elbocheck.cli_data import Data, Download, UnusableInput, read_dataset


def test_the_digits_need_no_folder() -> None:
    assert read_dataset(Data.digits, None).name == "digits"
    with pytest.raises(UnusableInput, match="--data-dir goes with --data mnist"):
        read_dataset(Data.digits, Path())


def test_a_folder_without_the_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match=f"{tmp_path}/train-images-idx3-ubyte.*not found"):
        read_dataset(Data.mnist, tmp_path)


def test_a_download_drives_its_bar(tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "file").write_bytes(bytes(300_000))
    handler = partial(QuietHandler, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        bar = Download("file")
        download = pooch.HTTPDownloader(progressbar=bar, chunk_size=2**16)
        download(f"http://127.0.0.1:{server.server_port}/file", str(tmp_path / "got"), None)
        server.shutdown()
    assert (tmp_path / "got").read_bytes() == bytes(300_000)
    (task,) = bar._progress.tasks
    assert (task.completed, task.total) == (300_000, 300_000)
    assert not bar._progress.live.is_started


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing."""
