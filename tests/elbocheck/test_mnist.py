"""MNIST's files: found, read, refused when damaged; downloaded once, whole, from a loopback mirror."""

import gzip
import hashlib
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from elbocheck.mnist import MNIST_MD5, cached, read
from vae_min.data import DataError

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = MNIST_MD5


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def contents():
    rng = np.random.default_rng(3)
    sizes = {TRAIN_IMAGES: (7, 5, 4), TRAIN_LABELS: (7,), TEST_IMAGES: (3, 5, 4), TEST_LABELS: (3,)}
    return {name: idx(rng.integers(0, 256, size)) for name, size in sizes.items()}


def checksums_of(contents):
    return {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}


def write(folder, contents, *, compress=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        if compress:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("subfolder", ["", "MNIST/raw", "raw"])
def test_the_four_files_are_found_and_read(tmp_path, contents, subfolder, compress):
    write(tmp_path / subfolder, contents, compress=compress)
    dataset = read(tmp_path, checksums=checksums_of(contents))
    assert dataset.image_shape == (5, 4)
    assert dataset.train.images.shape == (7, 20)
    pixels = torch.frombuffer(bytearray(contents[TEST_IMAGES][16:]), dtype=torch.uint8).reshape(3, 20)
    torch.testing.assert_close(dataset.test.images, pixels.float() / 255, rtol=1e-7, atol=0)
    assert dataset.test.labels.tolist() == list(contents[TEST_LABELS][8:])


def corrupt(name, content):
    return {
        "truncated": content[:-1],
        "truncated header": content[:9],
        "empty": b"",
        "trailing": content + b"\0",
        "magic": b"\x89PNG" + content[4:],
        "rank": content[:3] + b"\x02" + content[4:],
        "bit": content[:-1] + bytes([content[-1] ^ 1]),
        "cut gzip": gzip.compress(content)[:-9],
        "broken gzip": gzip.compress(content)[:20] + b"\xff\xff\xff\xff" + gzip.compress(content)[24:],
    }[name]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("truncated", r"truncated \(155 bytes, its header says 156\)"),
        ("truncated header", "truncated"),
        ("empty", r"not this file of MNIST \(empty\)"),
        ("trailing", r"trailing bytes \(157 bytes, its header says 156\)"),
        ("magic", r"begins with 89504e47, not 00000803"),
        ("rank", "begins with 00000802, not 00000803"),
        ("bit", "MD5 differs"),
        ("cut gzip", "truncated or corrupted gzip file"),
        ("broken gzip", "truncated or corrupted gzip file"),
    ],
)
def test_a_bad_file_is_named_in_one_line(tmp_path, contents, fault, message):
    good = checksums_of(contents)
    contents[TRAIN_IMAGES] = corrupt(fault, contents[TRAIN_IMAGES])
    write(tmp_path, contents)
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, checksums=good)
    assert str(caught.value).startswith(f"{tmp_path / TRAIN_IMAGES}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path, contents):
    del contents[TEST_LABELS]
    write(tmp_path, contents)
    with pytest.raises(DataError, match=rf"{TEST_LABELS}\[.gz\]: not found; put MNIST's four files there"):
        read(tmp_path)


def test_other_images_of_the_right_format_are_foreign(tmp_path, contents):
    write(tmp_path, contents)
    with pytest.raises(DataError, match="its content is not MNIST's"):
        read(tmp_path)


def test_labels_must_match_images(tmp_path, contents):
    contents[TEST_LABELS] = idx(np.zeros(4))
    write(tmp_path, contents)
    with pytest.raises(DataError, match="4 labels for 3 images"):
        read(tmp_path, checksums=checksums_of(contents))


def test_an_unreadable_file_is_named(tmp_path, contents, monkeypatch):
    write(tmp_path, contents)

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)  # root, who runs many a CI, may read everything
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
        read(tmp_path, checksums=checksums_of(contents))


