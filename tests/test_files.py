"""Nothing is lost and nothing half-written, whatever goes wrong."""

import contextlib
import os
import resource
import shutil
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg import files
from edgeseg.errors import DatasetError, OutputError


@contextlib.contextmanager
def no_room_beyond(size):
    """Let no file grow beyond `size` bytes, as a quota does."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@contextlib.contextmanager
def an_ordinary_user():
    """Root may write anywhere, so root becomes nobody for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared_folder():
    """A folder that every user can reach and write to."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


def write_folder(target, *, force=False, marker="marker.json", **contents):
    with files.staged_folder(target, marker=marker, force=force) as stage:
        files.write_text(stage / marker, "{}")
        for name, text in contents.items():
            files.write_text(stage / name, text)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class TestWritingAFile:
    def test_it_makes_the_folder_and_leaves_nothing_else(self, tmp_path):
        files.write_bytes(tmp_path / "a" / "b" / "result.bin", b"abc")
        assert (tmp_path / "a" / "b" / "result.bin").read_bytes() == b"abc"
        assert names(tmp_path / "a" / "b") == ["result.bin"]

    def test_its_permissions_follow_the_umask(self, tmp_path):
        old = os.umask(0o027)
        try:
            files.write_text(tmp_path / "x", "")
        finally:
            os.umask(old)
        assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640

    def test_without_room_the_old_file_stays_and_no_half_one_appears(self, tmp_path):
        path = tmp_path / "result.json"
        files.write_text(path, "old")
        with no_room_beyond(1000), pytest.raises(OutputError, match=r"cannot write .*result\.json: file too"):
            files.write_bytes(path, bytes(100_000))
        assert names(tmp_path) == ["result.json"]
        assert path.read_text() == "old"

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
    def test_a_full_disk_is_told_in_words(self):
        """The sentence from the error that the system itself gives."""
        with (
            pytest.raises(OSError, match="No space") as full,
            Path("/dev/full").open("wb", buffering=0) as device,
        ):
            device.write(b"x")
        error = files.output_error(Path("out.png"), full.value)
        assert str(error) == "cannot write out.png: the disk is full; free some space and run again"

    def test_a_read_only_folder_is_told_in_words(self, shared_folder):
        with an_ordinary_user():
            files.write_text(shared_folder / "allowed", "")
        shared_folder.chmod(0o555)
        with an_ordinary_user(), pytest.raises(OutputError, match="permission denied; choose a folder"):
            files.write_text(shared_folder / "refused", "")
        assert names(shared_folder) == ["allowed"]

    def test_a_file_in_the_place_of_a_folder_is_told_in_words(self, tmp_path):
        (tmp_path / "file").write_text("")
        for path in (tmp_path / "file" / "x", tmp_path / "file" / "y" / "x"):
            with pytest.raises(OutputError, match="a part of the path is a file"):
                files.write_text(path, "")

    def test_an_interrupt_leaves_nothing_behind(self, tmp_path, monkeypatch):
        def interrupt(_descriptor):
            raise KeyboardInterrupt

        monkeypatch.setattr(files.os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            files.write_text(tmp_path / "x", "text")
        assert names(tmp_path) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class TestJson:
    @given(st.dictionaries(st.text(), json_values, max_size=4))
    def test_what_is_written_is_read(self, tmp_path_factory, value):
        path = tmp_path_factory.getbasetemp() / "value.json"
        files.write_json(path, value)
        assert files.read_json(path, kind="a value", error=DatasetError) == value

    def test_nan_is_refused_before_anything_is_written(self, tmp_path):
        with pytest.raises(ValueError, match="not JSON compliant"):
            files.write_json(tmp_path / "x.json", {"dice": float("nan")})
        assert names(tmp_path) == []

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (None, "expected bench results at .*, but there is no such file"),
            (b"", "but it is not valid JSON"),
            (b"{", "but it is not valid JSON"),
            (b"\xff\xfe", "but it is not valid JSON"),
            (b"[" * 100_000, "but it is not valid JSON"),
            (b"[1]", "as a JSON object in .*, but it holds a list"),
        ],
    )
    def test_bad_json_is_one_sentence(self, tmp_path, content, sentence):
        path = tmp_path / "x.json"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(DatasetError, match=sentence):
            files.read_json(path, kind="bench results", error=DatasetError)

    def test_a_folder_instead_of_a_file_is_one_sentence(self, tmp_path):
        with pytest.raises(DatasetError, match=r"cannot read bench results .*: is a directory"):
            files.read_json(tmp_path, kind="bench results", error=DatasetError)


def test_csv_quotes_what_needs_it(tmp_path):
    files.write_csv(tmp_path / "x.csv", ("stem", "note"), [("a", 'says "x, y"'), ("b", 1.5)])
    assert (tmp_path / "x.csv").read_text() == 'stem,note\na,"says ""x, y"""\nb,1.5\n'


def test_sha256_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert files.sha256(tmp_path / "x") == files.sha256_bytes(b"abc") == expected


