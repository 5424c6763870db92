"""Make touching_*.tflite beside this script: a small network that has learnt to tell touching discs apart.

Needs TensorFlow; the files are kept, so that the tests need none. Run it with PYTHONPATH=.:tests.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from edgeseg.host.export.export_run import export_run
from edgeseg.host.training.fit import fit
from edgeseg.host.training.run_folder import create_run
from edgeseg.host.training.tasks.cells import CELLS
from edgeseg.host.training.tasks.registry import fit_network
from edgeseg.model.interface import Centres
from edgeseg.model.recipe import RECIPES
from edgeseg.networks.training import TrainingConfig
from edgeseg.networks.unet import UNetConfig
from support.blob_images import write_touching

HERE = Path(__file__).parent

with tempfile.TemporaryDirectory() as made:
    dataset = write_touching(Path(made) / "touching", count=160, pairs=2)
    network, interface = fit_network(UNetConfig(base_filters=4, levels=3, input_size=64), CELLS, dataset)
    # Wide bumps are learnt in few steps; `support.network_files` states the same.
    interface = replace(interface, decoder=replace(interface.decoder, centres=Centres(bump=4, reach=32)))
    training = TrainingConfig(optimizer="adam", epochs=30, batch_size=4, crop_size=64, learning_rate=2e-2)
    run = create_run(Path(made) / "run", network, training, dataset, force=False, interface=interface)
    fit(run, dataset)
    for kind, variant in (("float32", "float32"), ("int8", "int8-ptq")):
        (file,) = export_run(run, dataset, [RECIPES[variant]], Path(made) / kind)
        (HERE / f"touching_{kind}.tflite").write_bytes(file.data)
