"""A study's files in an object store, a folder and an S3 server: what is fetched, what is put back."""

import pytest

pytest.importorskip("fsspec")

from edgeseg.errors import ConfigError, OutputError
from edgeseg.host.study.store import Store
from support import s3_server


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    with s3_server.running(tmp_path_factory.mktemp("s3") / "log"):
        yield "s3://studies"


@pytest.fixture(params=["file", "s3"])
def url(request, tmp_path):
    if request.param == "s3":
        return f"{request.getfixturevalue('s3')}/{tmp_path.name}"
    return f"file://{tmp_path}/store"


@pytest.fixture
def store(url):
    return Store.open(url)


@pytest.fixture
def elsewhere(url):
    """The same store, as another machine writes to it."""
    other = Store.open(url)
    other.system = type(other.system)(
        *other.system.storage_args, **other.system.storage_options, skip_instance_cache=True
    )

    def write(name, text):
        other.system.pipe_file(f"{other.root}/{name}", text.encode())

    return write


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


def test_a_key_that_leads_out_of_the_folder_is_refused(store, tmp_path, monkeypatch):
    """A key of an object store may hold anything."""
    monkeypatch.setattr(store.system, "find", lambda *_args, **_more: [f"{store.root}/runs/../../../victim"])
    with pytest.raises(OutputError, match="expected a place below"):
        store.pull("runs", tmp_path / "deep" / "folder")
    assert not (tmp_path / "victim").exists()


def test_what_another_machine_has_put_meanwhile_comes_too(store, elsewhere, tmp_path):
    for deep in (True, False):
        elsewhere(f"runs/{deep}/one", "1")
        store.pull(f"runs/{deep}", tmp_path / "b", deep=deep)
        elsewhere(f"runs/{deep}/one", "changed")
        elsewhere(f"runs/{deep}/two", "2")
        store.pull(f"runs/{deep}", tmp_path / "b", deep=deep)
        assert below(tmp_path / "b" / "runs" / str(deep)) == {"one": "changed", "two": "2"}


def test_only_what_has_changed_is_put_again(store, elsewhere, tmp_path):
    write(tmp_path / "a", runs__x__old="1", runs__x__new="1")
    store.push("runs/x", tmp_path / "a")
    elsewhere("runs/x/old", "as the store has it")
    write(tmp_path / "a", runs__x__new="22")
    store.push("runs/x", tmp_path / "a")
    store.pull("runs/x", tmp_path / "b")
    assert below(tmp_path / "b") == {"runs/x/old": "as the store has it", "runs/x/new": "22"}


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


@pytest.mark.parametrize("wrong", ["nosuch://bucket/x", "file:///proc/nowhere/store"])
def test_what_is_no_store_to_write_to_is_a_sentence(wrong):
    with pytest.raises(ConfigError, match=f"expected a store to write to as --store, but {wrong}: "):
        Store.open(wrong)


def test_a_bucket_that_is_not_there_is_a_sentence(s3):
    with pytest.raises(ConfigError, match="but s3://nosuch/x: The specified bucket does not exist"):
        Store.open(s3.replace("studies", "nosuch/x"))
