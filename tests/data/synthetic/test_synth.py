"""The synthetic data set: repeatable, well-formed, and hard enough to be worth segmenting."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import read_mask
from edgeseg.data.label_facts import LabelFacts, label_facts
from edgeseg.data.synthetic import optics, specimen
from edgeseg.data.synthetic.synth import GENERATOR, synthesize, synthesize_cells, write_dataset
from edgeseg.errors import ConfigError, OutputError
from edgeseg.metrics import pixels
from support.command import edgeseg

DIGEST = """
import cv2, hashlib, sys
from edgeseg.data.synthetic.synth import synthesize
cv2.setNumThreads(int(sys.argv[1]))
whole = hashlib.sha256()
for index in map(int, sys.argv[2:]):
    for array in synthesize(index):
        whole.update(array.tobytes())
print(whole.hexdigest())
"""


#: Mean grey value and share of cells in the quarters of image 8 of seed 0, generator version 1.
GREY = [[105, 108], [115, 118]]
SHARES = [[0.4257, 0.4083], [0.5397, 0.4166]]


@pytest.fixture(scope="module")
def sample():
    """Sixty images with masks."""
    return [synthesize(index) for index in range(60)]


class TestRepeatable:
    def test_same_bits_in_other_processes_with_other_threads(self, sample):
        whole = hashlib.sha256()
        for index in (0, 8, 13):
            for array in sample[index]:
                whole.update(array.tobytes())
        for threads in ("1", "4"):
            command = [sys.executable, "-c", DIGEST, threads, "0", "8", "13"]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            assert done.stdout.strip() == whole.hexdigest()

    def test_independent_of_what_was_made_before(self, sample):
        np.random.default_rng(0).random(10)
        image, mask = synthesize(7)
        assert np.array_equal(image, sample[7][0])
        assert np.array_equal(mask, sample[7][1])

    def test_index_and_seed_each_change_the_picture(self, sample):
        assert not np.array_equal(sample[0][0], sample[1][0])
        assert not np.array_equal(sample[0][0], synthesize(0, seed=1)[0])

    def test_pictures_change_only_with_the_generator_version(self, sample):
        """Whoever changes what is drawn raises GENERATOR_VERSION and puts the new figures here."""
        # Coarse enough not to see how a processor rounds.
        quarters = cv2.resize(sample[8][0], (2, 2), interpolation=cv2.INTER_AREA)
        shares = cv2.resize(sample[8][1].astype(np.float32), (2, 2), interpolation=cv2.INTER_AREA)
        assert np.abs(quarters - np.array(GREY, float)).max() <= 1
        assert np.abs(shares - np.array(SHARES)).max() < 0.002


class TestContent:
    def test_types_and_shapes(self, sample):
        image, mask = sample[0]
        assert (image.shape, image.dtype) == ((256, 256), np.uint8)
        assert (mask.shape, mask.dtype) == ((256, 256), np.bool_)

    def test_cells_cover_about_a_sixth_and_some_fields_are_empty(self, sample):
        shares = np.array([mask.mean() for _, mask in sample])
        assert 0.12 < shares.mean() < 0.22
        assert shares.max() < 0.6
        assert 1 <= np.count_nonzero(shares == 0) <= 6

    def test_no_threshold_finds_the_cells(self, sample):
        """The better side of Otsu's threshold, image by image, stays below a Dice of 0.6."""
        scores = []
        for image, mask in sample:
            if mask.any():
                _, above = cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)
                sides = (above > 0, above == 0)
                scores.append(max(pixels.count(mask, side).dice for side in sides))
        assert np.mean(scores) < 0.6

    def test_thin_processes_belong_to_the_mask(self, sample):
        lost = total = 0
        for _, mask in sample:
            opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((4, 4), np.uint8))
            lost += np.count_nonzero(mask) - np.count_nonzero(opened)
            total += np.count_nonzero(mask)
        assert 0.01 < lost / total < 0.15

    def test_cells_have_a_dark_rim_and_a_bright_halo(self, sample):
        """Against the background ten pixels away, on average over all images."""
        rims, halos = [], []
        for image, mask in sample:
            cell = mask.astype(np.uint8)
            near, far = cv2.dilate(cell, np.ones((7, 7))) > 0, cv2.dilate(cell, np.ones((21, 21))) > 0
            beyond = (cv2.dilate(cell, np.ones((31, 31))) > 0) & ~far
            if mask.any() and beyond.any():
                background = np.median(image[beyond])
                rims.append(image[mask & (cv2.erode(cell, np.ones((3, 3))) == 0)].mean() / background)
                halos.append(image[near & ~mask].mean() / background)
        assert np.mean(rims) < 0.9
        assert np.mean(halos) > 1.05

    def test_an_empty_field_shows_debris_and_uneven_light(self, sample):
        image = next(image for image, mask in sample if not mask.any())
        smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 1.5)
        ground = cv2.GaussianBlur(smooth, (0, 0), 12)
        spread = 1.48 * np.median(np.abs(smooth - ground))
        assert np.abs(smooth - ground).max() > 6 * spread
        assert ground.max() - ground.min() > 5

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**63), st.integers(32, 160), st.integers(0, 2**63))
    def test_every_index_size_and_seed_works(self, index, size, seed):
        image, mask = synthesize(index, size=size, seed=seed)
        assert image.shape == mask.shape == (size, size)

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ({"index": -1}, "expected index of 0 or more, but got -1"),
            ({"index": 0, "size": 31}, "expected size from 32 to 4096, but got 31"),
            ({"index": 0, "size": 4097}, "expected size from 32 to 4096, but got 4097"),
            ({"index": 0, "seed": -5}, "expected seed of 0 or more, but got -5"),
        ],
    )
    def test_out_of_range(self, arguments, sentence):
        with pytest.raises(ConfigError) as caught:
            synthesize(**arguments)
        assert str(caught.value) == sentence


