"""Training, epoch by epoch, so that a killed run loses at most the epoch it was in.

An epoch ends in this order: best model (if it is the best), history, checkpoint. The checkpoint counts:
what was written of an epoch without one is written again, and comes out the same.
"""

from __future__ import annotations

import contextlib
import errno
import math
import threading
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from edgeseg import files
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import TrainingError
from edgeseg.host.training import counts
from edgeseg.host.training.batch_norm import BATCHES
from edgeseg.host.training.keras import keras, tf
from edgeseg.host.training.optimizers import build_optimizer
from edgeseg.host.training.pipeline import TrainingImages, batches, epoch_dataset, steps_per_epoch
from edgeseg.host.training.record import VALIDATION, BestEpoch, Score
from edgeseg.host.training.run_folder import (
    Row,
    RunFolder,
    locked,
    read_history,
    read_record,
    update_record,
    write_history,
)
from edgeseg.host.training.targets import Targets
from edgeseg.host.training.tasks.registry import task_of
from edgeseg.host.training.trainee import Method, from_scratch
from edgeseg.interrupts import heard_interrupts
from edgeseg.metrics.pixels import ConfusionCounts
from edgeseg.progress import Progress, silent


def fit(
    run: RunFolder,
    dataset: SegmentationDataset,
    *,
    method: Method = from_scratch,
    progress: Progress = silent,
) -> list[Row]:
    """Train from the last checkpoint of `run`, or from the beginning, to the last epoch.

    Ctrl-C ends it after the step or the validation at hand, a second one at once.

    Args:
        run: where the configuration stands and the results go.
        dataset: must be the one that the run began with.
        method: makes what is trained.
        progress: told after every step, with the latest figures.

    Returns:
        The history, one row an epoch.

    Raises:
        TrainingError: the data set changed, or the loss became infinite or NaN.
        ConfigError: images and settings do not fit together.
        OutputError: another process trains in the folder.
    """
    if dataset.digest != run.dataset.digest:
        raise TrainingError(
            f"the data set {dataset.root} is not the one that {run.path} was started with "
            "(its digest differs); train into a new folder"
        )
    with locked(run), heard_interrupts() as heard:
        return Training(run, dataset, method, progress, heard=heard).run_all()


