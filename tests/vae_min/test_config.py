import dataclasses

import pytest

from vae_min.config import EXERCISE, Config


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("latent_dim", 0, "latent_dim must be at least 1, got 0"),
        ("epochs", 0, "epochs must be at least 1"),
        ("batch_size", -3, "batch_size must be at least 1"),
        ("hidden_sizes", (5, 0), "hidden_sizes must be positive widths"),
        ("learning_rate", 0.0, "learning_rate must be positive and finite"),
        ("learning_rate", float("nan"), "learning_rate must be positive and finite"),
        ("learning_rate", float("inf"), "learning_rate must be positive and finite"),
        ("seed", -1, "seed must be in"),
        ("activation", "sign", "activation must be one of tanh, relu, got 'sign'"),
        ("binarisation", "static", "binarisation must be one of dynamic, threshold, none"),
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
