"""A run in a folder: logged, resumed after any death with the same bits, and nothing is lost when it cannot go on."""

from __future__ import annotations

import json
import multiprocessing as mp
import os
import random
import resource
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from elbocheck import checkpoint, lock, memory, training
from elbocheck.checkpoint import CheckpointError
from elbocheck.training import RunError, plan, run
from vae_min.config import EXERCISE, PRESETS
from vae_min.data import Dataset, Split, digits
from vae_min.train import Trainer

CHANGES = {"latent_dim": 3, "epochs": 12}
SEED = int(os.environ.get("ELBOCHECK_TEST_SEED", "0"))
CONTEXT = mp.get_context("forkserver")
CONTEXT.set_forkserver_preload(["elbocheck.training"])


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return digits()


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def content(folder: Path) -> dict[str, Any]:
    """All that must be the same: the checkpoint's bytes, and the log but for its times."""
    files = {p.name: p.read_bytes() for p in folder.iterdir() if p.name != training.LOG}
    lines = [json.loads(line) for line in (folder / training.LOG).read_text().splitlines()]
    return files | {"log": [{k: v for k, v in line.items() if k != "examples_per_second"} for line in lines]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, dataset: Dataset) -> dict[str, Any]:
    """What the run leaves when nothing happens to it."""
    out = tmp_path_factory.mktemp("whole")
    run(plan(out, CHANGES), dataset)
    return content(out)


