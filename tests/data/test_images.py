"""Image files as they are, and on the way to 8-bit grey."""

import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgeseg.data import images
from edgeseg.errors import DatasetError, OutputError

LOSSLESS = (".png", ".tif", ".tiff", ".bmp")
sides = st.integers(1, 12)


def noise(*shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def write(path, image):
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


def png_chunk(kind, data):
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png(width, height, depth, colour_type, *, rows, palette=b""):
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([depth, colour_type, 0, 0, 0])
    middle = png_chunk(b"PLTE", palette) if palette else b""
    data = png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + middle + data + png_chunk(b"IEND", b"")


class TestReading:
    @pytest.mark.parametrize("suffix", LOSSLESS)
    @pytest.mark.parametrize("shape", [(20, 31), (20, 31, 3)], ids=["grey", "colour"])
    def test_lossless_files_give_the_pixels_back(self, tmp_path, suffix, shape):
        np.testing.assert_array_equal(
            images.read_image(write(tmp_path / f"x{suffix}", noise(*shape))), noise(*shape)
        )

    @pytest.mark.parametrize("suffix", [".png", ".tif"])
    def test_16_bits_are_kept(self, tmp_path, suffix):
        image = noise(20, 31, dtype=np.uint16)
        np.testing.assert_array_equal(images.read_image(write(tmp_path / f"x{suffix}", image)), image)

    @pytest.mark.parametrize("suffix", [".jpg", ".jpeg"])
    def test_jpeg_is_close(self, tmp_path, suffix):
        smooth = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
        read = images.read_image(write(tmp_path / f"x{suffix}", smooth))
        assert np.abs(read.astype(int) - smooth).max() <= 4

    def test_upper_case_suffixes_are_listed_and_the_rest_is_not(self, tmp_path):
        for name in ("b.PNG", "a.tif", ".hidden.png", "._a.tif", "notes.txt", "c.jpeg"):
            (tmp_path / name).touch()
        assert [path.name for path in images.list_images(tmp_path)] == ["a.tif", "b.PNG", "c.jpeg"]

    def test_bytes_behind_the_end_of_a_png_do_no_harm(self, tmp_path):
        path = write(tmp_path / "x.png", noise(20, 31))
        path.write_bytes(path.read_bytes() + b"appended by some camera" * 10)
        np.testing.assert_array_equal(images.read_image(path), noise(20, 31))

    def test_a_stack_gives_its_first_page_and_its_number_of_pages(self, tmp_path):
        pages = [noise(8, 9, seed=seed) for seed in range(3)]
        (tmp_path / "x.tif").write_bytes(cv2.imencodemulti(".tif", pages)[1].tobytes())
        np.testing.assert_array_equal(images.read_image(tmp_path / "x.tif"), pages[0])
        assert images.page_count(tmp_path / "x.tif") == 3
        assert images.page_count(write(tmp_path / "y.png", pages[0])) == 1


class TestRefusing:
    @pytest.mark.parametrize("suffix", [*LOSSLESS, ".jpg"])
    @pytest.mark.parametrize("kept", [0.02, 0.5, 0.95])
    def test_a_truncated_file(self, tmp_path, suffix, kept):
        path = write(tmp_path / f"x{suffix}", noise(50, 60))
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * kept)])
        with pytest.raises(DatasetError, match=r"cannot decode .*x\..* truncated"):
            images.read_image(path)

    @given(position=st.integers(8, 3000), flip=st.integers(1, 255))
    def test_a_png_with_any_byte_changed(self, tmp_path_factory, position, flip):
        data = bytearray(cv2.imencode(".png", noise(50, 60))[1].tobytes())
        position = min(position, len(data) - 1)
        data[position] ^= flip
        path = tmp_path_factory.getbasetemp() / "flipped.png"
        path.write_bytes(data)
        with pytest.raises(DatasetError, match=r"the PNG file is (damaged|truncated)"):
            images.read_image(path)

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (b"", r"the file is empty \(0 bytes\)"),
            (b"GIF89a, or text", "truncated or not an image"),
            (
                png(40_000, 40_000, 8, 0, rows=b"\0"),
                "at most 536,870,912 pixels in .* but it has 40000x40000",
            ),
        ],
    )
    def test_what_is_no_image_or_too_large(self, tmp_path, data, sentence):
        (tmp_path / "x.png").write_bytes(data)
        with pytest.raises(DatasetError, match=sentence):
            images.read_image(tmp_path / "x.png")

    @pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
    def test_another_depth(self, tmp_path, dtype):
        path = write(tmp_path / "x.tif", np.ones((8, 8), dtype))
        with pytest.raises(DatasetError, match=f"expected 8 or 16 bits per channel in .* {dtype.__name__}"):
            images.read_image(path)

    def test_a_missing_file_and_a_folder(self, tmp_path):
        with pytest.raises(DatasetError, match="there is no such file"):
            images.read_image(tmp_path / "x.png")
        with pytest.raises(DatasetError, match="is a directory"):
            images.read_image(tmp_path)

    def test_a_missing_folder_and_a_file(self, tmp_path):
        with pytest.raises(DatasetError, match="expected a folder of images at"):
            images.list_images(tmp_path / "nowhere")
        (tmp_path / "file").touch()
        with pytest.raises(DatasetError, match="not a directory"):
            images.list_images(tmp_path / "file")


