"""The command `audit`: exit codes, one JSON document, one line for what cannot be used."""

import json
from pathlib import Path

import pytest

from elbocheck.cli import main

MODEL = """
import os
import sys
import torch
from torch import nn
from torch.nn import functional as F
from elbocheck import VAESpec

def spec(weight=1.0):
    encoder, decoder = nn.Linear(4, 4), nn.Linear(2, 4)
    encode = lambda x: encoder(x).chunk(2, -1)

    def loss(x):
        print("a step")
        os.write(1, b"past Python")
        loc, v = encode(x)
        y = decoder(loc + torch.exp(v / 2) * torch.randn_like(v))
        return F.binary_cross_entropy_with_logits(y, x, reduction="sum") + weight * 0.5 * (loc**2 + v.exp() - 1 - v).sum()

    return VAESpec(loss=loss, encode=encode, decode=lambda z: decoder(z), batch=(torch.rand(8, 4) > 0.5).float())

def negative(): return spec(-1.0)
number = 3

def ending():
    s = spec()
    return VAESpec(loss=lambda x: sys.exit(3), encode=s.encode, decode=s.decode, batch=s.batch)

def typo():
    s = spec()
    return VAESpec(loss=s.loss, encode=s.encode, decode=s.decode, batch=s.batch, head="logvar")
"""


def run(monkeypatch, tmp_path: Path, *arguments: str) -> int:
    (tmp_path / "audited.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["elbocheck", "audit", *arguments])
    with pytest.raises(SystemExit) as raised:
        main()
    return int(raised.value.code or 0)


def test_a_right_one(monkeypatch, tmp_path, capfd) -> None:
    assert run(monkeypatch, tmp_path, "audited.py:spec", "--json") == 0
    captured = capfd.readouterr()
    assert json.loads(captured.out)["verdict"] == "elbo"
    assert captured.err == ""


def test_a_wrong_one(monkeypatch, tmp_path, capsys) -> None:
    assert run(monkeypatch, tmp_path, "audited.py:negative") == 1
    assert "error: kl-sign: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("audited.py:number", "elbocheck: audited.py:number: it is or returns a int"),
        ("missing.py:spec", "elbocheck: missing.py: no such file"),
        ("audited.py:ending", "elbocheck: audited.py:ending: its code ends the process, with 3"),
        ("audited.py:typo", "elbocheck: audited.py:typo: VAESpec(head='logvar'): known are log_variance"),
    ],
)
def test_unusable(monkeypatch, tmp_path, capsys, target, line) -> None:
    assert run(monkeypatch, tmp_path, target) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(line)
    assert captured.err.count("\n") == 1