class TestStagedFolder:
    def test_it_appears_whole(self, tmp_path):
        target = tmp_path / "deep" / "run"
        with files.staged_folder(target, marker="m", force=False) as stage:
            files.write_text(stage / "a.txt", "a")
            assert not target.exists()
        assert names(target) == ["a.txt"]
        assert names(tmp_path / "deep") == ["run"]

    def test_a_failure_leaves_nothing(self, tmp_path):
        with pytest.raises(OutputError), no_room_beyond(1000):
            write_folder(tmp_path / "run", small="1", large="x" * 100_000)
        assert names(tmp_path) == []

    def test_an_empty_folder_is_filled(self, tmp_path):
        (tmp_path / "run").mkdir()
        write_folder(tmp_path / "run", new="1")
        assert names(tmp_path / "run") == ["marker.json", "new"]

    def test_an_occupied_folder_is_refused_without_force(self, tmp_path):
        write_folder(tmp_path / "run", old="1")
        with pytest.raises(OutputError, match="exists already; choose another name or pass --force"):
            write_folder(tmp_path / "run", new="1")
        assert names(tmp_path / "run") == ["marker.json", "old"]

    def test_force_replaces_the_whole_folder(self, tmp_path):
        write_folder(tmp_path / "run", old="1")
        write_folder(tmp_path / "run", force=True, new="1")
        assert names(tmp_path / "run") == ["marker.json", "new"]
        assert names(tmp_path) == ["run"]

    def test_force_that_fails_keeps_the_old_folder(self, tmp_path):
        write_folder(tmp_path / "run", old="1")
        with pytest.raises(OutputError), no_room_beyond(1000):
            write_folder(tmp_path / "run", force=True, new="x" * 100_000)
        assert names(tmp_path / "run") == ["marker.json", "old"]
        assert names(tmp_path) == ["run"]

    def test_a_swap_that_fails_brings_the_old_folder_back(self, tmp_path, monkeypatch):
        write_folder(tmp_path / "run", old="1")
        replace = Path.replace

        def refuse_the_new_one(path, place):
            if path.suffix == ".tmp" and path.is_dir():
                raise PermissionError(13, "Permission denied")
            return replace(path, place)

        monkeypatch.setattr(Path, "replace", refuse_the_new_one)
        with pytest.raises(OutputError, match="permission denied"):
            write_folder(tmp_path / "run", force=True, new="1")
        assert names(tmp_path / "run") == ["marker.json", "old"]
        assert names(tmp_path) == ["run"]

    def test_force_spares_a_folder_of_another_kind(self, tmp_path):
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "thesis.tex").write_text("")
        with pytest.raises(OutputError, match=r"holds no marker\.json"):
            write_folder(tmp_path / "home", force=True)
        assert names(tmp_path / "home") == ["thesis.tex"]

    def test_force_spares_a_file(self, tmp_path):
        (tmp_path / "run").write_text("precious")
        with pytest.raises(OutputError):
            write_folder(tmp_path / "run", force=True)
        assert (tmp_path / "run").read_text() == "precious"

    def test_a_link_to_a_folder_stays_a_link(self, tmp_path):
        write_folder(tmp_path / "disk" / "run", old="1")
        (tmp_path / "link").symlink_to(tmp_path / "disk" / "run")
        write_folder(tmp_path / "link", force=True, new="1")
        assert (tmp_path / "link").is_symlink()
        assert names(tmp_path / "disk" / "run") == ["marker.json", "new"]
        assert names(tmp_path / "disk") == ["run"]

    def test_the_current_folder_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(OutputError, match="the current folder"):
            write_folder(Path())
        assert names(tmp_path) == []

    def test_a_read_only_parent_is_told_in_words(self, shared_folder):
        shared_folder.chmod(0o555)
        with an_ordinary_user(), pytest.raises(OutputError, match="permission denied; choose a folder"):
            write_folder(shared_folder / "run")


class TestPathBelow:
    @pytest.mark.parametrize("name", ["a", "a/b", "a/../b", "..a", "new/file"])
    def test_a_name_below_gives_its_path(self, name, tmp_path):
        assert files.path_below(tmp_path, name) == tmp_path / name

    @pytest.mark.parametrize(
        "name", ["../a", "/abs/b", "a/../../b", "..", ".", "", "link/a", "circle/a", "a\0b"]
    )
    def test_a_name_that_leads_out_is_refused(self, name, tmp_path):
        folder = tmp_path / "folder"
        folder.mkdir()
        (folder / "link").symlink_to(tmp_path)
        (folder / "circle").symlink_to("circle")
        with pytest.raises(OutputError, match="expected a place below"):
            files.path_below(folder, name)

    def test_the_folder_may_be_a_link(self, tmp_path):
        (tmp_path / "folder").mkdir()
        (tmp_path / "link").symlink_to("folder")
        assert files.path_below(tmp_path / "link", "a") == tmp_path / "link" / "a"
