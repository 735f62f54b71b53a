"""A compact autoencoder and variational autoencoder whose trained networks obey the identities.

Layers: `config` < `data`, `distribution` < `model` < `objective` < `gradient` < `train`; `evaluate` checks a trained
network, `vae_min.audit` that of someone else; they alone import `numerics`.
"""
