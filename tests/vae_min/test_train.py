import multiprocessing as mp
from dataclasses import replace

import pytest
import torch
import torch.distributed as dist
from torch.optim.adam import adam

from vae_min import train as train_module
from vae_min.config import Config
from vae_min.data import Dataset, Split
from vae_min.model import Autoencoder, VariationalAutoencoder
from vae_min.objective import Terms, sampled_terms
from vae_min.train import Loss, Run, Trainer, TrainingError, draw_noise, negative_elbo, train, views

CLASSES = [Autoencoder, VariationalAutoencoder]


def same(first, second):
    pairs = zip(first.model.parameters(), second.model.parameters(), strict=True)
    return first.history == second.history and all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("model_class", CLASSES)
def test_same_seed_same_numbers_bit_for_bit(model_class, dataset, small):
    config = replace(small, epochs=2)
    torch.manual_seed(1)
    first = train(model_class, config, dataset)
    torch.manual_seed(2)
    second = train(model_class, config, dataset)
    assert same(first, second)
    assert not same(first, train(model_class, replace(config, seed=1), dataset))


def test_the_global_generator_is_left_alone(dataset, small):
    before = torch.get_rng_state()
    train(VariationalAutoencoder, replace(small, epochs=1), dataset)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(("model_class", "bf16"), [(c, False) for c in CLASSES] + [(VariationalAutoencoder, True)])
def test_training_improves_on_independent_pixels(model_class, bf16, dataset, small):
    p = dataset.train.images.mean(0).clamp(1e-6, 1 - 1e-6)
    entropy = -(p * p.log() + (1 - p) * (1 - p).log()).sum().item()  # the best a constant decoder can do
    trainer = Trainer(model_class, replace(small, epochs=40), dataset, bf16=bf16)
    assert trainer.run()
    assert trainer.history[-1].objective > -entropy + 0.5


def test_the_history_adds_up_and_is_what_the_callback_saw(dataset, small):
    seen = []
    run = train(VariationalAutoencoder, replace(small, epochs=3), dataset, on_epoch=seen.append)
    assert run.history == tuple(seen)
    assert [epoch.number for epoch in seen] == [1, 2, 3]
    for epoch in seen:  # each image's objective is rounded to float32, and so are the sums of a batch
        rounding = 64 * torch.finfo(torch.float32).eps * (abs(epoch.reconstruction) + epoch.kl)
        assert abs(epoch.objective - (epoch.reconstruction - epoch.kl)) < rounding
        assert epoch.kl > 0
    assert not run.model.training


def test_an_exception_of_the_callback_ends_the_training(dataset, small):
    seen = []

    def stop(epoch):
        seen.append(epoch)
        raise KeyboardInterrupt("enough")

    with pytest.raises(KeyboardInterrupt, match="enough"):
        train(Autoencoder, small, dataset, on_epoch=stop)
    assert len(seen) == 1


def test_the_loss_is_minus_the_mean_of_the_objective():
    terms = Terms(torch.tensor([-4.0, -9.0]), torch.tensor([-3.0, -7.0]), torch.tensor([1.0, 2.0]))
    assert negative_elbo(terms).item() == 6.5  # 3.5 has a sign wrong, 13 sums
    assert negative_elbo(terms, 4).item() == 3.25  # a share of four


def test_a_loss_that_is_not_finite_stops_with_step_and_learning_rate(small):
    images = torch.rand(130, 4)
    images[:] = float("nan")
    split = Split(images, torch.zeros(130, dtype=torch.int64))
    config = replace(small, binarisation="none", learning_rate=0.01)
    with pytest.raises(TrainingError, match=r"not finite at step 1 \(learning rate 0.01\): lower"):
        train(VariationalAutoencoder, config, Dataset("broken", (2, 2), split, split))


def test_a_diverging_run_stops(dataset, small):
    with pytest.raises(TrainingError, match="not finite at step"):
        train(VariationalAutoencoder, replace(small, learning_rate=1e4), dataset)


OTHERS = [
    Config(hidden_sizes=(8,), epochs=10, learning_rate=1e-2, objective="sampled", beta=0.5),
    Config(hidden_sizes=(8,), epochs=10, learning_rate=1e-2, objective="stl", covariance="full"),
    Config(hidden_sizes=(8,), epochs=10, learning_rate=1e-2, objective="iwae", num_importance_samples=5),
    Config(hidden_sizes=(), epochs=10, decoder="linear-normal", binarisation="none", covariance="full"),
]


