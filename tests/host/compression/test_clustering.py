"""Few different values in each kernel: the codebook, and the file that holds no others."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgeseg.audit.audit import audit_model, judge
from edgeseg.errors import ConfigError
from edgeseg.host.export.export_options import ExportOptions
from edgeseg.model.fine_tuning import ClusteringOptions, FineTuning, PruningOptions, QatOptions
from edgeseg.model.recipe import PRUNED, PRUNED_CLUSTERED_INT8, PRUNED_INT8_PTQ, PRUNED_INT8_QAT, promised
from support.run_processes import copy_of

pytestmark = pytest.mark.host
clustering = pytest.importorskip("edgeseg.host.compression.clustering", reason="needs TensorFlow")
export = pytest.importorskip("edgeseg.host.export.export_run", reason="needs TensorFlow")
run_folder = pytest.importorskip("edgeseg.host.training.run_folder", reason="needs TensorFlow")

OPTIONS = ExportOptions(
    fine_tuning=FineTuning(
        pruning=PruningOptions(epochs=4, batch_size=3, learning_rate=2e-3, sparsity=0.6),
        clustering=ClusteringOptions(clusters=6, epochs=2, batch_size=3),
        qat=QatOptions(epochs=1),
    )
)
RECIPES = (PRUNED, PRUNED_INT8_PTQ, PRUNED_INT8_QAT, PRUNED_CLUSTERED_INT8)


@pytest.fixture(scope="module")
def exported(blob_run, blobs, tmp_path_factory):
    """All pruned variants of a copy of `blob_run`, which another module prunes by other settings."""
    folder = tmp_path_factory.mktemp("clustered")
    run = run_folder.open_run(copy_of(blob_run, folder / "run"))
    made = export.export_run(run, blobs, list(RECIPES), folder / "models", options=OPTIONS)
    return {artifact.variant: artifact for artifact in made}


def test_no_kernel_of_the_clustered_file_holds_more_values_than_asked_for(exported):
    audit = audit_model(exported["pruned-clustered-int8"].data, name="c")
    assert all(kernel.distinct <= 7 for kernel in audit.kernels)
    assert any(kernel.distinct == 7 for kernel in audit.kernels)
    plain = audit_model(exported["pruned-int8-ptq"].data, name="p")
    assert max(kernel.distinct for kernel in plain.kernels) > 20


def test_every_pruned_variant_keeps_the_zeros(exported):
    for artifact in exported.values():
        assert audit_model(artifact.data, name="p").sparsity >= 0.6
        assert judge(audit_model(artifact.data, name="p"), promised(artifact.sidecar.recipe)) == ()


def test_each_step_saves_bytes(exported):
    sizes = [
        exported[variant].packed_bytes for variant in ("pruned", "pruned-int8-ptq", "pruned-clustered-int8")
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert exported["pruned-int8-qat"].packed_bytes < sizes[0]


def test_the_clustered_network_still_segments(exported):
    for artifact in exported.values():
        assert artifact.sidecar.verification.dice_file > 0.8


def test_the_referee_compares_the_pruned_int8_files(exported):
    verdict = exported["pruned-int8-qat"].sidecar.referee
    assert verdict.ship in ("pruned-int8-qat", "pruned-int8-ptq")


def test_a_file_with_more_values_breaks_its_promise(exported):
    audit = audit_model(exported["pruned-int8-ptq"].data, name="p")
    (finding,) = judge(audit, replace(PRUNED_CLUSTERED_INT8, sparsity=0.6, clusters=6))
    assert finding.startswith("expected 6 different weights beside zero in each kernel, but not in CONV_2D")


def test_the_sidecar_says_how_many_clusters_a_file_has(exported):
    stated = exported["pruned-clustered-int8"].sidecar.recipe
    assert promised(stated) == replace(PRUNED_CLUSTERED_INT8, sparsity=0.6, clusters=6)


KERNELS = arrays.arrays(np.float32, (3, 2, 4), elements=st.floats(-4, 4, width=32))


@given(KERNELS, st.sampled_from([2, 4, 8, 16]))
def test_zeros_signs_and_the_largest_of_each_channel_stay(kernel, clusters):
    shared = clustering.share_values(kernel, channel_axis=2, clusters=clusters)
    tiny = np.abs(kernel) < 1e-30
    assert np.array_equal(np.sign(shared)[~tiny], np.sign(kernel)[~tiny])
    assert np.array_equal(shared[kernel == 0], kernel[kernel == 0])
    assert np.array_equal(np.abs(shared).max(axis=(0, 1)), np.abs(kernel).max(axis=(0, 1)))


@given(KERNELS, st.sampled_from([2, 4, 8]))
def test_all_channels_share_a_codebook_of_int8_values(kernel, clusters):
    shared = clustering.share_values(kernel, channel_axis=2, clusters=clusters).astype(np.float64)
    scale = np.abs(shared).max(axis=(0, 1))
    codes = 127 * shared[:, :, scale > 1e-30] / scale[scale > 1e-30]
    assert np.allclose(codes, np.round(codes), atol=1e-3)
    assert len(set(np.abs(np.round(codes)).ravel()) - {0.0}) <= clusters // 2


def test_the_codebook_is_k_means():
    units = np.array([0.1, 0.1, 0.12, 0.5, 0.52, 1.0, 0.9])
    assert (clustering.codebook(units, 3) * 127).round().tolist() == [14, 65, 127]


def test_fewer_different_weights_than_clusters_are_left_alone():
    kernel = np.array([[127, 0], [-64, 127], [32, -64]], np.float32) / 127
    assert np.allclose(clustering.share_values(kernel, channel_axis=1, clusters=16), kernel)


@pytest.mark.parametrize(
    ("clusters", "sentence"),
    [(7, "expected an even clustering.clusters, but got 7"), (256, "from 2 to 254, but got 256")],
)
def test_numbers_of_clusters_that_cannot_be_are_refused(clusters, sentence):
    with pytest.raises(ConfigError, match=sentence):
        ClusteringOptions(clusters=clusters)
