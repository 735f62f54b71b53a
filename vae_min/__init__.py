"""A compact autoencoder and variational autoencoder whose trained networks obey the identities.

Layers: `config` < `data`, `distribution` < `model` < `objective` < `train`; `plane` and `evaluate` check a
trained network and are the only modules that import `numerics`; `figure` draws.
"""
