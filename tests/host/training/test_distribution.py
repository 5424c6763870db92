"""Training on more than one device, here two logical CPUs of one processor."""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.host, pytest.mark.slow]
pytest.importorskip("tensorflow", reason="needs TensorFlow")

SCRIPT = """
import sys
from pathlib import Path

from edgeseg.networks.training import TrainingConfig
from edgeseg.networks.unet import UNetConfig
from edgeseg.data.dataset import open_dataset
from edgeseg.host.training import fit, run_folder
from edgeseg.host.training.keras import tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
fit._strategy = lambda: tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
dataset = open_dataset(Path(sys.argv[1]))
network = UNetConfig(base_filters=4, levels=3, input_size=64)
training = TrainingConfig(epochs=8, batch_size=4, crop_size=64, learning_rate=5e-3)
run = run_folder.create_run(Path(sys.argv[2]), network, training, dataset, force=False)
history = fit.fit(run, dataset)
assert fit.fit(run, dataset) == history  # restored from the checkpoint of two devices
print(len(history), max(row["val_dice"] for row in history))
"""


def test_training_on_two_devices_learns_and_is_restored(blobs, tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(blobs.root), str(tmp_path / "run")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stderr[-2000:]
    epochs, dice = result.stdout.split()
    assert int(epochs) == 8
    assert float(dice) > 0.8
