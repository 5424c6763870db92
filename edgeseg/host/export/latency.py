"""How long a network takes that has not been trained yet: what is timed is its shape."""

from __future__ import annotations

from functools import cache

from edgeseg.bench.ratio import time_ratio
from edgeseg.host.export.convert import convert
from edgeseg.host.training.build import build_network
from edgeseg.model.recipe import FLOAT32
from edgeseg.networks.network import Network


def latency_ratio(whole: Network, narrow: Network) -> float:
    """The time of one network's float32 file over another's, measured here on one thread.

    Args:
        whole: the network to compare with.
        narrow: the one that is asked for.
    """
    return time_ratio(_file(narrow), _file(whole))


@cache
def _file(network: Network) -> bytes:
    return convert(build_network(network, input_size=network.input_size, batch_size=1), FLOAT32)
