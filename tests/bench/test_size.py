import gzip

from hypothesis import given
from hypothesis import strategies as st

from edgeseg.bench.size import measure_size


@given(st.binary(max_size=2000))
def test_sizes_are_those_of_the_data_and_of_a_gzip_file_that_holds_it(data):
    size = measure_size(data)
    packed = gzip.compress(data, 9, mtime=0)
    assert gzip.decompress(packed) == data
    assert (size.raw_bytes, size.gzip_bytes) == (len(data), len(packed))


def test_zeros_of_a_pruned_file_show_in_the_compressed_bytes_only():
    dense, pruned = measure_size(bytes(range(256)) * 40), measure_size(bytes(10_240))
    assert dense.raw_bytes == pruned.raw_bytes
    assert pruned.gzip_bytes < dense.gzip_bytes


def test_a_container_costs_what_it_takes_on_the_disk():
    assert measure_size(bytes(1000)).file_bytes == 1000
    packed = measure_size(bytes(1000), xz_bytes=70)
    assert (packed.raw_bytes, packed.xz_bytes, packed.file_bytes) == (1000, 70, 70)
