"""What is done to a trained network on its way into a file: one frozen recipe per variant."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Self

from edgeseg.errors import ConfigError, nearest
from edgeseg.model.fine_tuning import setting_names, source_name
from edgeseg.settings import check_choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a variant is made.

    Attributes:
        variant: its name on the command line and in file names.
        methods: of fine-tuning, one after the other, that make of the trained network what is converted;
            none: it is converted as it is.
        weights: type of the stored weights: `float32`, `float16` or `int8`.
        activations: type that the operators compute in: `float32` or `int8`.
        io: type of input and output tensors: `float32` or `int8`.
        calibrated: whether activation ranges come from images (post-training quantization).
        min_agreement: the least share of mask pixels, 0 to 1, on which the file must agree with the Keras
            model that it was made from; below it the export fails.
        summary: the trade-off, in a line.
        sparsity: the share of zeros, 0 to 1, that the kernels together must have at least; None where
            nothing was pruned.
        clusters: how many different values each kernel may hold, zero not counted; None for any number.
        float_layers: names of the output tensors of the operators that stay in float in an integer file,
            with a conversion before and behind each.
    """

    variant: str
    methods: tuple[str, ...] = ()
    weights: str
    activations: str
    io: str
    calibrated: bool
    min_agreement: float
    summary: str
    sparsity: float | None = None
    clusters: int | None = None
    float_layers: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The network that is converted: `base`, the trained one itself, or one like `pruned-qat`."""
        return source_name(self.methods)

    @property
    def full_integer(self) -> bool:
        """Whether the file may hold no float activation at all, but those of `float_layers`."""
        return self.activations == "int8"

    @property
    def packed(self) -> bool:
        """Whether the file is written compressed: before, the zeros of a pruned one are no fewer bytes."""
        return self.sparsity is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedRecipe:
    """The recipe of a file as its sidecar states it, attributes as of `Recipe`; all but the name may lack."""

    variant: str
    source: str | None = None
    weights: str | None = None
    activations: str | None = None
    io: str | None = None
    calibrated: bool | None = None
    min_agreement: float | None = None
    summary: str | None = None
    sparsity: float | None = None
    clusters: int | None = None
    float_layers: tuple[str, ...] = ()

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """What a sidecar states of a recipe."""
        return cls(**{each.name: getattr(recipe, each.name) for each in fields(cls)})


FLOAT32 = Recipe(
    variant="float32",
    weights="float32",
    activations="float32",
    io="float32",
    calibrated=False,
    min_agreement=0.9999,
    summary="the trained network unchanged: the reference",
)

FLOAT16 = replace(
    FLOAT32,
    variant="float16",
    weights="float16",
    min_agreement=0.999,
    summary="half the bytes; computes in float32, so no faster",
)

DYNAMIC_INT8 = replace(
    FLOAT32,
    variant="dynamic-int8",
    weights="int8",
    min_agreement=0.99,
    summary="a quarter of the bytes without calibration",
)

INT8_PTQ = Recipe(
    variant="int8-ptq",
    weights="int8",
    activations="int8",
    io="int8",
    calibrated=True,
    min_agreement=0.99,
    summary="integers throughout, ranges calibrated on training images",
)

INT8_QAT = Recipe(
    variant="int8-qat",
    methods=("qat",),
    weights="int8",
    activations="int8",
    io="int8",
    calibrated=False,
    min_agreement=0.999,
    summary="integers throughout, the network fine-tuned to live with the rounding",
)

INT8_MIXED = replace(
    INT8_PTQ,
    variant="int8-mixed",
    summary="integers, but for the layers that were named: they stay in float",
)

PRUNED = replace(
    FLOAT32,
    variant="pruned",
    methods=("pruning",),
    summary="a tenth of the weights, the rest zero: fewer bytes once compressed, no faster",
    sparsity=0.9,
)

PRUNED_INT8_PTQ = replace(
    INT8_PTQ,
    variant="pruned-int8-ptq",
    methods=("pruning",),
    summary="pruned, then integers throughout",
    sparsity=0.9,
)

PRUNED_INT8_QAT = replace(
    INT8_QAT,
    variant="pruned-int8-qat",
    methods=("pruning", "qat"),
    summary="pruned, then fine-tuned to live with the rounding",
    sparsity=0.9,
)

PRUNED_CLUSTERED_INT8 = replace(
    PRUNED_INT8_PTQ,
    variant="pruned-clustered-int8",
    methods=("pruning", "clustering"),
    summary="pruned, few different values in each kernel, integers throughout: the fewest bytes",
    clusters=8,
)

SLIM = replace(
    FLOAT32,
    variant="slim",
    methods=("slim",),
    summary="whole channels removed: a fifth of the multiply-accumulates, far fewer bytes",
)

SLIM_INT8_PTQ = replace(
    INT8_PTQ, variant="slim-int8-ptq", methods=("slim",), summary="slimmed, then integers throughout"
)

SLIM_INT8_QAT = replace(
    INT8_QAT,
    variant="slim-int8-qat",
    methods=("slim", "qat"),
    summary="slimmed, then fine-tuned to live with the rounding",
)

#: All variants by name, in the order in which they are made and shown.
RECIPES: Mapping[str, Recipe] = types.MappingProxyType(
    {
        each.variant: each
        for each in (
            FLOAT32,
            FLOAT16,
            DYNAMIC_INT8,
            INT8_PTQ,
            INT8_QAT,
            PRUNED,
            PRUNED_INT8_PTQ,
            PRUNED_INT8_QAT,
            PRUNED_CLUSTERED_INT8,
            SLIM,
            SLIM_INT8_PTQ,
            SLIM_INT8_QAT,
        )
    }
)

#: The variants that need no training of their own: a minute, and made unless others are named.
QUICK = tuple(each.variant for each in RECIPES.values() if not each.methods)

#: What `edgeseg quantize` makes of a float file; `int8-mixed` only where layers are named.
FROM_FILE: Mapping[str, Recipe] = types.MappingProxyType(
    {each.variant: each for each in (FLOAT16, DYNAMIC_INT8, INT8_PTQ, INT8_MIXED)}
)


def recipe(variant: str) -> Recipe:
    """The recipe of a variant; `ConfigError` names the nearest one where there is none."""
    if variant not in RECIPES:
        raise ConfigError(f"no variant '{variant}'; {nearest(variant, RECIPES)}")
    return RECIPES[variant]


def without_qat(recipe: Recipe) -> Recipe | None:
    """The integer variant of the same network that is had without quantization-aware fine-tuning.

    None where a recipe has no such fine-tuning.
    """
    if recipe.methods[-1:] != ("qat",):
        return None
    calibrated = (each for each in RECIPES.values() if each.calibrated)
    return next(each for each in calibrated if each.methods == recipe.methods[:-1])


def refuse_ignored(settings: Iterable[str], recipes: Iterable[Recipe]) -> None:
    """Refuse a fine-tuning setting that none of the recipes heeds.

    Args:
        settings: `qat.epochs`, or `qat.epochs=3`.
        recipes: that are asked for.

    Raises:
        ConfigError: such a setting, with the variants that would heed it; or there is no such setting.
    """
    heeded = {method for recipe in recipes for method in recipe.methods}
    for setting in settings:
        key = setting.partition("=")[0].strip()
        check_choice("setting", key, setting_names())
        method = key.partition(".")[0]
        if method not in heeded:
            fitting = ", ".join(each.variant for each in RECIPES.values() if method in each.methods)
            raise ConfigError(f"{key} changes nothing in the variants asked for; it is for {fitting}")


def promised(stated: StatedRecipe | None) -> Recipe | None:
    """What a file must keep whose sidecar states a recipe.

    Its name decides, as this version understands it; only sparsity, clusters and float layers are the
    file's own, since those are chosen when it is made. None where this version has no such variant.
    """
    known = {**RECIPES, **FROM_FILE}.get(stated.variant) if stated else None
    if stated is None or known is None:
        return None
    if known.sparsity is not None and stated.sparsity is not None:
        known = replace(known, sparsity=stated.sparsity)
    if known.clusters is not None and stated.clusters is not None:
        known = replace(known, clusters=stated.clusters)
    return replace(known, float_layers=stated.float_layers) if known == INT8_MIXED else known
