"""The recommendation says what to do, and nothing where nothing is wrong."""

import re

from edgeseg.diagnosis.advice import recommend
from edgeseg.diagnosis.layer_error import LayerError
from edgeseg.model.sidecar import CellAgreement, Verification


def error(layer, *, entered, saturation=0.0):
    return LayerError(
        index=1, operator="CONV_2D", layer=layer, dtype="int8", sqnr_db=12.3, input_sqnr_db=30.1,
        entered=entered, cosine=0.97, saturation=saturation, float_cost_bytes=12345,
    )  # fmt: skip


def verification(agreement, *, dice=0.85, cells=None):
    return Verification(
        reference="f.tflite", split="val", images=3, agreement=agreement, dice_reference=0.86,
        dice_file=dice, worst=(), cells=cells,
    )  # fmt: skip


def test_good_masks_need_nothing_whatever_the_layers_look_like():
    text = recommend([error("a", entered=0.5, saturation=0.5)], verification(0.9995, dice=0.8595))
    assert text == (
        "Nothing to mend: masks agree with the float file on 99.95% of pixels, Dice 0.8595 against 0.8600."
    )


def test_a_dice_that_falls_is_not_excused_by_agreement():
    assert "Nothing to mend" not in recommend([error("a", entered=0.5)], verification(0.9995, dice=0.85))


def test_cells_that_differ_are_not_excused_by_agreement():
    for f1, good in ((0.995, True), (0.95, False)):
        cells = CellAgreement(reference=100, file=98, f1=f1)
        text = recommend([error("a", entered=0.5)], verification(0.9995, dice=0.86, cells=cells))
        assert f"against 0.8600, cells with an F1 of {f1:.3f}" in text
        assert text.startswith("Nothing to mend") == good


def test_saturation_asks_for_more_calibration_images():
    errors = [error("a", entered=0.1), error("b", entered=0.0, saturation=0.12)]
    text = recommend(errors, verification(0.98))
    assert "range of CONV_2D 'b' is too narrow: 12.0% of its values saturate" in text
    assert "Calibrate with more images" in text


def test_a_layer_that_stands_out_is_to_stay_in_float_with_its_price():
    text = recommend([error("net/x.y-z/Relu", entered=0.2), error("b", entered=0.01)], verification(0.98))
    assert "enters at CONV_2D 'net/x.y-z/Relu': SQNR falls from 30.1 to 12.3 dB there" in text
    assert "costs about 12,345 bytes" in text
    (pattern,) = re.findall(r"--keep-float '(.*?)'`", text)
    assert re.search(pattern, "net/x.y-z/Relu")
    assert not re.search(pattern, "net/xay-z/Relu")


def test_noise_that_comes_from_everywhere_is_not_blamed_on_one_layer():
    text = recommend([error(name, entered=0.1) for name in "abcd"], verification(0.98))
    assert text.startswith(
        "No layer stands out: the noise enters little by little, most of it at CONV_2D 'a'"
    )
    assert "--keep-float" not in text
