"""Symbolic proofs: SymPy scripts state and search, the kernel of `derivations.kernel` alone proves."""
