"""Interfaces of networks that tests make."""

from edgeseg.model.interface import Centres, Decoder, DecoderKind, MapTensor, Meaning, float_interface

#: In the order in which networks that tell cells apart have them.
CELLS = (Meaning.FOREGROUND, Meaning.CENTRE, Meaning.OFFSET_Y, Meaning.OFFSET_X)


def maps_of(*meanings):
    """Maps of these meanings, in the channels of one tensor."""
    counted = [f"class {n}" if each is Meaning.CLASS else each.value for n, each in enumerate(meanings)]
    return tuple(
        MapTensor(name=counted[number], meaning=each, channel=number) for number, each in enumerate(meanings)
    )


def cells_interface(height, width, *, bump=5, reach=32, speck=0, channels=1):
    """Of a network that tells cells apart."""
    decoder = Decoder(kind=DecoderKind.CENTRES, centres=Centres(bump=bump, reach=reach, speck=speck))
    return float_interface(height, width, channels=channels, maps=maps_of(*CELLS), decoder=decoder)


def interface_of(network):
    """Of a network with one map, or with four."""
    maps = maps_of(*CELLS[: network.maps])
    return float_interface(network.input_size, network.input_size, channels=network.channels, maps=maps)
