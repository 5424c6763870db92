"""benchmarks/peers/judge_labels.py: figures of label images, whoever made them."""

import json

import numpy as np
import pytest
import tifffile

from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import write_png
from edgeseg.errors import DatasetError
from judge_labels import figures_of, judge, main


def squares(*corners, size=10, side=64):
    labels = np.zeros((side, side), np.uint16)
    for number, (row, column) in enumerate(corners, start=1):
        labels[row : row + size, column : column + size] = number
    return labels


#: By stem; the two tiles are of one source image.
TRUTH = {
    "one_r0c0": squares((0, 0), (0, 10), (30, 30)),
    "one_r0c1": squares((20, 20)),
    "two": squares((5, 5), (40, 40)),
    "unused": squares((0, 0)),
}


@pytest.fixture
def data(tmp_path):
    root = tmp_path / "data"
    rows = ["stem,split,source_image"]
    for stem, labels in TRUTH.items():
        write_png(root / "images" / f"{stem}.png", np.full(labels.shape, 9, np.uint8))
        write_png(root / "labels" / f"{stem}.png", labels)
        rows.append(f"{stem},{'train' if stem == 'unused' else 'test'},{stem.partition('_')[0]}")
    (root / "splits.csv").write_text("\n".join(rows) + "\n")
    return root


@pytest.fixture
def found(tmp_path):
    """Writes label images as the peers do."""

    def write(dtype=np.uint16, **labels):
        folder = tmp_path / "found"
        folder.mkdir(exist_ok=True)
        for stem, image in labels.items():
            tifffile.imwrite(folder / f"{stem}.tif", image.astype(dtype), compression="zlib")
        return folder

    return write


def values(folder, data):
    return {name: each.value for name, each in figures_of(judge(folder, open_dataset(data), "test")).items()}


def test_the_truth_itself_is_perfect_whatever_its_numbers(data, found):
    folder = found(np.uint32, **{stem: np.uint32(70_000) * labels for stem, labels in TRUTH.items()})

    assert values(folder, data) == {
        "cell_f1": 1, "cell_ap": 1, "cell_ap_50_90": 1, "panoptic_quality": 1, "count_error": 0,
        "count_bias": 0, "area_error": 0, "dice": 1, "mean_cell_f1": 1, "mean_cell_ap": 1,
    }  # fmt: skip


def test_touching_cells_found_as_one_are_counted_and_not_matched(data, found):
    labels = dict(TRUTH)
    labels["one_r0c0"] = np.where(TRUTH["one_r0c0"] == 2, 1, TRUTH["one_r0c0"])

    figures = values(found(**labels), data)

    # The one of both covers exactly half of what it shares with either: it matches one of the two.
    assert figures["cell_f1"] == pytest.approx(2 * 5 / (6 + 5))
    assert figures["cell_ap"] == pytest.approx(5 / 6)
    assert figures["mean_cell_ap"] == pytest.approx((2 / 3 + 1 + 1) / 3)
    assert figures["count_error"] == pytest.approx(1 / 6)
    assert figures["count_bias"] == pytest.approx(-1 / 6)
    assert figures["dice"] == 1


def test_ap_over_thresholds_and_panoptic_quality_tell_how_well_cells_fit(data, found):
    labels = {**TRUTH, "two": squares((5, 5), (42, 40))}  # the second: 80 of 120 pixels

    figures = values(found(**labels), data)

    matched = [6] * 4 + [5] * 5  # at 0.5 to 0.65, and above 2/3
    assert figures["cell_ap"] == 1
    assert figures["cell_ap_50_90"] == pytest.approx(np.mean([each / (12 - each) for each in matched]))
    assert figures["panoptic_quality"] == pytest.approx((5 + 2 / 3) / 6, abs=1e-6)


def test_specks_are_left_out(data, found):
    labels = {stem: image.copy() for stem, image in TRUTH.items()}
    labels["two"][60:63, 0:5] = 9

    assert values(found(**labels), data)["count_error"] == 0


def test_intervals_are_over_source_images(data, found):
    labels = {**TRUTH, "two": np.zeros_like(TRUTH["two"])}

    judged = figures_of(judge(found(**labels), open_dataset(data), "test"))["cell_f1"]

    # A draw takes both tiles of `one` or none: F1 is 1 where `two` is not drawn, 0 where it is alone.
    assert judged.interval == (0, 1)


def test_a_split_of_one_source_has_no_interval(data, found):
    judged = figures_of(judge(found(**TRUTH), open_dataset(data), "train"))["cell_f1"]

    assert (judged.value, judged.interval) == (1, None)


def test_the_json_holds_figures_and_the_counts_of_every_image(data, found, tmp_path, monkeypatch, capsys):
    out = tmp_path / "judged.json"
    monkeypatch.setattr("sys.argv", ["judge_labels.py", str(found(**TRUTH)), str(data), "--out", str(out)])

    main()

    content = json.loads(out.read_text())
    assert content["data"]["split"] == "test"
    assert content["data"]["digest"] == open_dataset(data).digest
    assert content["figures"]["cell_f1"] == {"value": 1, "interval": [1, 1]}
    assert [each["stem"] for each in content["images"]] == ["one_r0c0", "one_r0c1", "two"]
    assert content["images"][0]["ious"] == [1, 1, 1]
    assert "6 cells found, 6 true, 6 matched, in 3 images of 2 sources" in capsys.readouterr().out


def test_a_missing_label_image_is_named(data, found):
    folder = found(one_r0c0=TRUTH["one_r0c0"])

    with pytest.raises(
        DatasetError, match=r"label image of one_r0c1 in .*, but it is missing \(2 of them are\)"
    ):
        judge(folder, open_dataset(data), "test")


def test_another_size_is_refused(data, found):
    folder = found(**{**TRUTH, "two": squares((5, 5), side=32)})

    with pytest.raises(
        DatasetError, match=r"of the size of its image, 64x64, in .*two\.tif, but it is 32x32"
    ):
        judge(folder, open_dataset(data), "test")


def test_a_folder_that_is_not_there_ends_with_one_sentence_and_exit_code_2(
    data, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("sys.argv", ["judge_labels.py", str(tmp_path / "nothing"), str(data)])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
