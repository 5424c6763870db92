"""Interfaces of networks that tests make."""

from edgeseg.model.interface import MapTensor, Meaning, float_interface

#: In the order in which networks that tell cells apart have them.
_MEANINGS = (Meaning.FOREGROUND, Meaning.CENTRE, Meaning.OFFSET_Y, Meaning.OFFSET_X)


def interface_of(network):
    """Of a network with one map, or with four."""
    maps = [
        MapTensor(name=each.value, meaning=each, channel=number)
        for number, each in enumerate(_MEANINGS[: network.maps])
    ]
    return float_interface(network.input_size, network.input_size, channels=network.channels, maps=maps)
