"""The engine `ray`: the same tasks on the nodes of a Ray cluster (extra `cluster`).

Every node has edgeseg with its extras `train` and `cluster`, and sees the study's folder and the data set at
the same paths, or all use a `store`. A node that goes away takes its tasks along; Ray starts them on another
one, where they go on from their last checkpoint.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgeseg.errors import ConfigError, MissingDependencyError
from edgeseg.host.study.plan import Needs, StudyPlan
from edgeseg.host.study.process import Outcome, Question, Started, perform
from edgeseg.host.study.run import Engine
from edgeseg.host.study.store import Store, brought_back, perform_from_store
from edgeseg.host.study.tasks import Task, needs_of

#: How often Ray starts a task again whose node went away.
_RETRIES = 5

#: Seconds that the head node has to take a connection, and to answer.
_PATIENCE = 5.0

#: Ray's head node speaks gRPC, so HTTP/2 (RFC 9113): to a preface and an empty SETTINGS frame it answers with
#: a SETTINGS frame of its own.
_SETTINGS = b"\x04"
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0" + _SETTINGS + b"\0" + b"\0\0\0\0"


@contextlib.contextmanager
def ray_engine(address: str, plan: StudyPlan, store: Store | None = None) -> Iterator[Engine]:
    """Connect to a cluster.

    Args:
        address: `HOST:PORT` of the head node.
        plan: what its tasks need.
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

    def start(question: Question, task: Task) -> Started:
        needs = plan.needs[needs_of(task)]
        ready = remote.options(name=task.id, max_retries=_RETRIES, **_resources(needs))
        if store:
            store.push_data(Path(question.dataset), question.dataset_digest)
        reference = ready.remote(question, store.url) if store else ready.remote(question)
        started = Started(
            outcome=lambda: _outcome(ray, reference), end=lambda: ray.cancel(reference, force=True)
        )
        return brought_back(started, store, question) if store else started

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
        with socket.create_connection((host, int(port)), timeout=_PATIENCE) as connection:
            connection.sendall(_GREETING)
            answer = connection.recv(9)
    except OSError as error:
        raise ConfigError(
            f"expected a Ray cluster at {address}, but nobody answers there "
            f"({(error.strerror or str(error)).lower()}); `ray start --head` starts one"
        ) from None
    if answer[3:4] != _SETTINGS:
        raise ConfigError(
            f"expected a Ray cluster at {address}, but what answers there is none; name the port that `ray "
            "start --head` printed"
        )


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
        return Outcome(**ray.get(reference))
    except ray.exceptions.RayError as error:
        last = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        return Outcome(error=f"the cluster could not run it: {last}")
