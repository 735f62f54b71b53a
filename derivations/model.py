"""Random models of a claim: finite spaces with tables, R^J with normal densities, functions, and values of parameters.

A `Model` answers what a name stands for. It draws when it is asked, always the same for the same seed, and records
what it drew, so that a counterexample holds just what it needs. Values are generic: never 0 or 1, never symmetric.
"""

from derivations.random_density import Densities
from derivations.random_function import Functions
from derivations.random_space import Spaces
from derivations.vocabulary import Vocabulary


class Model(Spaces):
    """One model for the names of a vocabulary.

    Attributes
    ----------
    densities, functions
        On its spaces.
    """

    def __init__(self, vocabulary: Vocabulary, seed: str) -> None:
        super().__init__(vocabulary, seed)
        self.densities, self.functions = Densities(self), Functions(self)

    def add_finite(self, space: str, size: int, weighted: bool) -> None:
        """A finite space; densities are drawn anew."""
        super().add_finite(space, size, weighted)
        self.densities.forget()
