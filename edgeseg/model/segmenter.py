"""A model file, ready to segment tiles."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.model.artifact import Artifact
from edgeseg.model.encoding import Encoder, Image, Maps, Mask, MaskDecoder, split_maps
from edgeseg.model.interface import Interface
from edgeseg.model.runtimes.registry import make_interpreter


class Segmenter:
    """One model, ready to segment tiles of its own input size.

    A tile is `(H, W)` uint8, or `(H, W, C)` where the network takes several channels, of this `shape`, after
    `preprocessing.apply`.

    Attributes:
        interface: what goes in and what comes out.
        shape: `(height, width)` of the tiles it takes, pixels.
    """

    def __init__(
        self,
        artifact: Artifact,
        *,
        threads: int = 1,
        runtime: str | None = None,
        keep_activations: bool = False,
    ) -> None:
        """Load the model.

        Args:
            artifact: the model.
            threads: as of `make_interpreter`.
            runtime: likewise.
            keep_activations: likewise.

        Raises:
            ArtifactError: the runtime refuses the file, or it is not a network from an image to maps.
            MissingDependencyError: as of `make_interpreter`.
            ConfigError: likewise.
        """
        self._interpreter = make_interpreter(
            artifact.data,
            name=str(artifact.path),
            threads=threads,
            runtime=runtime,
            keep_activations=keep_activations,
        )
        self.interface: Interface = artifact.fit_interface(
            self._interpreter.inputs, self._interpreter.outputs
        )
        self.shape: tuple[int, int] = self.interface.size
        self._encode = Encoder(self.interface.input)
        self._decode = MaskDecoder(self.interface)
        self._outputs = range(len(self._interpreter.outputs))
        one = len(self.interface.maps) == len(self._interpreter.outputs) == 1
        self._alone = self.interface.maps[0].channel if one else None

    def invoke(self, tile: Image) -> Maps:
        """Run the network on one tile.

        Returns:
            The maps in the order of the interface, fresh arrays of `(H, W)` in the types of their tensors;
            `encoding.to_real` makes real values of them.
        """
        self.load(tile)
        self.run()
        return self.output()

    def load(self, tile: Image) -> None:
        """The first third of `invoke`: convert a prepared tile and hand it to the runtime."""
        self._interpreter.load(self._encode(tile))

    def run(self) -> None:
        """The second third of `invoke`: the network alone, on the tile loaded last."""
        self._interpreter.run()

    def output(self) -> Maps:
        """The last third of `invoke`: fresh copies of the maps."""
        if self._alone is not None:  # a small network answers in the time that more than this takes
            return (self._interpreter.output(0)[0, :, :, self._alone],)
        return split_maps([self._interpreter.output(number) for number in self._outputs], self.interface)

    def decode(self, maps: Maps) -> Mask:
        """The mask of maps from `invoke`, `(H, W)` bool; see `encoding.MaskDecoder`."""
        return self._decode.mask(maps)

    def activation(self, number: int) -> npt.NDArray[Any]:
        """A copy of a tensor as the last run left it, by its number in the file's first graph.

        With `keep_activations` only.
        """
        return self._interpreter.activation(number)

    def mask(self, tile: Image) -> Mask:
        """The mask of one tile, `(H, W)` bool: where there is foreground."""
        return self._decode.mask(self.invoke(tile))

    def probability(self, tile: Image) -> npt.NDArray[np.float32]:
        """The foreground probability of one tile, `(H, W)` float32 from 0 to 1."""
        return self._decode.probability(self.invoke(tile))