@pytest.mark.parametrize("config", OTHERS, ids=lambda config: config.objective + config.decoder)
def test_every_objective_trains_and_repeats(config, dataset):
    run, still = (train(VariationalAutoencoder, c, dataset) for c in (config, replace(config, learning_rate=1e-12)))
    gain, by_the_draws_alone = (r.history[-1].objective - r.history[0].objective for r in (run, still))
    assert gain > 5 * abs(by_the_draws_alone)
    assert same(run, train(VariationalAutoencoder, config, dataset))


@pytest.mark.parametrize("decoder", ["bernoulli", "linear-normal"])
def test_a_decoder_begins_at_the_mean_image(decoder, dataset, small):
    trainer = Trainer(VariationalAutoencoder, replace(small, decoder=decoder), dataset)
    mean, apart = dataset.train.images.mean(0), torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    decoded = trainer.model.decode(apart).mean.detach().mean(0)
    assert (decoded - mean).square().mean() < (0.5 - mean).square().mean() / 10  # where biases of zero would begin


def test_the_model_descends_its_loss_by_adam(dataset):
    """Two steps on the whole set, against torch's own optimiser and schedule on the same draws."""
    config = Config(hidden_sizes=(8,), epochs=2, batch_size=2000, objective="sampled")
    trainer, twin = (Trainer(VariationalAutoencoder, config, dataset) for _ in range(2))
    trainer.run()
    optimizer = torch.optim.Adam(twin.model.parameters(), lr=config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 2)
    for _ in range(2):
        twin._begin_epoch(twin._generator.get_state())
        x = twin._images(twin._order, twin._generator)
        noise = draw_noise(twin.model, config, len(x), twin._generator)
        optimizer.zero_grad()
        negative_elbo(sampled_terms(twin.model, x, noise[0])).backward()
        optimizer.step()
        schedule.step()
    for mine, reference in zip(trainer.model.parameters(), twin.model.parameters(), strict=True):
        # Adam divides by the root of a square: where a gradient is near its epsilon of 1e-8, rounding counts
        torch.testing.assert_close(mine, reference, rtol=1e-4, atol=1e-3 * config.learning_rate)


@pytest.mark.parametrize("model_class", CLASSES)
@pytest.mark.parametrize("stop", [1, 21, 22, 30, 65])
def test_a_restored_training_goes_on_bit_for_bit(model_class, stop, dataset, small):
    """At the first step, the ends of an epoch, and in its middle: 22 steps make one."""
    config = replace(small, epochs=3)
    whole = train(model_class, config, dataset)
    assert same(finished_by_another(Trainer.restore, model_class, config, dataset, stop), whole)


def forgets_the_generator(trainer, tensors, numbers):
    state = trainer._generator.get_state()
    Trainer.restore(trainer, tensors, numbers)
    trainer._generator.set_state(state)


def forgets_the_moments(trainer, tensors, numbers):
    Trainer.restore(trainer, {n: 0 * t if n.startswith("mean") else t for n, t in tensors.items()}, numbers)


def forgets_the_count(trainer, tensors, numbers):
    Trainer.restore(trainer, tensors, numbers)
    trainer._count.zero_()


def forgets_the_record(trainer, tensors, numbers):
    Trainer.restore(trainer, {**tensors, "record": 0 * tensors["record"]}, numbers)


def forgets_the_order(trainer, tensors, numbers):
    Trainer.restore(trainer, {**tensors, "epoch_generator": tensors["generator"]}, numbers)


FORGETFUL = [forgets_the_generator, forgets_the_moments, forgets_the_count, forgets_the_record, forgets_the_order]


@pytest.mark.parametrize("restore", FORGETFUL)
def test_a_restoration_that_forgets_is_seen(restore, dataset, small):
    config = replace(small, epochs=2)
    whole = train(VariationalAutoencoder, config, dataset)
    assert not same(finished_by_another(restore, VariationalAutoencoder, config, dataset, 30), whole)


def finished_by_another(restore, model_class, config, dataset, stop):
    first, second = (Trainer(model_class, config, dataset) for _ in range(2))
    assert not first.run(should_stop=lambda: first.step + 1 == stop)
    assert first.step == stop
    restore(second, *first.state())
    assert second.run()
    return Run(second.model, config, tuple(second.history))


