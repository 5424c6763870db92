"""What to do about quantization error, in a plain sentence."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from edgeseg.diagnosis.layer_error import LayerError
from edgeseg.model.sidecar import Verification

#: Masks that agree on this share of pixels, and a Dice that falls by no more than this, are as good as
#: the float file's: it is the target of the project's own int8 files.
GOOD_AGREEMENT = 0.999
GOOD_DICE_LOSS = 0.001

#: Likewise of the cells of a network that tells them apart, matched with the float file's.
GOOD_CELL_F1 = 0.99

#: More saturated values than this are a range that is too narrow, not a few outliers.
_SATURATED = 0.01

#: A layer stands out if it brings at least this share of all the noise that enters.
_STANDS_OUT = 0.5


def recommend(errors: Sequence[LayerError], verification: Verification) -> str:
    """What to do, in a sentence.

    Args:
        errors: of every layer, at least one.
        verification: of the quantized file against the float file.
    """
    loss = verification.dice_reference - verification.dice_file
    masks = (
        f"masks agree with the float file on {verification.agreement:.2%} of pixels, Dice "
        f"{verification.dice_file:.4f} against {verification.dice_reference:.4f}"
    )
    cells = verification.cells
    if cells:
        masks += f", cells with an F1 of {cells.f1:.3f}"
    alike = cells is None or cells.f1 >= GOOD_CELL_F1
    if verification.agreement >= GOOD_AGREEMENT and loss <= GOOD_DICE_LOSS and alike:
        return f"Nothing to mend: {masks}."
    clipped = max(errors, key=lambda each: each.saturation or 0)
    if (clipped.saturation or 0) > _SATURATED:
        return (
            f"The range of {clipped.operator} '{clipped.layer}' is too narrow: {clipped.saturation:.1%} of "
            f"its values saturate ({masks}). Calibrate with more images, or with images like these."
        )
    worst = max(errors, key=lambda each: each.entered)
    total = sum(each.entered for each in errors)
    if worst.entered < _STANDS_OUT * total:
        return (
            f"No layer stands out: the noise enters little by little, most of it at {worst.operator} "
            f"'{worst.layer}' ({worst.entered / total:.0%}); {masks}. If that is not enough, "
            "quantization-aware training (`edgeseg export --variant int8-qat`) mends what no single "
            "float layer can."
        )
    fall = "" if worst.input_sqnr_db is None else f" from {worst.input_sqnr_db:.1f}"
    return (
        f"Quantization noise enters at {worst.operator} '{worst.layer}': SQNR falls{fall} to "
        f"{worst.sqnr_db:.1f} dB there; {masks}. Keep it in float: `edgeseg quantize FLOAT.tflite "
        f"--keep-float {shlex.quote(_pattern(worst.layer))}` costs about {worst.float_cost_bytes:,} bytes."
    )


def _pattern(name: str) -> str:
    """A regular expression that fits this layer alone; the escapes that change nothing are left out."""
    return f"^{re.escape(name).replace(chr(92) + '-', '-')}$"
