"""The command line, the agreement of the witnesses, and the report."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vae_min.audit.spec import VAESpec as VAESpec

__all__ = ["VAESpec"]


def __getattr__(name: str) -> Any:
    if name != "VAESpec":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from vae_min.audit.spec import VAESpec  # it imports torch, which takes a second

    return VAESpec
