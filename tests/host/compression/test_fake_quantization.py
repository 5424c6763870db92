"""Folded and rounded networks: the same function, the same scales as the converter's, the same file."""

from pathlib import Path

import numpy as np
import pytest

from edgeseg.audit.audit import audit_model, judge
from edgeseg.data.calibration import draw_calibration
from edgeseg.model.artifact import Artifact
from edgeseg.model.encoding import to_real
from edgeseg.model.flatbuffer import parse_model
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.model.recipe import INT8_PTQ, INT8_QAT
from edgeseg.model.segmenter import Segmenter
from edgeseg.networks.pocket import PocketConfig
from edgeseg.networks.unet import UNetConfig
from support.interfaces import interface_of

pytestmark = pytest.mark.host
folding = pytest.importorskip("edgeseg.host.compression.folding", reason="needs TensorFlow")
rounding = pytest.importorskip("edgeseg.host.compression.fake_quantization", reason="needs TensorFlow")
build = pytest.importorskip("edgeseg.host.training.build", reason="needs TensorFlow")
convert = pytest.importorskip("edgeseg.host.export.convert", reason="needs TensorFlow")

NETWORKS = {
    "transpose": UNetConfig(base_filters=4, levels=3, input_size=64),
    "bilinear": UNetConfig(base_filters=4, levels=3, input_size=64, decoder="bilinear"),
    "pocket": PocketConfig(filters=(8, 12), blocks=(1, 2), input_size=64),
    "pocket, colour, 4 maps": PocketConfig(
        stem=2, filters=(8, 12), blocks=(2, 1), input_size=64, channels=3, maps=4
    ),
}


def settled_network(config, seed=0):
    """A network whose BatchNorm statistics, scales and shifts are not the ones it was born with."""
    from edgeseg.host.training.keras import keras

    keras.utils.set_random_seed(seed)
    model = build.build_network(config)
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # gamma, beta, mean, variance
            gamma, *rest = layer.get_weights()
            drawn = [rng.normal(0.0, 0.2, gamma.shape) for _ in rest[:2]]
            layer.set_weights([rng.uniform(0.5, 2, gamma.shape), *drawn, rng.uniform(0.5, 2, gamma.shape)])
    return model


@pytest.fixture(scope="module")
def images(blobs):
    return draw_calibration(blobs, Preprocessing(), size=64, count=12).images


@pytest.fixture(scope="module", params=NETWORKS)
def made(request, images):
    """One network of each kind: as it was, folded, its ranges, and as int8 files both ways."""
    config = NETWORKS[request.param]
    images = images_for(config, images)
    model = settled_network(config)
    folded = folding.fold_batch_norm(model, config)
    ranges = rounding.measure_ranges(folded, config, images)
    frozen = rounding.freeze(folded, config, ranges)
    return {
        "transposed": request.param != "bilinear",
        "images": images,
        "network": config,
        "model": model,
        "folded": folded,
        "ranges": ranges,
        "frozen": frozen,
        "qat": convert.convert(frozen, INT8_QAT),
        "ptq": convert.convert(build.rebuild_for_export(model, config), INT8_PTQ, images),
    }