def train_in(out: str, die_at: int | None = None) -> None:
    """Begin the run, or go on with it; with ``die_at``, kill this process before its n-th change of a file."""
    torch.set_num_threads(1)
    if die_at is not None:
        calls = 0

        def dying(right: Any) -> Any:
            def change(*arguments: Any, **options: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls == die_at:
                    os.kill(os.getpid(), signal.SIGKILL)
                return right(*arguments, **options)

            return change

        for name in ("write_bytes", "write_text", "replace", "unlink", "mkdir"):
            setattr(Path, name, dying(getattr(Path, name)))
    run(plan(Path(out), CHANGES, resume=True), digits())


def start(out: Path, die_at: int | None = None) -> Any:
    process = CONTEXT.Process(target=train_in, args=(str(out), die_at))
    process.start()
    return process


def test_killed_at_random_moments_it_ends_with_the_same_bits(tmp_path: Path, whole: dict[str, Any]) -> None:
    """Twenty kills at moments of a few epochs' length, wherever they fall; then the run may end."""
    rng, kills = random.Random(SEED), 0
    start(tmp_path / "warm").join()
    while kills < 20:
        process = start(tmp_path / "run")
        time.sleep(rng.uniform(0, 0.25))
        process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        if process.exitcode == 0:  # it had ended already: begin again
            assert content(tmp_path / "run") == whole
            (tmp_path / "run").rename(tmp_path / f"ended-{kills}-{time.monotonic_ns()}")
    process = start(tmp_path / "run")
    process.join()
    assert process.exitcode == 0
    assert content(tmp_path / "run") == whole


def test_killed_before_each_change_of_a_file_it_ends_with_the_same_bits(tmp_path: Path, whole: dict[str, Any]) -> None:
    """Not by chance: the n-th change of a file never comes, for every n of the first two epochs; then it goes on."""
    for die_at in range(1, 20):
        out = tmp_path / str(die_at)
        process = start(out, die_at)
        process.join()
        assert process.exitcode == -signal.SIGKILL
    ends = [start(tmp_path / str(die_at)) for die_at in range(1, 20)]
    for die_at, process in enumerate(ends, 1):
        process.join()
        assert process.exitcode == 0
        assert content(tmp_path / str(die_at)) == whole


def test_killed_at_its_very_end_it_leaves_no_more_than_a_whole_run(
    tmp_path: Path, dataset: Dataset, whole: dict[str, Any]
) -> None:
    """After the last checkpoint nothing is saved again: what the killed process left must go all the same."""
    late = tmp_path / "late"
    run(plan(late, CHANGES), dataset, should_stop=lambda step, num_steps: step == num_steps - 1)
    exit_codes = []
    while not exit_codes or exit_codes[-1] != 0:
        out = Path(shutil.copytree(late, tmp_path / str(len(exit_codes))))
        process = start(out, die_at=len(exit_codes) + 1)
        process.join()
        exit_codes.append(process.exitcode)
        run(plan(out, {}, resume=True), dataset)
        assert content(out) == whole
    assert len(exit_codes) > 8
    assert set(exit_codes[:-1]) == {-signal.SIGKILL}


def test_a_resume_that_forgets_the_generator_is_caught(
    tmp_path: Path, dataset: Dataset, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(plan(tmp_path, CHANGES), dataset, should_stop=lambda step, num_steps: step == 50)
    right = Trainer.restore

    def forgetful(self: Trainer[Any], tensors: Any, numbers: Any) -> None:
        fresh = self._generator.get_state()
        right(self, tensors, numbers)
        self._generator.set_state(fresh)

    monkeypatch.setattr(Trainer, "restore", forgetful)
    run(plan(tmp_path, {}, resume=True), dataset)
    ended = content(tmp_path)
    assert ended.keys() != whole.keys()  # the tensors' file is named by its hash
    assert ended["log"] != whole["log"]
    assert ended["log"][:2] == whole["log"][:2]


@pytest.mark.parametrize("stop", [1, 22, 50])
def test_stopped_at_any_step_it_is_saved_and_goes_on(
    stop: int, tmp_path: Path, dataset: Dataset, whole: dict[str, Any]
) -> None:
    trainer = run(plan(tmp_path, CHANGES), dataset, should_stop=lambda step, num_steps: step == stop)
    assert trainer.step == stop == checkpoint.load(tmp_path).numbers["step"]
    run(plan(tmp_path, {}, resume=True), dataset)
    assert content(tmp_path) == whole


def test_a_finished_run_is_left_as_it_is(tmp_path: Path, dataset: Dataset) -> None:
    run(plan(tmp_path, {"epochs": 1}), dataset)
    before = content(tmp_path)
    run(plan(tmp_path, {}, resume=True), dataset)
    assert content(tmp_path) == before


def test_the_log_says_what_each_epoch_was(whole: dict[str, Any]) -> None:
    log = whole["log"]
    assert [line["epoch"] for line in log] == list(range(1, 13))
    assert [line["step"] for line in log] == list(range(22, 265, 22))
    assert log[-1]["learning_rate"] == 0
    assert log[-1]["objective"] > log[0]["objective"]


def test_the_callbacks_see_saved_epochs_and_every_step(tmp_path: Path, dataset: Dataset) -> None:
    seen: list[tuple[int, int]] = []
    steps: list[int] = []
    run(
        plan(tmp_path, {"epochs": 2}),
        dataset,
        on_epoch=lambda epoch, speed: seen.append((epoch.number, checkpoint.load(tmp_path).numbers["step"])),
        should_stop=lambda step, num_steps: bool(steps.append(step)),  # type: ignore[func-returns-value]
    )
    assert seen == [(1, 22), (2, 44)]
    assert steps == list(range(1, 45))


def test_a_folder_with_a_run_is_not_overwritten(tmp_path: Path, dataset: Dataset) -> None:
    run(plan(tmp_path, {"epochs": 1}), dataset)
    with pytest.raises(RunError, match="holds a run already; add --resume"):
        plan(tmp_path, {"epochs": 1})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"changes": {"epochs": 3}}, "its epochs is 1, not 3"),
        ({"changes": {}, "preset_name": "example"}, "its latent_dim is 2, not 20"),
        ({"changes": {}, "model": "autoencoder"}, "its model is vae, not autoencoder"),
        ({"changes": {}, "data": "mnist"}, "its data is digits, not mnist"),
    ],
)
def test_options_that_contradict_the_run_are_refused(
    options: dict[str, Any], message: str, tmp_path: Path, dataset: Dataset
) -> None:
    run(plan(tmp_path, {"epochs": 1}), dataset)
    with pytest.raises(RunError, match=f"{message}; name another folder"):
        plan(tmp_path, resume=True, **options)
    same = plan(tmp_path, {"epochs": 1, "latent_dim": 2}, resume=True, model="vae", data="digits")
    assert same.saved is not None