def test_another_runs_state_is_refused_and_nothing_is_changed(dataset, small):
    tensors, numbers = Trainer(VariationalAutoencoder, replace(small, latent_dim=3), dataset).state()
    trainer = Trainer(VariationalAutoencoder, small, dataset)
    before, _ = trainer.state()
    before = {name: value.clone() for name, value in before.items()}
    with pytest.raises(ValueError, match=r"mean.decoder.0.weight is torch.float32 \[16, 3\], not .* \[16, 2\]"):
        trainer.restore(tensors, numbers)
    good, numbers = trainer.state()
    with pytest.raises(ValueError, match=r"record is missing, not torch.float64"):
        trainer.restore({n: t for n, t in good.items() if n != "record"}, numbers)
    with pytest.raises(ValueError, match=r"extra is torch.float32 .*, not expected"):
        trainer.restore({**good, "extra": torch.zeros(1)}, numbers)
    with pytest.raises(ValueError, match="step 23 after 0 epochs does not fit"):
        trainer.restore(good, {**numbers, "step": 23})
    after, _ = trainer.state()
    assert all(torch.equal(after[name], before[name]) for name in before)


def gradients(rank, world, store, queue, wrong=False):
    """One process of a data-parallel run: the gradient of a batch that no number of processes divides."""
    torch.set_num_threads(1)
    if world > 1:
        dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
    if wrong:
        train_module.negative_elbo = lambda terms, num_examples: -terms.objective.mean() / world  # of its share alone
    for config in (Config(hidden_sizes=(8,)), Config(hidden_sizes=(8,), objective="iwae", num_importance_samples=3)):
        torch.manual_seed(0)
        model = VariationalAutoencoder(config, 30).double()
        x, noise = torch.rand(7, 30).round().double(), torch.randn(config.num_importance_samples, 7, 2).double()
        for rows in (7, 1):  # with one image the second process has none
            Loss(model, config).backward(x[:rows], noise[:, :rows])
            queue.put((rank, torch.cat([p.grad.flatten() for p in model.parameters()]).tolist()))
    if world > 1:
        dist.barrier()
        dist.destroy_process_group()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"objective": "sampled"},
        {"objective": "stl"},
        {"objective": "iwae", "num_importance_samples": 3},
        {"covariance": "full"},
        {"decoder": "linear-normal"},
    ],
    ids=str,
)
def test_bfloat16_lowers_the_products_and_nothing_else(options, small, seed):
    """Terms, parameters and gradients stay in float32, and the gradient is near: to thirty-two roundings."""
    config = replace(small, **options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = VariationalAutoencoder(config, 30)
        x, noise = torch.rand(7, 30).round(), torch.randn(config.num_importance_samples, 7, config.latent_dim)
    found = {}
    for bf16 in (False, True):
        terms = Loss(model, config, bf16=bf16).backward(x, noise)
        assert all(term.dtype == torch.float32 for term in terms)
        assert all(p.dtype == p.grad.dtype == torch.float32 for p in model.parameters())
        found[bf16] = torch.cat([p.grad.flatten() for p in model.parameters()])
    relative = ((found[True] - found[False]).norm() / found[False].norm()).item()
    assert torch.finfo(torch.bfloat16).eps / 200 < relative < 16 * torch.finfo(torch.bfloat16).eps


def test_a_run_in_bfloat16_is_reproducible(dataset, small):
    config = replace(small, epochs=2)
    first, second = (Trainer(VariationalAutoencoder, config, dataset, bf16=True) for _ in range(2))
    assert first.run()
    assert second.run()
    assert same(first, second)
    assert first.history[-1] != train(VariationalAutoencoder, config, dataset).history[-1]


def vector_and_gradients(config, bf16, seed, spoil=lambda loss, model: None):
    """After each of two steps: the vector of a loss, and the gradients of the parameters one after the other."""
    model, generator = VariationalAutoencoder(config, 30), torch.Generator().manual_seed(seed)
    loss, found = Loss(model, config, bf16=bf16), []
    spoil(loss, model)
    for _ in range(2):
        x, noise = (torch.rand(shape, generator=generator).round() for shape in ((7, 30), (1, 7, config.latent_dim)))
        loss.backward(x, noise)
        found.append((loss.gradient.clone(), torch.cat([p.grad.flatten() for p in model.parameters()])))
    return found


@pytest.mark.parametrize("options", [{}, {"objective": "sampled"}], ids=str)
@pytest.mark.parametrize("bf16", [False, True])
def test_all_gradients_are_one_vector_in_the_parameters_order(options, bf16, small, seed):
    for vector, gradients in vector_and_gradients(replace(small, **options), bf16, seed):
        assert torch.equal(vector, gradients)
        assert vector.norm() > 0


def in_reverse(loss, model):
    loss._parameters.reverse()
    for parameter, part in zip(loss._parameters, views(loss.gradient, loss._parameters), strict=True):
        parameter.grad = part


def into_copies(loss, model):
    for parameter in model.parameters():
        parameter.grad = parameter.grad.clone()


@pytest.mark.parametrize("options", [{}, {"objective": "sampled"}], ids=str)
@pytest.mark.parametrize("bf16", [False, True])
def test_gradients_in_another_order_are_seen(options, bf16, small, seed):
    for vector, gradients in vector_and_gradients(replace(small, **options), bf16, seed, in_reverse):
        assert not torch.equal(vector, gradients)
        assert torch.equal(vector.sort().values, gradients.sort().values)


@pytest.mark.parametrize("bf16", [False, True])
def test_gradients_that_are_copies_are_seen(bf16, small, seed):
    """Where they are written out, and so into what each parameter's ``grad`` is."""
    for vector, gradients in vector_and_gradients(small, bf16, seed, into_copies):
        assert vector.norm() == 0
        assert gradients.norm() > 0


def concatenated(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def is_adams_first_step(trainer, before, after):
    """Of the learning rate, against the gradient's sign."""
    gradient, rate = trainer._loss.gradient, trainer.config.learning_rate
    moved = gradient.abs() > 1e-4  # Adam's epsilon is 1e-8
    assert moved.sum() > 100
    return torch.allclose(after[moved], (before - rate * gradient.sign())[moved], rtol=0, atol=1e-3 * rate)


def test_the_model_has_views_of_the_vector_that_adam_moves(dataset, small):
    trainer = Trainer(VariationalAutoencoder, replace(small, epochs=1), dataset)
    before = concatenated(trainer.model)
    trainer.run(should_stop=lambda: True)
    after = concatenated(trainer.model)
    assert torch.equal(after, trainer._parameters)
    assert is_adams_first_step(trainer, before, after)


def test_a_model_of_copies_stands_still_and_is_seen(dataset, small):
    trainer = Trainer(VariationalAutoencoder, replace(small, epochs=1), dataset)
    for parameter in trainer.model.parameters():
        parameter.data = parameter.data.clone()
    before = concatenated(trainer.model)
    trainer.run(should_stop=lambda: True)
    after = concatenated(trainer.model)
    assert torch.equal(after, before)
    assert not torch.equal(after, trainer._parameters)
    assert is_adams_first_step(trainer, before, trainer._parameters)


def ascends(parameters, gradients, *arguments, lr, **options):
    adam(parameters, gradients, *arguments, lr=lr, **{**options, "maximize": True})


def goes_down_the_gradient(parameters, gradients, *arguments, lr, **options):
    parameters[0].sub_(gradients[0], alpha=lr)


def goes_twice_as_far(parameters, gradients, *arguments, lr, **options):
    adam(parameters, gradients, *arguments, lr=2 * lr, **options)


@pytest.mark.parametrize("update", [ascends, goes_down_the_gradient, goes_twice_as_far])
def test_an_update_that_is_not_adams_is_seen(update, dataset, small, monkeypatch):
    monkeypatch.setattr(train_module, "adam", update)
    trainer = Trainer(VariationalAutoencoder, replace(small, epochs=1), dataset)
    before = concatenated(trainer.model)
    trainer.run(should_stop=lambda: True)
    after = concatenated(trainer.model)
    assert torch.equal(after, trainer._parameters)
    assert not is_adams_first_step(trainer, before, after)


def in_processes(world, tmp_path, **options):
    """Gradients by process; the processes are forked from one that has imported torch."""
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["vae_min.train"])
    queue = context.SimpleQueue()
    store = tmp_path / f"store-{world}-{len(options)}"
    processes = [
        context.Process(target=gradients, args=(rank, world, store, queue), kwargs=options) for rank in range(world)
    ]
    for process in processes:
        process.start()
    found = [queue.get() for _ in range(4 * world)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * world
    return [
        torch.tensor([g for r, g in found if r == rank][i], dtype=torch.float64)
        for rank in range(world)
        for i in range(4)
    ]


def test_two_processes_have_the_gradients_of_one(tmp_path):
    alone, together = in_processes(1, tmp_path), in_processes(2, tmp_path)
    for mine, reference in zip(together, alone * 2, strict=True):
        assert (mine - reference).norm() < 1e-13 * reference.norm()  # sums of seven terms in another order
    wrong = in_processes(2, tmp_path, wrong=True)  # means of shares of four and three images
    assert (wrong[0] - alone[0]).norm() > 1e-3 * alone[0].norm()