def images_for(config, images):
    """Grey, or with other brightness in each channel."""
    return images if config.channels == 1 else np.stack([images, images // 2, 255 - images], axis=-1)


def as_batch(images):
    scaled = (images / np.float32(255)).astype(np.float32)
    return scaled if scaled.ndim == 4 else scaled[..., None]


def test_folding_changes_no_output(made):
    before, after = (
        made[name](as_batch(made["images"]), training=False).numpy() for name in ("model", "folded")
    )
    assert np.allclose(before, after, atol=1e-5)


def test_folding_leaves_no_batch_norm(made):
    kinds = {type(layer).__name__ for layer in made["folded"].layers}
    assert not kinds & {"BatchNormalization", "ReLU"}


def test_the_file_is_what_the_recipe_promises(made):
    """Integers throughout, one scale a channel in every convolution, one partition, a batch of 1."""
    assert judge(audit_model(made["qat"], name="qat"), INT8_QAT) == ()


def test_the_file_has_the_operators_of_the_calibrated_one(made):
    qat, ptq = (audit_model(made[kind], name=kind) for kind in ("qat", "ptq"))
    assert qat.operators == ptq.operators
    assert qat.quantize_operators <= ptq.quantize_operators


def test_every_convolution_transposed_ones_too_has_a_weight_scale_for_each_channel(made):
    kernels = [k for k in audit_model(made["qat"], name="qat").kernels if "CONV" in k.operator]
    assert [kernel.scales for kernel in kernels] == [kernel.shape[0] for kernel in kernels]
    assert any(kernel.operator == "TRANSPOSE_CONV" for kernel in kernels) == made["transposed"]


def test_what_meets_in_a_concatenation_has_one_scale(made):
    (graph,) = parse_model(made["qat"], name="qat")
    for operator in graph.operators:
        if operator.name == "CONCATENATION":
            tensors = [graph.tensors[number] for number in (*operator.inputs, *operator.outputs)]
            assert len({(tensor.scales, tensor.zero_points) for tensor in tensors}) == 1


def output_scales(data):
    (graph,) = parse_model(data, name="model")
    return [(each.name, graph.tensors[each.outputs[0]].scales[0]) for each in graph.operators]


def test_before_any_step_the_scales_are_those_of_calibration(made):
    """Operator by operator to within 2 %, not 12/255, where tfmot begins."""
    for (kind, qat), (same, ptq) in zip(output_scales(made["qat"]), output_scales(made["ptq"]), strict=True):
        assert kind == same
        assert qat == pytest.approx(ptq, rel=0.02)


def test_input_and_output_scales_are_those_that_the_runtime_expects(made):
    audit = audit_model(made["qat"], name="qat")
    (first,), (last,) = audit.inputs, audit.outputs
    assert (first.scale, first.zero_point) == (pytest.approx(1 / 255, rel=1e-6), -128)
    assert (last.scale, last.zero_point) == (1 / 256, -128)


def test_the_file_computes_what_the_rounded_network_computes(made):
    """Fresh weights put many pixels near the threshold; outputs may differ by a few 1/256."""
    interface = interface_of(made["network"])
    segmenter = Segmenter(Artifact(path=Path("qat"), data=made["qat"], interface=interface))
    for image in made["images"][:4]:
        maps = zip(segmenter.invoke(image), segmenter.interface.maps, strict=True)
        file = np.stack([to_real(values, each.quantization) for values, each in maps], axis=-1)
        model = made["frozen"](as_batch(image[None]), training=False).numpy()[0]
        assert np.mean(np.abs(file - model) <= 1.5 / 256) > 0.98


def test_training_sees_what_is_converted(made):
    """The trainable network and the frozen one differ in the rounding of biases alone."""
    trainable = rounding.fake_quantize(made["folded"], made["network"], made["ranges"])
    outputs = [
        model(as_batch(made["images"][:1]), training=False).numpy() for model in (trainable, made["frozen"])
    ]
    assert np.abs(outputs[0] - outputs[1]).mean() < 0.01
    assert len({id(layer) for layer in trainable.layers}) == len(trainable.layers)


def test_weights_go_out_and_come_back(made):
    trainable = rounding.fake_quantize(made["folded"], made["network"], made["ranges"])
    for variable in trainable.trainable_variables:
        variable.assign_add(np.full(variable.shape, 0.5, np.float32))
    before = made["folded"].get_weights()
    try:
        rounding.copy_weights(trainable, made["folded"])
        for old, new in zip(before, made["folded"].get_weights(), strict=True):
            assert np.allclose(new, old + 0.5, atol=1e-5)
    finally:
        made["folded"].set_weights(before)


@pytest.mark.parametrize("transposed", [False, True])
def test_kernels_are_rounded_to_255_steps_a_channel(transposed):
    kernel = np.random.default_rng(0).normal(size=(3, 3, 5, 7)).astype(np.float32)
    rounded, steps = (each.numpy() for each in rounding.round_kernel(kernel, transposed=transposed))
    assert steps.size == (5 if transposed else 7)
    codes = rounded / steps
    assert np.allclose(codes, np.rint(codes), atol=1e-4)
    assert np.abs(codes).max() == pytest.approx(127)
    assert np.abs(rounded - kernel).max() <= steps.max() / 2 + 1e-6


def test_a_channel_of_zeros_stays_zero():
    rounded, _ = rounding.round_kernel(np.zeros((3, 3, 2, 4), np.float32), transposed=False)
    assert not rounded.numpy().any()


def test_zeros_of_a_pruned_network_stay_zero_in_training(images):
    from edgeseg.host.training.keras import keras

    config = NETWORKS["transpose"]
    model = settled_network(config)
    kernel = model.get_layer("merge0a_conv").kernel
    kept = np.random.default_rng(0).random(kernel.shape) < 0.1
    kernel.assign(kernel.numpy() * kept)
    folded = folding.fold_batch_norm(model, config)
    trainable = rounding.fake_quantize(folded, config, rounding.measure_ranges(folded, config, images))
    trainable.compile(optimizer=keras.optimizers.Adam(1e-2), loss="mse")
    trainable.fit(as_batch(images), np.ones((12, 64, 64, 1), np.float32), epochs=2, verbose=0)
    before = folded.get_layer("merge0a_conv").get_weights()[0]
    rounding.copy_weights(trainable, folded)
    after = folded.get_layer("merge0a_conv").get_weights()[0]
    assert np.array_equal(after != 0, kept)
    assert not np.allclose(before, after)