class Training:
    """The state of one run in this process."""

    def __init__(
        self,
        run: RunFolder,
        dataset: SegmentationDataset,
        method: Method,
        progress: Progress,
        *,
        heard: threading.Event | None = None,
    ) -> None:
        """Make or restore the model; arguments and errors as `fit`; `heard` is set by Ctrl-C."""
        self._heard = heard or threading.Event()
        self._run, self._progress = run, progress
        config = run.training
        self._task = task_of(run.interface)
        self._figure = self._task.figures[0]
        targets = Targets(run.interface)
        self.images = TrainingImages(dataset.split("train"), config.preprocessing, targets)
        self._val = TrainingImages(dataset.split("val"), config.preprocessing, targets)
        self.images.check_sizes(run.network, config)
        self._steps = steps_per_epoch(len(self.images), config)
        # Same seed, same machine, same result: without it, parallel sums differ from run to run.
        tf.config.experimental.enable_op_determinism()
        keras.utils.set_random_seed(config.seed)
        keras.mixed_precision.set_global_policy("mixed_float16" if config.mixed_precision else "float32")
        with _strategy().scope():
            self._trainee = method(run, self.images, self._steps)
            self.model = self._trainee.model
            self.model.compile(
                optimizer=build_optimizer(config, steps_per_epoch=self._steps),
                loss=self._trainee.loss,
                metrics=counts.mask_counts(run.interface),
                jit_compile=config.xla,
            )
        self._epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.model.optimizer.build(self.model.trainable_variables)
        state = tf.train.Checkpoint(model=self.model, optimizer=self.model.optimizer, epoch=self._epoch)
        _refuse_checkpoints_elsewhere(run.checkpoints)
        self._manager = tf.train.CheckpointManager(state, str(run.checkpoints), max_to_keep=2)
        if self._manager.latest_checkpoint:
            state.restore(self._manager.latest_checkpoint).assert_consumed()
        self._history = read_history(run)[: int(self._epoch)]
        self._start = -math.inf

    def run_all(self) -> list[Row]:
        """Train to the last epoch; as `fit`."""
        folder = self._run.path / "tensorboard"
        with _tensorflow_writing(folder):
            logs = tf.summary.create_file_writer(str(folder))
        if self._trainee.keep_start:
            known = read_record(self._run).start if self._history else None
            self._start = known.value if known else self._keep_start()
        for epoch in range(int(self._epoch), self._run.training.epochs):
            row = self._run_epoch(epoch)
            self._keep(row)
            if self._heard.is_set():
                raise KeyboardInterrupt
            with _tensorflow_writing(folder), logs.as_default(step=epoch + 1):
                for name in row:
                    tf.summary.scalar(name, row[name])
                logs.flush()
        update_record(self._run, finished=True)
        return self._history

    def _keep_start(self) -> float:
        """Keep the model as it is before the first step, and return how good it is."""
        self._progress(0, self._steps * self._run.training.epochs, "validating before the first step")
        judged = self._trainee.judge(self._val)
        score = Score(figure=self._figure, value=judged[self._figure])
        self._keep_model(0, score, judged, start=score)
        return score.value

    def _run_epoch(self, epoch: int) -> Row:
        start = time.monotonic()
        logs = self._train_epoch(epoch)
        again = islice(batches(self.images, self._run.training, epoch), BATCHES)
        self._trainee.settle(images for images, _ in again)
        train = ConfusionCounts(*(int(logs[name][-1]) for name in counts.NAMES))
        learned = self._trainee.judge(self._val)
        step = int(self.model.optimizer.iterations.numpy())
        return {
            "epoch": epoch + 1,
            "steps": step,
            "learning_rate": float(self.model.optimizer.learning_rate.numpy()),
            "seconds": time.monotonic() - start,
            "loss": float(logs["loss"][-1]),
            **train.to_dict(),
            **{f"{VALIDATION}{name}": value for name, value in learned.items()},
        }

    def _train_epoch(self, epoch: int) -> dict[str, list[float]]:
        """Run the steps of one epoch; the loss and the pixel counts of the training crops."""
        config = self._run.training
        examples = epoch_dataset(self.images, config, epoch, targets=self._trainee.targets)
        watch = _Watch(self._progress, epoch, self._steps, config.epochs, self._note(), heard=self._heard)
        try:
            fitted = self.model.fit(
                examples,
                steps_per_epoch=self._steps,
                # Callbacks that count epochs, and summaries, go on where they were.
                initial_epoch=epoch,
                epochs=epoch + 1,
                verbose=0,
                callbacks=[watch, *self._trainee.callbacks],
            )
        except tf.errors.ResourceExhaustedError as error:
            raise TrainingError(
                f"memory ran out in epoch {epoch + 1}; train with a smaller batch_size or crop_size, or "
                "on a smaller network"
            ) from error
        return dict(fitted.history)

    def _keep(self, row: Row) -> None:
        score = Score(figure=self._figure, value=self._score(row))
        # While nothing right is found, a network that has learnt longer is the better one.
        better = score.value > self._best() or score.value == self._best() == 0
        if row["steps"] >= self._trainee.keep_from and better:
            judged = {name: row[f"{VALIDATION}{name}"] for name in self._task.figures}
            self._keep_model(int(row["epoch"]), score, judged)
        self._history.append(row)
        write_history(self._run, self._history)
        self._epoch.assign(int(row["epoch"]))
        with _tensorflow_writing(self._run.checkpoints):
            self._manager.save()

    def _keep_model(self, epoch: int, score: Score, judged: Mapping[str, float], **changes: Any) -> None:
        self._trainee.save(self._run.best_model)
        interface = self._task.settle(self._run.interface, judged)
        update_record(self._run, best=BestEpoch(epoch=epoch, score=score), interface=interface, **changes)

    def _score(self, row: Row) -> float:
        return row[f"{VALIDATION}{self._figure}"]

    def _best(self) -> float:
        """How good what is kept is; minus infinity before there is anything."""
        candidates = (row for row in self._history if row["steps"] >= self._trainee.keep_from)
        return max([self._start, *map(self._score, candidates)])

    def _note(self) -> str:
        if not self._history:
            return ""
        last, best = self._history[-1], self._best()
        kept = f"  best {best:.3f}" if math.isfinite(best) else ""
        return f"loss {last['loss']:.3f}  val {self._figure.capitalize()} {self._score(last):.3f}{kept}"


class _Watch(keras.callbacks.Callback):
    """Reports each step, and stops at the first loss that is no number."""

    def __init__(
        self, progress: Progress, epoch: int, steps: int, epochs: int, note: str, *, heard: threading.Event
    ) -> None:
        super().__init__()
        self._heard = heard
        self._progress, self._line = progress, note
        self._epoch, self._steps, self._epochs = epoch, steps, epochs

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if self._heard.is_set():
            raise KeyboardInterrupt
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} at step {batch + 1} of epoch {self._epoch + 1}; try a lower "
                "learning_rate, another loss, or no mixed_precision (the last checkpoint is kept)"
            )
        done = self._epoch * self._steps + batch + 1
        note = f"epoch {self._epoch + 1}/{self._epochs}  {self._line}"
        self._progress(done, self._steps * self._epochs, note)


@contextlib.contextmanager
def _tensorflow_writing(path: Path) -> Iterator[None]:
    """Turn TensorFlow's own errors on writing below `path` into an `OutputError`."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise files.output_error(path, OSError(errno.ENOSPC, "")) from error
    except tf.errors.OpError as error:
        raise files.output_error(path, OSError(0, error.message)) from error


def _refuse_checkpoints_elsewhere(folder: Path) -> None:
    """The manager deletes the oldest of the files that the folder's own list names, wherever they lie."""
    listed = tf.train.get_checkpoint_state(str(folder))
    for path in listed.all_model_checkpoint_paths if listed else ():
        files.path_below(folder, str(Path(path).absolute()))


def _strategy() -> Any:
    """All GPUs where there are several, else the one device there is."""
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()
