"""The graph of theorems: layers, arrows, and no overlap."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from elbocheck.dependency_graph import NODE, layers, svg

USES = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "alone": (), "e": ("a", "d")}


def test_each_stands_in_the_layer_after_the_last_it_uses():
    assert layers(USES) == [["a"], ["b", "c"], ["d"], ["e"]]


def test_a_circle_is_an_error():
    with pytest.raises(ValueError, match="rests on itself"):
        layers({"a": ("b",), "b": ("a",)})


def test_arrows_end_where_their_theorems_stand():
    drawing = ElementTree.fromstring(svg(USES))
    assert len(drawing.findall("path[@class='arrow']")) == len(drawing.findall("path[@class='head']")) == 6
    assert [link.get("href") for link in drawing.iter("a")] == ["#a", "#b", "#c", "#d", "#e"]


def test_nothing_overlaps_and_all_is_inside_with_fifty_theorems():
    uses = {f"theorem-{i}": tuple(f"theorem-{k}" for k in range(i) if (i * k) % 7 == 1) for i in range(50)}
    drawing = ElementTree.fromstring(svg(uses))
    boxes = [tuple(float(r.get(k)) for k in ("x", "y", "width", "height")) for r in drawing.iter("rect")]
    assert len(boxes) > 20
    width, height = float(drawing.get("width")), float(drawing.get("height"))
    for i, (x, y, w, h) in enumerate(boxes):
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height
        for u, v, t, s in boxes[:i]:
            assert x + w <= u or u + t <= x or y + h <= v or v + s <= y
    columns = {x: sorted(y for u, y, _, _ in boxes if u == x) for x, _, _, _ in boxes}
    assert all(b - a >= NODE for ys in columns.values() for a, b in pairwise(ys))


def test_no_arrows_no_graph():
    assert svg({"a": (), "b": ()}) == ""


def test_names_are_escaped():
    assert "<script>" not in svg({"<script>": (), "b": ("<script>",)})
    assert re.search("&lt;script&gt;", svg({"<script>": (), "b": ("<script>",)}))
