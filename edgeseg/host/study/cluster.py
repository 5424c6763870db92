"""The engine `ray`: the same tasks on the nodes of a Ray cluster (extra `cluster`).

Every node has edgeseg with its extras `train` and `cluster`, and sees the study's folder and the data set at
the same paths, or all use a `store`. A node that goes away takes its tasks along; Ray starts them on another
one, where they go on from their last checkpoint.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping
from typing import Any

from edgeseg.errors import ConfigError, MissingDependencyError
from edgeseg.host.study.folder import StudyFolder
from edgeseg.host.study.plan import Needs
from edgeseg.host.study.process import Assignment, Outcome, RunningTask, perform
from edgeseg.host.study.scheduler import Engine
from edgeseg.host.study.store import Store
from edgeseg.host.study.stored_task import brought_back, perform_from_store, provide
from edgeseg.host.study.tasks import Task

#: How often Ray starts a task again whose node went away.
_RETRIES = 5

#: Seconds that the head node has to take a connection, and to answer.
PATIENCE = 5.0


@contextlib.contextmanager
def ray_engine(address: str, needs: Mapping[str, Needs], store: Store | None = None) -> Iterator[Engine]:
    """Connect to a cluster.

    Args:
        address: `HOST:PORT` of the head node.
        needs: by kind of task, as in `StudyPlan`.
        store: where nodes that share no folder with this machine get and put files.

    Yields:
        The engine. Ray decides where a task runs and when; those that find no room wait.

    Raises:
        ConfigError: the address is none, does not answer, or is no Ray cluster of the same version.
        MissingDependencyError: Ray is not installed here.
    """
    ray = _ray()
    _refuse_silent(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ConfigError(f"expected a Ray cluster at {address}, but connecting failed: {first}") from error
    remote = ray.remote(perform_from_store if store else perform)

    def start(assignment: Assignment, task: Task) -> RunningTask:
        ready = remote.options(name=task.id, max_retries=_RETRIES, **_resources(needs[task.kind]))
        if store:
            provide(store, assignment)
        reference = ready.remote(assignment, store.url) if store else ready.remote(assignment)
        running = RunningTask(
            poll=lambda: _outcome(ray, reference), stop=lambda: ray.cancel(reference, force=True)
        )
        folder = StudyFolder(path=assignment.folder)
        return brought_back(running, store, task, folder) if store else running

    try:
        yield start
    finally:
        ray.shutdown()


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingDependencyError(
            f"the engine ray needs Ray: install it with `pip install 'edgeseg[cluster]'` ({error})"
        ) from error
    return ray


def _refuse_silent(address: str) -> None:
    """Knock first: Ray itself goes on for many minutes where nobody opens, or somebody else does."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or "/" in host or not 0 < int(port) < 65536:
        raise ConfigError(f"expected --address as HOST:PORT of Ray's head node, but got '{address}'")
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except OSError as error:
        raise ConfigError(
            f"expected a Ray cluster at {address}, but nobody answers there "
            f"({(error.strerror or str(error)).lower()}); `ray start --head` starts one"
        ) from None
    import grpc  # the protocol of Ray's head node

    try:
        # As Ray does it: a proxy leads out of the network of a cluster, not into it.
        with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
            grpc.channel_ready_future(channel).result(timeout=PATIENCE)
    except grpc.FutureTimeoutError:
        raise ConfigError(
            f"expected a Ray cluster at {address}, but what answers there is none; name the port that `ray "
            "start --head` printed"
        ) from None


def _resources(needs: Needs) -> dict[str, Any]:
    return {
        "num_cpus": needs.cpus,
        "num_gpus": needs.gpus,
        "memory": int(needs.memory_gb * 10**9),
    }


def _outcome(ray: Any, reference: Any) -> Outcome | None:
    ready, _ = ray.wait([reference], timeout=0)
    if not ready:
        return None
    try:
        outcome: Outcome = ray.get(reference)
    except ray.exceptions.RayError as error:
        last = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        return Outcome(error=f"the cluster could not run it: {last}")
    return outcome