def test_what_is_not_said_is_the_presets() -> None:
    assert plan(Path("new"), {}).config == EXERCISE["digits"]
    assert plan(Path("new"), {"seed": 2}, preset_name="burda", data="mnist").config == replace(PRESETS["burda"], seed=2)


def test_grey_pixels_and_another_environment_are_noted(
    tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plan(tmp_path, {}).notes(dataset) == []
    (note,) = plan(tmp_path, {"binarisation": "none"}).notes(dataset)
    assert "is a score, not one" in note
    assert plan(tmp_path, {"binarisation": "none", "decoder": "linear-normal"}).notes(dataset) == []
    assert plan(tmp_path, {"epochs": 1}, model="autoencoder").notes(dataset) == []
    for changes in ({"beta": 2.0}, {"covariance": "full"}, {"objective": "iwae", "num_importance_samples": 3}):
        assert plan(tmp_path, changes).notes(dataset) == []
        (note,) = plan(tmp_path, changes, model="autoencoder").notes(dataset)
        assert "an autoencoder has no divergence: objective, beta, covariance change nothing" in note
    run(plan(tmp_path, {"epochs": 1}), dataset)
    assert plan(tmp_path, {}, resume=True).notes(dataset) == []
    monkeypatch.setattr(checkpoint, "environment", lambda **flags: {"torch": "9.9", "threads": 1})
    (note,) = plan(tmp_path, {}, resume=True).notes(dataset)
    assert "resumed with 9.9: the numbers need not be the same bits" in note


def test_a_loss_that_is_not_finite_names_step_rate_and_checkpoint(tmp_path: Path, dataset: Dataset) -> None:
    with pytest.raises(RunError, match=r"not finite at step \d+ \(learning rate .*the last good checkpoint: none yet"):
        run(plan(tmp_path / "a", {"learning_rate": 1e4}), dataset)
    nan = Dataset("digits", (8, 8), Split(dataset.train.images * torch.nan, dataset.train.labels), dataset.test)
    begun = plan(tmp_path / "b", {"epochs": 3, "binarisation": "none"})
    run(begun, dataset, should_stop=lambda step, num_steps: step == 30)
    before = content(tmp_path / "b")
    with pytest.raises(RunError, match=r"step 31 \(.*checkpoint: .*b/checkpoint.json, epoch 1"):
        run(plan(tmp_path / "b", {}, resume=True), nan)
    assert content(tmp_path / "b") == before


@pytest.mark.parametrize(
    ("said", "raised", "says"),
    [
        ("DefaultCPUAllocator: can't allocate memory: you tried", RunError, "memory is too small for this run; lower"),
        ("CUDA out of memory. Tried to allocate 2.00 GiB", RunError, "memory is too small for this run; lower"),
        ("CUDA error: an illegal memory access was encountered", RuntimeError, "illegal memory access"),
        ("mat1 and mat2 shapes cannot be multiplied", RuntimeError, "mat1 and mat2"),
    ],
)
def test_a_memory_that_is_too_small_is_told_from_other_faults(
    said: str, raised: type[Exception], says: str, tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch has one exception for all."""

    def fail(*arguments: Any, **options: Any) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(Trainer, "run", fail)
    with pytest.raises(raised, match=says):
        run(plan(tmp_path, {}), dataset)


def test_memory_that_only_this_machine_has_not_is_told_before_the_system_ends_the_process(
    tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A layer of the decoder has 328 MB here, of 134 MB that are left."""
    if sys.platform != "linux":
        pytest.skip("there is no such limit on this system")
    own = memory._kilobytes("/proc/self/status")["VmData"]
    monkeypatch.setattr(memory, "_left", lambda: 1024 * own + 2**27)
    changes = {"objective": "iwae", "num_importance_samples": 20_000}
    with pytest.raises(RunError, match="the memory is too small for this run; lower batch_size"):
        run(plan(tmp_path, changes), dataset)


def limited(out: str, size: int, queue: Any) -> None:
    """Train where no file may be longer than ``size`` bytes: what a full disk does, without one."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        run(plan(Path(out), {"epochs": 3}, resume=True), digits())
    except (RunError, CheckpointError) as error:
        queue.put(str(error))


@pytest.mark.parametrize(("size", "file"), [(10_000, "safetensors"), (100, training.LOG)])
def test_where_no_space_is_left_the_last_checkpoint_is(size: int, file: str, tmp_path: Path, dataset: Dataset) -> None:
    run(plan(tmp_path, {"epochs": 3}), dataset, should_stop=lambda step, num_steps: step == 30)
    before = content(tmp_path)
    queue = CONTEXT.SimpleQueue()
    process = CONTEXT.Process(target=limited, args=(str(tmp_path), size, queue))
    process.start()
    message = queue.get()
    process.join()
    assert file in message
    assert "cannot be written (File too large)" in message
    assert "\n" not in message
    after = content(tmp_path)
    log, earlier = after.pop("log"), before.pop("log")
    assert after == before
    assert log[:1] == earlier
    run(plan(tmp_path, {}, resume=True), dataset)
    assert checkpoint.load(tmp_path).numbers["step"] == 66


def test_half_a_line_of_the_log_goes(tmp_path: Path, dataset: Dataset) -> None:
    run(plan(tmp_path, {"epochs": 3}), dataset, should_stop=lambda step, num_steps: step == 22)
    with (tmp_path / training.LOG).open("ab") as log:
        log.write(b'{"epoch": 2, "step": 44}\n[1]\n\xff{"epo')
    run(plan(tmp_path, {}, resume=True), dataset)
    assert [line["epoch"] for line in content(tmp_path)["log"]] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("loss 3.1\nloss 2.9\n", "not the log of a training by elbocheck"),
        ('{"epoch": 1, "loss": 3.1}\n', "not the log of a training by elbocheck"),
        ('{"epoch": 1, "loss": 3.1}', "not the log of a training by elbocheck"),
        ('{"epoch": 1,\n "loss": 3.1', "not the log of a training by elbocheck"),
        ("\n", "not the log of a training by elbocheck"),
        (
            '{"epoch": 1, "examples_per_second": 9}\n{"epoch": 2, "examples_per_second": 9}\n',
            "the log of 2 epochs, whose",
        ),
    ],
)
def test_a_log_of_which_no_checkpoint_knows_is_left_as_it_is(
    text: str, says: str, tmp_path: Path, dataset: Dataset
) -> None:
    (tmp_path / training.LOG).write_text(text)
    with pytest.raises(RunError, match=f"{training.LOG}: {says}.*; name another folder with --out$"):
        run(plan(tmp_path, {"epochs": 1}, resume=True), dataset)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(training.LOG, text)]


@pytest.mark.parametrize(
    "text", ["", "{", '{"epo', '{"epoch": 1', '{"epoch": 1, "st', '{"epoch": 1, "examples_per_second": 9}\n']
)
def test_what_a_run_leaves_that_was_killed_before_its_first_checkpoint_is_no_hindrance(
    text: str, tmp_path: Path, dataset: Dataset
) -> None:
    (tmp_path / training.LOG).write_text(text)
    run(plan(tmp_path, {"epochs": 1}), dataset)
    assert [line["step"] for line in content(tmp_path)["log"]] == [22]


def test_a_log_that_is_no_file_is_named(tmp_path: Path, dataset: Dataset) -> None:
    """Reading a pipe would never end."""
    os.mkfifo(tmp_path / training.LOG)
    with pytest.raises(RunError, match=f"{training.LOG}: not a file; name another folder"):
        run(plan(tmp_path, {"epochs": 1}), dataset)


def test_files_of_other_programs_stay(tmp_path: Path, dataset: Dataset) -> None:
    """Old checkpoints go; what only looks like one does not."""
    names = {"checkpoint-best.safetensors", "checkpoint-10.safetensors", ".checkpoint-10.part", "checkpoint.pt"}
    for name in names:
        (tmp_path / name).write_text("mine")
    run(plan(tmp_path, {"epochs": 2}), dataset)
    run(plan(tmp_path, {}, resume=True), dataset)
    assert {path.name for path in tmp_path.iterdir() if path.read_bytes() == b"mine"} == names
    assert len(list(tmp_path.glob("checkpoint-*.safetensors"))) == 3


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, dataset: Dataset) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match=r"file/run: cannot be written \(Not a directory\); name another"):
        run(plan(tmp_path / "file" / "run", {"epochs": 1}), dataset)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_second_training_of_the_folder_is_refused_and_changes_nothing(tmp_path: Path, dataset: Dataset) -> None:
    """One of the same run and one of another, before there is a checkpoint and after."""
    refused = []

    def others_begin(step: int, num_steps: int) -> bool:
        if step in (1, 30):
            before = {path: path.read_bytes() for path in tmp_path.iterdir()}
            for changes in ({"epochs": 3}, {"epochs": 5} if step == 1 else {}):
                with pytest.raises(RunError, match="another process trains there; wait for its end, or name another"):
                    run(plan(tmp_path, changes, resume=True), dataset)
                refused.append(step)
            assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
        return False

    run(plan(tmp_path, {"epochs": 3}), dataset, should_stop=others_begin)
    assert refused == [1, 1, 30, 30]
    alone = tmp_path.with_name("alone")
    run(plan(alone, {"epochs": 3}), dataset)
    assert content(tmp_path) == content(alone)


def test_a_killed_training_locks_nobody_out(tmp_path: Path, dataset: Dataset, whole: dict[str, Any]) -> None:
    process = start(tmp_path, die_at=12)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (tmp_path / lock.NAME).exists()
    run(plan(tmp_path, CHANGES, resume=True), dataset)
    assert content(tmp_path) == whole


@pytest.mark.parametrize("steps", [0, 22])
def test_a_plan_that_another_training_has_overtaken_changes_nothing(
    steps: int, tmp_path: Path, dataset: Dataset
) -> None:
    """It would go on from what was, and remove what is."""
    if steps:
        run(plan(tmp_path, {"epochs": 3}), dataset, should_stop=lambda step, num_steps: step == steps)
    late = plan(tmp_path, {"epochs": 3}, resume=True)
    run(plan(tmp_path, {"epochs": 3}, resume=True), dataset, should_stop=lambda step, num_steps: step == 50)
    before = content(tmp_path)
    with pytest.raises(RunError, match="another process has trained there since; start again, with --resume"):
        run(late, dataset)
    assert content(tmp_path) == before
    run(plan(tmp_path, {}, resume=True), dataset)


def test_tensorboard_has_the_epochs(tmp_path: Path, dataset: Dataset) -> None:
    reading = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="the extra tensorboard is not installed"
    )
    run(plan(tmp_path, {"epochs": 2}), dataset, tensorboard=True)
    events = reading.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    logged = [json.loads(line) for line in (tmp_path / training.LOG).read_text().splitlines()]
    for name in ("objective", "reconstruction", "kl"):
        points = [(point.step, point.value) for point in events.Scalars(name)]
        assert points == [(line["epoch"], pytest.approx(line[name], rel=1e-6, abs=0)) for line in logged]


def test_without_tensorboard_the_extra_is_named(
    tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", None)
    with pytest.raises(RunError, match=r"pip install 'elbocheck\[tensorboard\]'"):
        run(plan(tmp_path, {"epochs": 1}), dataset, tensorboard=True)