class TestCells:
    @pytest.mark.parametrize("index", range(4))
    def test_the_mask_is_the_cells_united(self, index):
        image, mask = synthesize(index, seed=2)
        again, labels = synthesize_cells(index, seed=2)
        assert labels.dtype == np.uint16
        assert np.array_equal(image, again)
        assert np.array_equal(mask, labels != 0)

    def test_cells_are_numbered_without_gaps(self):
        for index in range(8):
            _, labels = synthesize_cells(index)
            assert set(np.unique(labels)) | {0} == set(range(labels.max() + 1))

    def test_many_cells_touch(self):
        """That is what the data set is to show."""
        facts = [label_facts(synthesize_cells(index)[1].astype(np.int32)) for index in range(12)]
        total = sum(facts, start=LabelFacts())
        assert 0.3 < total.touching / total.cells < 0.9
        assert total.by_masks.f1 < 0.8


class TestSpecimen:
    def test_an_outline_that_crosses_itself_leaves_no_hole(self):
        """The even-odd rule would leave the middle of a five-pointed star empty."""
        star = 50 + 50j + 40 * np.exp(2j * np.pi * np.arange(0, 10, 2) / 5)
        window = specimen._Window.around(star, 100)
        body = window.fill(star)
        assert body[50 - window.top, 50 - window.left] == 1

    def test_a_neighbour_never_covers_a_cell(self):
        placed = 0
        for seed in range(40):
            field, rng = specimen.empty_specimen(128), np.random.default_rng(seed)
            assert specimen.add_adherent(field, rng, 64 + 64j, specimen.STELLATE, number=1)
            first, delay = field.mask.copy(), field.delay.copy()
            placed += specimen.add_adherent(field, rng, 100 + 80j, specimen.SPINDLE, number=2)
            assert np.array_equal(field.delay[first != 0], delay[first != 0])
            assert np.array_equal(field.labels == 1, first != 0)
            assert np.array_equal(field.labels != 0, field.mask != 0)
        assert placed > 5

    def test_a_refused_cell_leaves_no_trace(self):
        field = specimen.empty_specimen(64)
        field.mask[:] = 1
        assert not specimen.add_adherent(field, np.random.default_rng(0), 32 + 32j, specimen.SPREAD, number=1)
        assert not specimen.add_rounded(field, np.random.default_rng(0), 32 + 32j, number=1)
        assert not field.delay.any()
        assert not field.grain.any()
        assert not field.labels.any()

    def test_grains_off_the_cells_or_the_field_are_left_out(self):
        field = specimen.empty_specimen(32)
        field.mask[5, 7] = 1
        places = np.array([7.5 + 5.5j, 20 + 20j, -1 + 5j, 7 + 32j])
        specimen.add_grains(field, places, np.ones(4), on_cells=True)
        assert field.grain.sum() == field.grain[5, 7] == 1


