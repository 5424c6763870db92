"""A quantized file against the float file that it was made from: masks, and every layer on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgeseg.audit.audit import audit_model
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.diagnosis.advice import recommend
from edgeseg.diagnosis.layer_error import LayerError, Tally, summarize, tally
from edgeseg.diagnosis.matching import match_layers
from edgeseg.errors import ArtifactError
from edgeseg.model.artifact import Artifact
from edgeseg.model.audit_record import Audit
from edgeseg.model.flatbuffer import parse_model
from edgeseg.model.segmenter import Segmenter
from edgeseg.model.sidecar import Verification
from edgeseg.progress import Progress, silent
from edgeseg.records import to_data
from edgeseg.text import counted
from edgeseg.verification import draw_reference, verify

#: Enough for the ranks of the layers to settle: every image has tens of thousands of values a layer.
DEFAULT_COUNT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A quantized file against its float file.

    Attributes:
        verification: agreement of the masks, and the Dice of both.
        layers: the error of every layer, the worst first.
        recommendation: what to do about it, in a sentence.
    """

    verification: Verification
    layers: tuple[LayerError, ...]
    recommendation: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "verification": to_data(self.verification),
            "layers": [each.to_dict() for each in self.layers],
            "recommendation": self.recommendation,
        }


def compare(
    quantized: Artifact,
    reference: Artifact,
    dataset: SegmentationDataset,
    *,
    count: int = DEFAULT_COUNT,
    seed: int = 0,
    progress: Progress = silent,
) -> Comparison:
    """Run both files over validation images and compare masks and layers.

    The layers are computed with the built-in kernels, which keep every tensor in every runtime; the
    masks as on the device.

    Args:
        quantized: any quantized file of the network.
        reference: the float32 file of the network.
        dataset: its validation split is drawn from.
        count: images, at most.
        seed: draws them.
        progress: told after each image.

    Raises:
        ArtifactError: a file cannot be run, `reference` is itself quantized or `quantized` is not, or
            the two are not the same network.
        DatasetError: the validation split is empty, or an image cannot be read.
    """
    refuse_quantized(_audit(reference), wanted="to compare with")
    _refuse_float(_audit(quantized))
    names = (str(reference.path), str(quantized.path))
    graphs = [
        parse_model(each.data, name=str(each.path), names=each.names)[0] for each in (reference, quantized)
    ]
    layers = match_layers(*graphs, names=names)
    prepare = (quantized if quantized.sidecar else reference).preprocessing
    fast = Segmenter(reference)
    drawn = draw_reference(
        dataset,
        prepare,
        fast.invoke,
        interface=fast.interface,
        model=str(reference.path),
        size=fast.shape,
        count=count,
        seed=seed,
    )
    first, second = (
        Segmenter(each, runtime="litert-builtin", keep_activations=True) for each in (reference, quantized)
    )
    if first.shape != second.shape:
        raise ArtifactError(f"{names[0]} takes {first.shape} pixels, but {names[1]} takes {second.shape}")
    tensors = [graphs[1].tensors[each.counterpart] for each in layers]
    totals = [Tally() for _ in layers]
    for done, image in enumerate(drawn.images):
        progress(done, len(drawn.images), "comparing layers")
        first.invoke(image)
        second.invoke(image)
        for number, (layer, tensor) in enumerate(zip(layers, tensors, strict=True)):
            values = first.activation(layer.reference), second.activation(layer.counterpart)
            totals[number] += tally(*values, tensor)
    progress(len(drawn.images), len(drawn.images), "")
    errors = summarize(layers, totals, tensors)
    verification = verify(quantized.data, drawn, name=str(quantized.path))
    return Comparison(
        verification=verification, layers=errors, recommendation=recommend(errors, verification)
    )


def _audit(artifact: Artifact) -> Audit:
    return audit_model(artifact.data, name=str(artifact.path), names=artifact.names)


def refuse_quantized(audit: Audit, *, wanted: str) -> None:
    """Refuse a file that is not float32 throughout, or that the runtime cannot load.

    Args:
        audit: of the file.
        wanted: what it was named for, the end of `expected a float32 model`.

    Raises:
        ArtifactError: it holds quantized weights or activations.
    """
    _refuse_unloadable(audit)
    found = _quantized(audit)
    if found:
        raise ArtifactError(
            f"expected a float32 model {wanted}, but {audit.name} is already quantized ({found}); "
            "name the float32 file that it was made from"
        )


def _refuse_float(audit: Audit) -> None:
    _refuse_unloadable(audit)
    if not _quantized(audit):
        raise ArtifactError(
            f"expected a quantized model, but {audit.name} holds float32 weights and activations only, so "
            "there is no quantization error to find"
        )


def _refuse_unloadable(audit: Audit) -> None:
    if audit.delegation.runtime_problem:
        raise ArtifactError(audit.delegation.runtime_problem)


def _quantized(audit: Audit) -> str:
    """What is quantized in a file, as text: `12 int8 kernels, 19 int8 activations`, or nothing."""
    parts = [
        counted(count, f"{dtype} {noun}")
        for noun, types in (("kernel", audit.weight_dtypes), ("activation", audit.activations))
        for dtype, count in types.items()
        if dtype in ("int4", "int8", "uint8", "int16", "float16")
    ]
    return ", ".join(parts)
