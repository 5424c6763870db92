"""Imports: masks come through unchanged, tiles are the pixels of the image, and everything is recorded."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg import files
from edgeseg.data.check import check_dataset
from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import read_image, read_mask, write_png
from edgeseg.data.importing.annotation import paint
from edgeseg.data.importing.formats import FORMATS
from edgeseg.data.importing.import_options import ImportOptions
from edgeseg.data.importing.importer import cut, import_dataset
from edgeseg.errors import ConfigError, DatasetError, OutputError


def labels_of(rng, height, width, count=6):
    """Ellipses that touch and overlap, each with its own number."""
    labels = np.zeros((height, width), np.uint16)
    for number in range(1, count + 1):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(3, 12)), int(rng.integers(3, 12)))
        cv2.ellipse(labels, centre, axes, int(rng.integers(180)), 0, 360, number, -1)
    return labels


def make_fields(count, height=80, width=100, dtype=np.uint8):
    """Stem -> (image, labels)."""
    rng = np.random.default_rng(5)
    highest = np.iinfo(dtype).max
    return {
        f"field{index}": (
            rng.integers(0, highest, (height, width), dtype, endpoint=True),
            labels_of(rng, height, width),
        )
        for index in range(count)
    }


def write_labels(root, fields, *, ending="", depth=np.uint16):
    for stem, (image, labels) in fields.items():
        write_png(root / "images" / f"{stem}.png", image)
        write_png(root / "labels" / f"{stem}{ending}.png", labels.astype(depth))


def write_pairs(root, fields, *, foreground=255):
    for stem, (image, labels) in fields.items():
        write_png(root / "images" / f"{stem}.png", image)
        write_png(root / "masks" / f"{stem}.png", (labels > 0).astype(np.uint8) * foreground)


def write_dsb2018(root, fields):
    for stem, (image, labels) in fields.items():
        bgra = np.dstack([image, image, image, np.full_like(image, 255)])
        write_png(root / stem / "images" / f"{stem}.png", bgra)
        (root / stem / "masks").mkdir()
        for number in np.unique(labels[labels > 0]):
            write_png(root / stem / "masks" / f"{number:03}.png", (labels == number).astype(np.uint8) * 255)


def same_cells(one, other):
    """Whether two label images show the same cells, whatever their numbers."""
    pairs = {(int(a), int(b)) for a, b in zip(one.ravel(), other.ravel(), strict=True)}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}) and (0, 0) in pairs


WRITERS = {"labels": write_labels, "paired": write_pairs, "dsb2018": write_dsb2018}


def run(tmp_path, **options):
    return import_dataset(tmp_path / "src", tmp_path / "out", ImportOptions(**options))


@pytest.mark.parametrize("kind", WRITERS)
def test_whole_images_come_through_pixel_by_pixel(tmp_path, kind):
    fields = make_fields(5)
    WRITERS[kind](tmp_path / "src", fields)
    run(tmp_path, format=kind, tile=0)
    samples = open_dataset(tmp_path / "out").samples
    assert [sample.stem for sample in samples] == sorted(fields)
    for sample in samples:
        image, truth = sample.read()
        np.testing.assert_array_equal(image, fields[sample.stem][0])
        np.testing.assert_array_equal(truth.mask, fields[sample.stem][1] > 0)


@pytest.mark.parametrize("kind", WRITERS)
def test_what_is_imported_passes_the_check(tmp_path, kind):
    WRITERS[kind](tmp_path / "src", make_fields(5))
    run(tmp_path, format=kind, tile=32)
    report = check_dataset(tmp_path / "out")
    assert report.errors == ()
    assert report.divided_by_file
    assert report.sizes == {"32x32": 5 * 2 * 3}


@pytest.mark.parametrize("ending", ["", "_label", "_labels", "_mask", "_cp_masks"])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_label_images_by_any_usual_name_and_depth(tmp_path, ending, depth):
    fields = make_fields(3)
    write_labels(tmp_path / "src", fields, ending=ending, depth=depth)
    manifest = run(tmp_path, format="labels", tile=0)
    for record, (stem, (_, labels)) in zip(manifest.images, sorted(fields.items()), strict=True):
        assert record.annotation == f"labels/{stem}{ending}.png"
        assert record.objects == len(np.unique(labels)) - 1
        np.testing.assert_array_equal(read_mask(tmp_path / "out" / "masks" / f"{stem}.png"), labels > 0)


@pytest.mark.parametrize("foreground", [1, 128, 255])
def test_pairs_with_any_foreground_value(tmp_path, foreground):
    fields = make_fields(3)
    write_pairs(tmp_path / "src", fields, foreground=foreground)
    run(tmp_path, format="paired", tile=0)
    mask = read_image(tmp_path / "out" / "masks" / "field0.png")
    np.testing.assert_array_equal(mask, np.where(fields["field0"][1] > 0, 255, 0))


def test_a_black_and_white_mask_in_colour_is_taken(tmp_path):
    fields = make_fields(1)
    write_pairs(tmp_path / "src", fields)
    mask = (fields["field0"][1] > 0).astype(np.uint8) * 255
    write_png(tmp_path / "src" / "masks" / "field0.png", np.dstack([mask] * 3))
    run(tmp_path, format="paired", tile=0)
    np.testing.assert_array_equal(read_image(tmp_path / "out" / "masks" / "field0.png"), mask)


class TestTiles:
    @given(st.integers(1, 300), st.integers(1, 300), st.integers(16, 128))
    def test_the_grid_is_whole_centred_and_without_overlap(self, height, width, tile):
        covered = np.zeros((height, width), int)
        stems = []
        for stem, region in cut("x", (height, width), tile):
            assert covered[region].shape == (tile, tile)
            covered[region] += 1
            stems.append(stem)
        assert covered.max() <= 1
        assert len(set(stems)) == len(stems) == (height // tile) * (width // tile)
        if stems:
            rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
            assert rows[0] - (height - 1 - rows[-1]) in (0, -1)
            assert columns[0] - (width - 1 - columns[-1]) in (0, -1)

    @pytest.mark.parametrize(
        ("shape", "stems"),
        [
            ((256, 256), ["x"]),
            ((360, 360), ["x"]),
            ((520, 696), ["x_r0c0", "x_r0c1", "x_r1c0", "x_r1c1"]),
            ((1024, 300), ["x_r0c0", "x_r1c0", "x_r2c0", "x_r3c0"]),
            ((255, 900), []),
        ],
    )
    def test_names_of_tiles(self, shape, stems):
        assert [stem for stem, _ in cut("x", shape, 256)] == stems

    def test_tiles_are_pixels_of_the_image(self, tmp_path):
        fields = make_fields(2)
        write_labels(tmp_path / "src", fields)
        manifest = run(tmp_path, format="labels", tile=32)
        image, labels = fields["field1"]
        tile = (slice(8 + 32, 8 + 64), slice(2 + 64, 2 + 96))  # (80 - 64) / 2 and (100 - 96) / 2 are cut off
        assert manifest.images[1].tiles[-1] == "field1_r1c2"
        np.testing.assert_array_equal(read_image(tmp_path / "out/images/field1_r1c2.png"), image[tile])
        np.testing.assert_array_equal(read_mask(tmp_path / "out/masks/field1_r1c2.png"), labels[tile] > 0)

    def test_small_images_are_skipped_and_listed(self, tmp_path):
        write_labels(tmp_path / "src", make_fields(3))
        write_labels(tmp_path / "src", {"small": make_fields(1, height=31)["field0"]})
        manifest = run(tmp_path, format="labels", tile=32)
        assert [image.file for image in manifest.skipped] == ["images/small.png"]
        assert manifest.notes == ("1 of 4 images skipped, smaller than 32x32: images/small.png",)
        assert check_dataset(tmp_path / "out").errors == ()

    def test_nothing_but_small_images_is_an_error(self, tmp_path):
        write_labels(tmp_path / "src", make_fields(3))
        with pytest.raises(
            DatasetError, match=r"every image of .* is smaller than 128x128; pass a smaller --tile"
        ):
            run(tmp_path, format="labels", tile=128)
        assert not (tmp_path / "out").exists()

    def test_two_images_that_make_one_tile_are_refused(self, tmp_path):
        fields = make_fields(1)
        fields["field0_r0c0"] = make_fields(1, height=32, width=32)["field0"]
        write_labels(tmp_path / "src", fields)
        with pytest.raises(DatasetError, match="both make the tile field0_r0c0; rename one"):
            run(tmp_path, format="labels", tile=32)


class TestLabels:
    @pytest.mark.parametrize("kind", ["labels", "dsb2018"])
    def test_cells_come_through_one_by_one(self, tmp_path, kind):
        fields = make_fields(3)
        WRITERS[kind](tmp_path / "src", fields)
        assert run(tmp_path, format=kind, tile=0).truth == "labels"
        for sample in open_dataset(tmp_path / "out").samples:
            _, truth = sample.read()
            _, labels = fields[sample.stem]
            assert truth.kind == "labels"
            assert same_cells(truth.labels, labels)

    @pytest.mark.parametrize("kind", ["labels", "dsb2018"])
    def test_masks_are_what_the_labels_cover(self, tmp_path, kind):
        WRITERS[kind](tmp_path / "src", make_fields(3))
        run(tmp_path, format=kind, tile=32)
        for path in (tmp_path / "out" / "labels").iterdir():
            mask = read_mask(tmp_path / "out" / "masks" / path.name)
            np.testing.assert_array_equal(read_image(path) > 0, mask)

    def test_each_tile_is_numbered_from_1_in_the_order_of_the_image(self, tmp_path):
        fields = make_fields(2)
        write_labels(
            tmp_path / "src", {stem: (image, labels * 900) for stem, (image, labels) in fields.items()}
        )
        run(tmp_path, format="labels", tile=32)
        path = tmp_path / "out" / "labels" / "field1_r1c2.png"
        whole = fields["field1"][1][8 + 32 : 8 + 64, 2 + 64 : 2 + 96]
        tile = read_image(path)
        assert tile.dtype == np.uint16
        assert same_cells(tile, whole)
        present = np.unique(whole[whole > 0])
        assert [int(tile[whole == number][0]) for number in present] == list(range(1, len(present) + 1))

    def test_numbers_of_more_than_16_bits_are_taken(self, tmp_path):
        image, labels = make_fields(1)["field0"]
        write_labels(tmp_path / "src", {"field0": (image, labels)})
        (tmp_path / "src" / "labels" / "field0.png").unlink()
        cv2.imwrite(str(tmp_path / "src" / "labels" / "field0.tif"), labels.astype(np.int32) * 1_000_003)
        run(tmp_path, format="labels", tile=0)
        assert same_cells(read_image(tmp_path / "out" / "labels" / "field0.png"), labels)

    def test_more_cells_than_16_bits_count_are_a_sentence(self, tmp_path):
        write_png(tmp_path / "src" / "images" / "a.png", np.zeros((257, 256), np.uint8))
        (tmp_path / "src" / "labels").mkdir()
        many = np.arange(257 * 256, dtype=np.int32).reshape(257, 256)
        cv2.imwrite(str(tmp_path / "src" / "labels" / "a.tif"), many)
        with pytest.raises(
            DatasetError,
            match=r"at most 65,535 cells in a tile, but one of .*a\.png has 65,791; pass a smaller",
        ):
            run(tmp_path, format="labels", tile=0)
        assert run(tmp_path, format="labels", tile=64).tiles == 16

    def test_label_images_of_one_number_are_masks(self, tmp_path):
        """As version 0.1 took them: cells told apart by their number must be."""
        fields = {stem: (image, (labels > 0) * 255) for stem, (image, labels) in make_fields(3).items()}
        write_labels(tmp_path / "src", fields, depth=np.uint8)
        manifest = run(tmp_path, format="labels", tile=32)
        assert manifest.truth == "masks"
        assert manifest.notes == ("no image has more than one cell: written as masks, without labels",)
        assert not (tmp_path / "out" / "labels").exists()
        assert check_dataset(tmp_path / "out").errors == ()

    def test_pairs_have_no_labels(self, tmp_path):
        write_pairs(tmp_path / "src", make_fields(3))
        manifest = run(tmp_path, format="paired", tile=32)
        assert (manifest.truth, manifest.to_dict()["labels"], manifest.notes) == ("masks", None, ())
        assert not (tmp_path / "out" / "labels").exists()

    def test_of_overlapping_nuclei_the_smaller_is_on_top(self, tmp_path):
        write_dsb2018(tmp_path / "src", make_fields(1))
        folder = tmp_path / "src" / "field0" / "masks"
        for path in folder.iterdir():
            path.unlink()
        for name, size in (("a", 40), ("b", 20)):
            mask = np.zeros((80, 100), np.uint8)
            mask[10 : 10 + size, 30 : 30 + size] = 255
            write_png(folder / f"{name}.png", mask)
        (record,) = run(tmp_path, format="dsb2018", tile=0).images
        labels = read_image(tmp_path / "out" / "labels" / "field0.png")
        assert (record.shared, (labels == 1).sum(), (labels == 2).sum()) == (400, 1200, 400)


@given(st.lists(st.sets(st.integers(0, 19), min_size=1), max_size=6), st.randoms())
def test_who_gets_a_pixel_does_not_depend_on_the_order(cells, random):
    """Unless two are equally large."""
    cells = list({len(cell): cell for cell in cells}.values())
    order = random.sample(range(len(cells)), len(cells))
    labels, shared = paint([np.array(sorted(cell)) for cell in cells], 20)
    others, again = paint([np.array(sorted(cells[each])) for each in order], 20)
    owners = [None, *range(len(cells))]
    assert [owners[number] for number in labels] == [None if not n else order[n - 1] for n in others]
    assert shared == again == sum(sum(pixel in cell for cell in cells) > 1 for pixel in range(20))
    assert {pixel for pixel in range(20) if labels[pixel]} == set().union(*cells)


class TestDepth:
    def test_tiles_of_a_16_bit_image_share_its_percentiles(self, tmp_path):
        image = np.linspace(1000, 9000, 64 * 128).astype(np.uint16).reshape(64, 128)
        write_labels(tmp_path / "src", {"ramp": (image, np.ones((64, 128), np.uint16))})
        (record,) = run(tmp_path, format="labels", tile=64).images
        low, high = np.percentile(image, (0.1, 99.9))
        assert record.grey_range == pytest.approx((low, high))
        assert record.depth == 16
        whole = np.hstack([read_image(tmp_path / f"out/images/ramp_r0c{column}.png") for column in (0, 1)])
        expected = np.clip((image - low) * 255 / (high - low), 0, 255)
        assert np.abs(whole - expected).max() <= 0.51

    def test_what_was_converted_is_said(self, tmp_path):
        write_dsb2018(tmp_path / "src", make_fields(2))
        write_dsb2018(tmp_path / "src", {"deep": make_fields(1, dtype=np.uint16)["field0"]})
        manifest = run(tmp_path, format="dsb2018", tile=32)
        assert manifest.notes == (
            "3 of 3 images in colour: converted to grey",
            "1 of 3 images of 16 bits: mapped to 8 by their own percentiles",
        )


class TestDivision:
    def rows(self, root):
        return {sample.stem: (sample.split, sample.source_image) for sample in open_dataset(root).samples}

    def test_tiles_of_an_image_stay_together(self, tmp_path):
        write_labels(tmp_path / "src", make_fields(10))
        manifest = run(tmp_path, format="labels", tile=32)
        assert len(self.rows(tmp_path / "out")) == 60
        assert {source for _, source in self.rows(tmp_path / "out").values()} == set(make_fields(10))
        assert len(set(self.rows(tmp_path / "out").values())) == 10
        assert {name: each["source_images"] for name, each in manifest.counts().items()} == {
            "train": 6,
            "val": 2,
            "test": 2,
        }

    def test_the_seed_decides(self, tmp_path):
        write_labels(tmp_path / "src", make_fields(10))
        for name, seed in (("a", 0), ("b", 0), ("c", 1)):
            options = ImportOptions(format="labels", tile=64, seed=seed)
            import_dataset(tmp_path / "src", tmp_path / name, options)
        assert self.rows(tmp_path / "a") == self.rows(tmp_path / "b") != self.rows(tmp_path / "c")

    @pytest.mark.parametrize("group", [r"^well\d", r"^(well\d)_t\d+$"])
    def test_a_group_keeps_the_frames_of_a_well_together(self, tmp_path, group):
        pictures = iter(make_fields(12).values())
        write_labels(tmp_path / "src", {f"well{w}_t{t}": next(pictures) for w in range(4) for t in range(3)})
        run(tmp_path, format="labels", tile=0, group=group)
        rows = self.rows(tmp_path / "out")
        assert {source for _, source in rows.values()} == {"well0", "well1", "well2", "well3"}
        assert len(set(rows.values())) == 4

    def test_a_group_must_fit_every_name(self, tmp_path):
        write_labels(tmp_path / "src", make_fields(1))
        with pytest.raises(ConfigError, match="finds nothing in the stem 'field0'"):
            run(tmp_path, format="labels", tile=0, group="well")

    def test_the_same_picture_twice_joins_its_sources(self, tmp_path):
        """Also the other frames of both wells: else they would look at each other across splits."""
        fields = list(make_fields(12).values())
        named = {f"well{index // 2}_t{index % 2}": field for index, field in enumerate(fields)}
        named["well5_t1"] = named["well0_t0"]
        write_labels(tmp_path / "src", named)
        manifest = run(tmp_path, format="labels", tile=64, group="well.")
        rows = self.rows(tmp_path / "out")
        assert rows["well5_t0"] == rows["well5_t1"] == rows["well0_t1"]
        assert [each.same_picture_as for each in manifest.images if each.same_picture_as] == [
            "images/well0_t0.png"
        ]
        assert check_dataset(tmp_path / "out").errors == ()

    def test_blank_images_join_nothing(self, tmp_path):
        blank = (np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint16))
        write_labels(tmp_path / "src", dict.fromkeys(("a", "b", "c"), blank))
        run(tmp_path, format="labels", tile=64)
        assert {source for _, source in self.rows(tmp_path / "out").values()} == {"a", "b", "c"}

    def test_a_paired_data_set_keeps_its_division(self, tmp_path):
        write_pairs(tmp_path / "src", make_fields(4))
        lines = "field0,test,plate1\nfield1,train,plate2\nfield2,val,plate3\n"
        (tmp_path / "src" / "splits.csv").write_text("stem,split,source_image\n" + lines)
        manifest = run(tmp_path, format="paired", tile=64)
        assert self.rows(tmp_path / "out") == {
            "field0": ("test", "plate1"),
            "field1": ("train", "plate2"),
            "field2": ("val", "plate3"),
        }
        assert [each.skipped for each in manifest.images] == ["", "", "", "left out of splits.csv"]
        for ignored in ({"seed": 1}, {"group": "."}):
            with pytest.raises(ConfigError, match="--seed and --group would be ignored"):
                import_dataset(
                    tmp_path / "src", tmp_path / "other", ImportOptions(format="paired", tile=64, **ignored)
                )


class TestManifest:
    def test_it_records_every_file_and_every_tile(self, tmp_path):
        write_labels(tmp_path / "src", make_fields(2))
        written = run(tmp_path, format="labels", tile=32)
        manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
        assert manifest == json.loads(files.json_text(written.to_dict()))
        first = manifest["images"][0]
        assert first["file"] == "images/field0.png"
        assert first["sha256"] == files.sha256(tmp_path / "src" / first["file"])
        assert first["annotation_sha256"] == files.sha256(tmp_path / "src" / first["annotation"])
        assert (first["width"], first["height"], first["depth"]) == (100, 80, 8)
        recorded = {tile for image in manifest["images"] for tile in image["tiles"]}
        assert recorded == {path.stem for path in (tmp_path / "out" / "masks").iterdir()}
        assert (manifest["format"], manifest["tile"], manifest["tiles"]) == ("labels", 32, 12)

    def test_many_mask_files_have_one_digest_that_tells_any_change(self, tmp_path):
        write_dsb2018(tmp_path / "src", make_fields(1))
        before = run(tmp_path, format="dsb2018", tile=0).images[0]
        assert before.annotation == "field0/masks"
        assert before.annotation_files == before.objects > 1
        mask = next((tmp_path / "src" / "field0" / "masks").iterdir())
        write_png(mask, np.zeros((80, 100), np.uint8))
        after = import_dataset(
            tmp_path / "src", tmp_path / "b", ImportOptions(format="dsb2018", tile=0)
        ).images[0]
        assert before.annotation_sha256 != after.annotation_sha256

    def test_the_same_import_gives_the_same_bytes(self, tmp_path):
        write_labels(tmp_path / "src", make_fields(3))
        for name in ("a", "b"):
            import_dataset(tmp_path / "src", tmp_path / name, ImportOptions(format="labels", tile=32))
        for path in (tmp_path / "a").rglob("*.*"):
            assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


class TestFolders:
    def test_images_and_masks_may_lie_anywhere(self, tmp_path):
        fields = make_fields(3)
        write_pairs(tmp_path / "elsewhere", fields)
        (tmp_path / "src").mkdir()
        images, masks = tmp_path / "elsewhere" / "images", tmp_path / "elsewhere" / "masks"
        run(tmp_path, format="paired", tile=32, images=images, masks=masks)
        assert check_dataset(tmp_path / "out").errors == ()

    def test_labels_in_masks_are_found(self, tmp_path):
        write_labels(tmp_path / "src", make_fields(3))
        (tmp_path / "src" / "labels").rename(tmp_path / "src" / "masks")
        assert run(tmp_path, format="labels", tile=32).tiles == 18

    def test_an_empty_masks_folder_is_an_empty_field(self, tmp_path):
        fields = make_fields(3)
        fields["empty"] = (fields["field0"][0][::-1].copy(), np.zeros((80, 100), np.uint16))
        write_dsb2018(tmp_path / "src", fields)
        manifest = run(tmp_path, format="dsb2018", tile=0)
        assert manifest.images[0].objects == 0
        assert not read_mask(tmp_path / "out" / "masks" / "empty.png").any()

    def test_force_replaces_an_import_and_nothing_else(self, tmp_path):
        write_labels(tmp_path / "src", make_fields(3))
        run(tmp_path, format="labels", tile=32)
        with pytest.raises(OutputError, match="exists already"):
            run(tmp_path, format="labels", tile=64)
        options = ImportOptions(format="labels", tile=64)
        assert import_dataset(tmp_path / "src", tmp_path / "out", options, force=True).tiles == 3
        with pytest.raises(OutputError, match=r"holds no manifest\.json"):
            import_dataset(tmp_path / "src", tmp_path / "src", options, force=True)


def spoil_image(root):
    data = (root / "images" / "field1.png").read_bytes()
    (root / "images" / "field1.png").write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("kind", "spoil", "sentence"),
    [
        ("labels", spoil_image, r"cannot decode .*images/field1\.png: the PNG file is truncated"),
        (
            "labels",
            lambda root: (root / "labels" / "field1.png").unlink(),
            r"expected a mask for .*field1\.png in .*labels, named field1, but there is none",
        ),
        (
            "labels",
            lambda root: write_png(root / "labels" / "field1_mask.png", np.zeros((4, 4), np.uint8)),
            r"expected one mask for .*field1\.png, but .*field1\.png and field1_mask\.png both fit",
        ),
        (
            "labels",
            lambda root: write_png(root / "labels" / "field1.png", np.zeros((4, 5), np.uint8)),
            r"a mask of the size of .*field1\.png, 100x80, but its annotation is 5x4",
        ),
        (
            "paired",
            lambda root: write_png(root / "masks" / "field1.png", make_fields(1)["field0"][0]),
            "a mask of two values, 0 and one other, in .* 256 from 0 to 255; for label images pass",
        ),
        (
            "dsb2018",
            lambda root: write_png(root / "field1" / "images" / "b.png", np.zeros((4, 4), np.uint8)),
            "expected one image in .*field1/images, but there are 2",
        ),
        (
            "dsb2018",
            lambda root: write_png(root / "field1" / "masks" / "x.png", np.zeros((4, 5), np.uint8)),
            r"expected masks of one size, 100x80, but .*x\.png is 5x4",
        ),
        (
            "dsb2018",
            lambda root: (root / "field1" / "masks").rename(root / "x"),
            "expected a folder of images at .*field1/masks",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(tmp_path, kind, spoil, sentence):
    WRITERS[kind](tmp_path / "src", make_fields(3))
    spoil(tmp_path / "src")
    with pytest.raises(DatasetError, match=sentence):
        run(tmp_path, format=kind, tile=32)
    assert [path.name for path in tmp_path.iterdir()] == ["src"]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_missing_source_is_a_sentence(tmp_path, kind):
    with pytest.raises(DatasetError, match=r"expected the folder to import at .*src, but there is none"):
        run(tmp_path, format=kind)


def test_images_and_masks_in_one_folder_are_refused(tmp_path):
    write_pairs(tmp_path / "src", make_fields(2))
    with pytest.raises(DatasetError, match="expected images and masks in two folders"):
        run(tmp_path, format="paired", masks=tmp_path / "src" / "images")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"format": "label"}, "no format 'label'; did you mean 'labels'"),
        ({"format": "labels", "tile": 15}, "tiles of 16 to 8192 pixels, or 0 for whole images, but got 15"),
        ({"format": "labels", "tile": -1}, "tiles of 16"),
        ({"format": "labels", "seed": -1}, "expected a seed from 0"),
        ({"format": "labels", "group": "("}, r"expected a regular expression as group, but got '\('"),
        ({"format": "labels", "annotations": "x"}, "the format labels takes no --annotations; leave it out"),
        ({"format": "dsb2018", "images": "x"}, "the format dsb2018 takes no --images; leave it out"),
        ({"format": "coco", "masks": "x"}, "the format coco takes no --masks; leave it out"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        ImportOptions(**options)