def test_the_real_mnist():
    folder = Path(os.environ.get("ELBOCHECK_MNIST", Path(__file__).parents[3] / "shared" / "mnist"))
    if not folder.is_dir():
        pytest.skip(f"no MNIST in {folder}; name its folder in ELBOCHECK_MNIST")
    dataset = read(folder)
    assert dataset.train.images.shape == (60000, 784)
    assert dataset.test.labels.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert dataset.train.labels[:5].tolist() == [5, 0, 4, 1, 9]


class Server:
    """A loopback mirror: /good/ serves the files, /bad/ something else, all other paths 404."""

    def __init__(self, contents):
        requests = self.requests = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                _, mirror, name = self.path.split("/")
                requests.append(self.path)
                self.send_response(200 if mirror in ("good", "bad") else 404)
                self.end_headers()
                good = gzip.compress(contents[name.removesuffix(".gz")])
                self.wfile.write(good if mirror == "good" else b"<html>log in first</html>")

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def mirror(self, name):
        return f"http://127.0.0.1:{self.server.server_port}/{name}/"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server(contents):
    server = Server(contents)
    yield server
    server.close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("elbocheck.mnist.pooch.os_cache", lambda project: tmp_path / project)
    return tmp_path / "elbocheck" / "mnist"


@pytest.mark.parametrize("first", ["good", "bad", "missing"])
def test_downloads_once_from_the_first_mirror_that_serves_it(server, cache, contents, first):
    mirrors, checksums = [server.mirror(first), server.mirror("good")], checksums_of(contents)
    dataset = read(cached(checksums=checksums, mirrors=mirrors), checksums=checksums)
    assert len(dataset.train.images) == 7
    assert sorted(path.name for path in cache.iterdir()) == sorted(f"{name}.gz" for name in contents)
    asked = len(server.requests)
    assert asked == (4 if first == "good" else 8)
    cached(checksums=checksums, mirrors=mirrors)
    assert len(server.requests) == asked


def test_a_corrupted_file_of_the_cache_is_downloaded_again(server, cache, contents):
    cached(checksums=checksums_of(contents), mirrors=[server.mirror("good")])
    (cache / f"{TEST_IMAGES}.gz").write_bytes(b"half")
    cached(checksums=checksums_of(contents), mirrors=[server.mirror("good")])
    assert len(server.requests) == 5


@pytest.mark.parametrize(("kind", "reason"), [("bad", "sent something else"), ("missing", "HTTPError")])
def test_a_failed_download_leaves_nothing_behind(server, cache, contents, kind, reason):
    with pytest.raises(DataError, match=f"{TRAIN_IMAGES}.gz: cannot be downloaded .*{reason}") as caught:
        cached(checksums=checksums_of(contents), mirrors=[server.mirror(kind)])
    assert "\n" not in str(caught.value)
    assert list(cache.iterdir()) == []


def test_without_network_one_line_says_what_to_do(server, cache, contents):
    mirror = server.mirror("good")
    server.close()  # nobody listens on the port any more
    with pytest.raises(DataError, match=r"ConnectionError.*connect to the network, or name a data folder"):
        cached(checksums=checksums_of(contents), mirrors=[mirror])


def test_a_cache_that_cannot_be_made_is_named(tmp_path, monkeypatch, contents):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("elbocheck.mnist.pooch.os_cache", lambda project: tmp_path / "file")
    with pytest.raises(DataError, match=r"file/mnist: cannot be created \(Not a directory\)"):
        cached(checksums=checksums_of(contents), mirrors=[])


def test_the_progress_bar_of_the_caller_is_driven(server, cache, contents):
    class Bar:
        total = done = 0

        def update(self, amount):
            self.done += amount

        def reset(self):
            self.done = 0

        def close(self):
            pass

    bars = {}
    cached(
        checksums=checksums_of(contents),
        mirrors=[server.mirror("good")],
        progress=lambda name: bars.setdefault(name, Bar()),
    )
    assert set(bars) == set(contents)
