"""A study's files in an object store, here one on disk: what is fetched, and what is put back."""

import pytest

pytest.importorskip("fsspec")

from edgeseg.errors import ConfigError
from edgeseg.study.store import Store


@pytest.fixture
def store(tmp_path):
    return Store.open(f"file://{tmp_path}/store")


def write(folder, **texts):
    for name, text in texts.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def below(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


def test_what_is_put_comes_back_to_the_same_places(store, tmp_path):
    write(tmp_path / "a", runs__x__best="1", runs__x__checkpoints__c="2", models__x__m="3")
    store.push("runs/x", tmp_path / "a")
    store.pull("runs/x", tmp_path / "b")
    assert below(tmp_path / "b") == {"runs/x/best": "1", "runs/x/checkpoints/c": "2"}


def test_without_depth_only_the_files_of_the_folder_come(store, tmp_path):
    write(tmp_path / "a", runs__x__best="1", runs__x__checkpoints__c="2")
    store.push("runs", tmp_path / "a")
    store.pull("runs/x", tmp_path / "b", deep=False)
    assert below(tmp_path / "b") == {"runs/x/best": "1"}


def test_a_file_alone_is_put_and_fetched(store, tmp_path):
    write(tmp_path / "a", tasks__t="1")
    store.push("tasks/t", tmp_path / "a")
    store.pull("tasks/t", tmp_path / "b")
    assert below(tmp_path / "b") == {"tasks/t": "1"}


def test_where_nothing_was_put_nothing_comes(store, tmp_path):
    store.pull("runs/x", tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_runs_of_other_tasks_are_left_out(store, tmp_path):
    write(tmp_path / "a", runs__x__best="1", runs__x__variants__pruned__best="2")
    store.push("runs/x", tmp_path / "a", leave=("variants",))
    store.pull("runs/x", tmp_path / "b")
    assert below(tmp_path / "b") == {"runs/x/best": "1"}


def test_only_what_has_changed_is_put_again(store, tmp_path):
    write(tmp_path / "a", runs__x__old="1", runs__x__new="1")
    store.push("runs/x", tmp_path / "a")
    write(tmp_path / "store", runs__x__old="as the store has it")
    write(tmp_path / "a", runs__x__new="22")
    store.push("runs/x", tmp_path / "a")
    found = below(tmp_path / "store")
    assert (found["runs/x/old"], found["runs/x/new"]) == ("as the store has it", "22")


def test_the_latest_checkpoint_is_named_behind_its_files(store, tmp_path, monkeypatch):
    put = []
    monkeypatch.setattr(store.system, "put_file", lambda _local, remote: put.append(remote.rsplit("/")[-1]))
    write(tmp_path / "a", runs__x__checkpoints__checkpoint="z", runs__x__checkpoints__z_index="1")
    store.push("runs/x", tmp_path / "a")
    assert put == ["z_index", "checkpoint"]


def test_a_data_set_is_put_once_and_fetched_once_a_node(store, tmp_path):
    digest = "d" * 64
    write(tmp_path / "data", images__a="1", splits="2")
    store.push_data(tmp_path / "data", digest)
    write(tmp_path / "data", images__a="changed, which its digest would tell")
    store.push_data(tmp_path / "data", digest)
    there = store.pull_data("data", digest, tmp_path / "node")
    assert below(there) == {"images/a": "1", "splits": "2"}
    write(there, images__a="still the first")
    assert below(store.pull_data("data", digest, tmp_path / "node"))["images/a"] == "still the first"


@pytest.mark.parametrize("url", ["nosuch://bucket/x", "file:///proc/nowhere/store"])
def test_what_is_no_store_to_write_to_is_a_sentence(url):
    with pytest.raises(ConfigError, match=f"expected a store to write to as --store, but {url}: "):
        Store.open(url)
