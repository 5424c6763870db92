"""edgeseg: a cell-segmentation U-Net from training to a Raspberry Pi, with its costs measured."""

from edgeseg._version import __version__ as __version__
