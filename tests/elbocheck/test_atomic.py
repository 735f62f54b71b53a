import pytest

from elbocheck.atomic import replacing, write_text


def test_a_written_file_takes_the_name(tmp_path):
    with replacing(tmp_path / "a.txt") as part:
        part.write_text("new")
        assert not (tmp_path / "a.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.txt").write_text("old")

    def fail_half_way():
        with replacing(tmp_path / "a.txt") as part:
            part.write_text("half")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_text_is_written_whole_or_not_at_all(tmp_path):
    write_text(tmp_path / "a.txt", "\u03bc\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xce\xbc\n"
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        write_text(tmp_path / "a.txt", "new \ud800")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"\xce\xbc\n"]
