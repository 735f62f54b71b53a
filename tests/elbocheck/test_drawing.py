"""Figures as files: the same bytes each time, readable, and an older file survives what fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from elbocheck.drawing import save


def drawn(slope: float = 1.0) -> Figure:
    figure = Figure()
    figure.subplots().plot([0.0, 1.0], [0.0, slope])
    return figure


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_figure_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    for name, slope in (("a", 1.0), ("b", 1.0), ("c", 2.0)):
        save(drawn(slope), tmp_path / f"{name}.{suffix}")
    first, second, other = (path.read_bytes() for path in sorted(tmp_path.iterdir()))
    assert first == second != other


def test_a_png_can_be_read_back(tmp_path: Path) -> None:
    save(drawn(), tmp_path / "a.png")
    assert imread(tmp_path / "a.png").min() < 0.5  # something dark is drawn


def test_a_figure_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = drawn()
    (tmp_path / "a.png").write_text("old")

    def full(path: Path, **options: object) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figure, "savefig", full)
    with pytest.raises(OSError, match="No space left"):
        save(figure, tmp_path / "a.png")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a figure is written as .png or .svg"):
        save(drawn(), tmp_path / "a.pdf")