class TestOptics:
    microscope = optics.Microscope(blur=0.8, halo=5, ring=0.6, grey=100, shot=2, readout=1)

    def test_nothing_in_the_light_path_gives_even_light(self):
        assert optics.form_image(np.zeros((50, 50), np.float32), self.microscope) == pytest.approx(
            1, abs=1e-5
        )

    def test_thin_is_darker_and_thick_is_brighter_than_the_background(self):
        for delay, low, high in ((0.3, 0.1, 0.8), (3.0, 1.5, 4.0)):
            field = np.zeros((61, 61), np.float32)
            cv2.circle(field, (30, 30), 4, delay, cv2.FILLED)
            assert low < optics.form_image(field, self.microscope)[30, 30] < high

    def test_noise_is_unbiased_and_grows_with_the_light(self):
        for brightness in (0.5, 2.0):
            light = np.full((300, 300), brightness, np.float32)
            image = optics.expose(light, self.microscope, np.random.default_rng(1)).astype(float)
            assert image.mean() == pytest.approx(100 * brightness, abs=0.1)
            # The last term is the rounding to whole grey values.
            assert image.var() == pytest.approx(4 * brightness + 1 + 1 / 12, rel=0.05)


class TestWriteDataset:
    def test_what_is_written_is_what_was_synthesized(self, tmp_path):
        write_dataset(tmp_path / "set", count=10, size=64, seed=3)
        dataset = open_dataset(tmp_path / "set")
        assert [s.stem for s in dataset.samples] == [f"synth_{index:04d}" for index in range(10)]
        for index, sample in enumerate(dataset.samples):
            image, labels = synthesize_cells(index, size=64, seed=3)
            read, truth = sample.read()
            assert truth.kind == "labels"
            assert np.array_equal(read, image)
            assert np.array_equal(truth.labels, labels)
            assert np.array_equal(read_mask(sample.mask_path), labels != 0)
            values = np.unique(cv2.imread(str(sample.mask_path), cv2.IMREAD_UNCHANGED))
            assert set(values) <= {0, 255}
        assert [len(dataset.split(name)) for name in ("train", "val", "test")] == [6, 2, 2]
        manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
        assert manifest["generator"] == GENERATOR
        assert (manifest["seed"], manifest["count"], manifest["size"]) == (3, 10, 64)

    def test_twice_the_same_bytes(self, tmp_path):
        for name in ("one", "two"):
            write_dataset(tmp_path / name, count=3, size=48)
        names = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
        assert len(names) == 11
        for name in names:
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()

    def test_progress_ends_complete(self, tmp_path):
        calls = []
        write_dataset(tmp_path / "set", count=3, size=32, progress=lambda *call: calls.append(call[:2]))
        assert calls == [(0, 3), (1, 3), (2, 3), (3, 3)]

    def test_interrupted_leaves_nothing(self, tmp_path):
        def interrupt(done: int, _total: int, _note: str) -> None:
            if done == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_dataset(tmp_path / "set", count=3, size=32, progress=interrupt)
        assert list(tmp_path.iterdir()) == []

    def test_existing_is_replaced_only_with_force(self, tmp_path):
        write_dataset(tmp_path / "set", count=2, size=32)
        with pytest.raises(OutputError, match="exists already"):
            write_dataset(tmp_path / "set", count=1, size=32)
        write_dataset(tmp_path / "set", count=1, size=32, force=True)
        assert len(open_dataset(tmp_path / "set").samples) == 1

    @pytest.mark.parametrize("manifest", ['{"source": "COCO"}', "{", None])
    def test_force_spares_what_others_made(self, tmp_path, manifest):
        (tmp_path / "precious.txt").write_text("years of work")
        if manifest is not None:
            (tmp_path / "manifest.json").write_text(manifest)
        with pytest.raises(OutputError):
            write_dataset(tmp_path, count=1, size=32, force=True)
        assert (tmp_path / "precious.txt").read_text() == "years of work"

    @pytest.mark.parametrize("count", [0, -3, 1_000_001])
    def test_count_out_of_range(self, tmp_path, count):
        with pytest.raises(ConfigError, match="expected count from 1 to 1000000, but got"):
            write_dataset(tmp_path / "set", count=count)
        assert list(tmp_path.iterdir()) == []


class TestCommand:
    def test_says_where_and_how_many(self, tmp_path):
        done = edgeseg("data", "synth", "cells", "--count", "5", "--size", "64", cwd=tmp_path)
        assert done.returncode == 0
        assert done.stdout == "cells: 5 images of 64x64 (train 3, val 1, test 1)\n"
        assert "5/5" in done.stderr
        assert len(open_dataset(tmp_path / "cells").samples) == 5

    def test_bad_number_is_one_sentence_and_exit_2(self, tmp_path):
        done = edgeseg("data", "synth", "cells", "--size", "20", cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr == "error: expected size from 32 to 4096, but got 20\n"
        assert list(tmp_path.iterdir()) == []