class TestGrey:
    @given(hnp.arrays(np.uint8, st.tuples(sides, sides)))
    def test_8_bit_grey_is_left_alone(self, image):
        grey, done = images.to_grey8(image)
        np.testing.assert_array_equal(grey, image)
        assert done == ()

    @given(hnp.arrays(np.uint8, st.tuples(sides, sides)), st.sampled_from([3, 4]))
    def test_grey_that_was_saved_in_colour_comes_back_exactly(self, image, channels):
        colour = np.dstack([image, image, image, 255 - image])[..., :channels]
        grey, done = images.to_grey8(colour)
        np.testing.assert_array_equal(grey, image)
        assert done == ("colour converted to grey",)

    def test_colour_is_weighted_as_the_eye_does(self):
        blue_green_red = np.eye(3, dtype=np.uint8)[None] * 255
        assert images.to_grey8(blue_green_red)[0].tolist() == [[29, 150, 76]]

    @given(hnp.arrays(np.uint16, st.tuples(sides, sides)))
    def test_16_bits_are_mapped_without_changing_their_order(self, image):
        grey, done = images.to_grey8(image)
        order = np.argsort(image, axis=None, kind="stable")
        assert (np.diff(grey.ravel()[order].astype(int)) >= 0).all()
        assert grey.dtype == np.uint8
        assert done == ("16 bits mapped to 8 by percentiles",)

    def test_the_percentiles_of_a_16_bit_image_become_0_and_255(self):
        image = np.arange(1000, 1000 + 40_000, 40, dtype=np.uint16).reshape(20, 50)
        low, high = images.depth_range(image)
        assert (low, high) == pytest.approx(tuple(np.percentile(image, (0.1, 99.9))))
        grey, _ = images.to_grey8(image)
        assert np.count_nonzero(grey == 0) >= 1
        assert np.count_nonzero(grey == 255) >= 1
        middle = image[10, 25]
        assert int(grey[10, 25]) == round(255 * (float(middle) - low) / (high - low))

    def test_a_few_hot_pixels_do_not_darken_the_rest(self):
        image = noise(200, 200, dtype=np.uint16) // 64
        image[0, :5] = 65535
        assert images.to_grey8(image)[0].mean() > 100

    def test_a_blank_16_bit_image_is_black(self):
        assert images.to_grey8(np.full((4, 4), 900, np.uint16))[0].max() == 0

    def test_8_bits_have_no_depth_range(self):
        assert images.depth_range(noise(4, 4)) is None

    def test_the_same_picture_has_one_digest_in_any_file_and_another_shape_has_another(self, tmp_path):
        digests = {
            images.content_digest(images.read_grey8(write(tmp_path / f"x{suffix}", noise(8, 9))))
            for suffix in LOSSLESS
        }
        assert len(digests) == 1
        assert images.content_digest(noise(8, 9).reshape(9, 8)) not in digests


class TestMasksAndLabels:
    def test_a_mask_is_true_where_it_is_not_zero(self, tmp_path):
        values = np.array([[0, 1, 255], [0, 128, 0]], np.uint8)
        mask = images.read_mask(write(tmp_path / "x.png", values))
        assert mask.dtype == np.bool_
        np.testing.assert_array_equal(mask, values != 0)

    def test_a_1_bit_png_is_a_mask(self, tmp_path):
        (tmp_path / "x.png").write_bytes(png(8, 2, 1, 0, rows=b"\0\xaa\0\x0f"))
        assert images.read_mask(tmp_path / "x.png").astype(int).tolist() == [[1, 0] * 4, [0] * 4 + [1] * 4]

    def test_a_mask_in_colour_is_refused(self, tmp_path):
        with pytest.raises(DatasetError, match=r"a mask with one channel in .*, but it has 3"):
            images.read_mask(write(tmp_path / "x.png", noise(4, 4, 3)))

    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.uint32, np.float32])
    def test_labels_of_any_depth(self, tmp_path, dtype):
        values = np.array([[0, 1, 2], [200, 0, 7]], dtype)
        np.testing.assert_array_equal(images.read_labels(write(tmp_path / "x.tif", values)), values)

    def test_every_colour_but_black_is_a_label(self, tmp_path):
        palette = bytes([0, 0, 0, 255, 0, 0, 0, 255, 0, 1, 0, 0])
        (tmp_path / "x.png").write_bytes(png(4, 2, 8, 3, rows=b"\0\0\1\2\3\0\3\1\0\0", palette=palette))
        labels = images.read_labels(tmp_path / "x.png")
        np.testing.assert_array_equal(labels != 0, [[0, 1, 1, 1], [1, 1, 0, 0]])
        assert len(np.unique(labels)) == 4

    @pytest.mark.parametrize("value", [-1.0, 0.5, np.nan, np.inf])
    def test_labels_that_are_no_whole_numbers_are_refused(self, tmp_path, value):
        path = write(tmp_path / "x.tif", np.array([[0, value]], np.float32))
        with pytest.raises(DatasetError, match="expected whole numbers from 0 as labels"):
            images.read_labels(path)


class TestWriting:
    @given(hnp.arrays(st.sampled_from([np.uint8, np.uint16]), st.tuples(sides, sides)))
    def test_a_png_is_read_as_it_was_written(self, tmp_path_factory, image):
        path = tmp_path_factory.getbasetemp() / "written.png"
        images.write_png(path, image)
        read = images.read_image(path)
        assert read.dtype == image.dtype
        np.testing.assert_array_equal(read, image)

    def test_a_region_of_an_image_is_written_as_it_is(self, tmp_path):
        image = noise(20, 30)
        images.write_png(tmp_path / "x.png", image[3:9, 5:11])
        np.testing.assert_array_equal(images.read_image(tmp_path / "x.png"), image[3:9, 5:11])

    def test_where_nothing_can_be_written_is_a_sentence(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(OutputError, match="a part of the path is a file"):
            images.write_png(tmp_path / "file" / "x.png", noise(2, 2))
