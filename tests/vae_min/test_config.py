import dataclasses
import json

import pytest

from vae_min.config import EXERCISE, PRESETS, Config, preset


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("latent_dim", 0, "latent_dim must be at least 1, got 0"),
        ("latent_dim", 2**31, "latent_dim must be below 2.31, got 2147483648"),
        ("epochs", 0, "epochs must be at least 1"),
        ("batch_size", -3, "batch_size must be at least 1"),
        ("hidden_sizes", (5, 0), "hidden_sizes must be positive widths"),
        ("hidden_sizes", (5, 2**31), "hidden_sizes must be positive widths below 2.31"),
        ("learning_rate", 0.0, "learning_rate must be positive and finite"),
        ("learning_rate", float("nan"), "learning_rate must be positive and finite"),
        ("learning_rate", float("inf"), "learning_rate must be positive and finite"),
        ("seed", -1, "seed must be in"),
        ("activation", "sign", "activation must be one of tanh, relu, got 'sign'"),
        ("binarisation", "static", "binarisation must be one of dynamic, threshold, none"),
        ("covariance", "banded", "covariance must be one of diagonal, full"),
        ("decoder", "linear", "decoder must be one of bernoulli, linear-normal"),
        ("objective", "vae", "objective must be one of elbo, sampled, stl, iwae"),
        ("num_importance_samples", 0, "num_importance_samples must be at least 1, got 0"),
        ("num_importance_samples", 5, "num_importance_samples must be 1 with elbo; the objective iwae takes more"),
        ("beta", -0.5, r"beta must be not negative and below 2\^127"),
        ("beta", float("inf"), r"beta must be not negative and below 2\^127"),
        ("beta", 1e308, r"beta must be not negative and below 2\^127"),
    ],
)
def test_a_value_out_of_range_is_named_in_one_line(name, value, message):
    with pytest.raises(ValueError, match=message) as caught:
        Config(**{name: value})
    assert "\n" not in str(caught.value)


def test_no_hidden_layer_is_a_model():
    assert Config(hidden_sizes=()).hidden_sizes == ()


def test_configurations_are_values():
    assert Config() == Config()
    with pytest.raises(dataclasses.FrozenInstanceError, match="seed"):
        Config().seed = 1


def test_the_presets_are_planes_with_an_analytic_decoder():
    assert set(EXERCISE) == {"digits", "mnist"}
    assert all(config.latent_dim == 2 and config.activation == "tanh" for config in EXERCISE.values())


def test_the_importance_weighted_bound_has_no_weight_of_its_kl():
    assert Config(objective="iwae", num_importance_samples=5).beta == 1
    with pytest.raises(ValueError, match="beta must be 1 with the objective iwae"):
        Config(objective="iwae", beta=0.5)


def test_the_presets_are_the_published_ones():
    example, burda = PRESETS["example"], PRESETS["burda"]
    assert (example.hidden_sizes, example.latent_dim, example.activation) == ((400,), 20, "relu")
    assert (burda.hidden_sizes, burda.latent_dim, burda.activation) == ((200, 200), 50, "tanh")
    assert PRESETS["exercise"].latent_dim == 2
    assert all(config.binarisation == "dynamic" for config in PRESETS.values())


def test_a_preset_can_be_changed_and_the_exercise_depends_on_the_data():
    assert preset("exercise", "digits") == EXERCISE["digits"] != preset("exercise", "mnist")
    assert preset("burda", "mnist", seed=3) == dataclasses.replace(PRESETS["burda"], seed=3)
    with pytest.raises(ValueError, match="latent_dim must be at least 1"):
        preset("example", "mnist", latent_dim=0)


@pytest.mark.parametrize(("name", "near"), [("burdo", "burda"), ("exmple", "example"), ("", "exercise|example|burda")])
def test_an_unknown_preset_is_answered_with_the_nearest(name, near):
    with pytest.raises(LookupError, match=f"no preset '{name}'; nearest: ({near});"):
        preset(name, "mnist")


def test_a_value_that_is_missing_is_named():
    values = dataclasses.asdict(Config())
    del values["seed"]
    with pytest.raises(ValueError, match=r"\['seed'\] missing or unknown"):
        Config.from_mapping(values)


@pytest.mark.parametrize("config", PRESETS.values())
def test_a_configuration_survives_json(config):
    assert Config.from_mapping(json.loads(json.dumps(dataclasses.asdict(config)))) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": "1"}, "seed must be of type int, got '1'"),
        ({"seed": True}, "seed must be of type int, got True"),
        ({"hidden_sizes": 3}, "hidden_sizes must be of type tuple"),
        ({"hidden_sizes": [3.0]}, "hidden_sizes must be integers"),
        ({"beta": 1}, "beta must be of type float"),
        ({"latent_dim": 0}, "latent_dim must be at least 1"),
        ({"layers": 2}, r"\['layers'\] missing or unknown"),
    ],
)
def test_values_of_another_type_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Config.from_mapping(dataclasses.asdict(Config()) | changes)
