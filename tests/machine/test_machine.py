import json

import pytest

from edgeseg.errors import ResultError
from edgeseg.machine.description import Machine, read_machine
from edgeseg.machine.state import MachineState, read_state
from edgeseg.records import from_data, to_data

PI_CORE = """processor\t: {number}
BogoMIPS\t: 108.00
Features\t: {features}
CPU implementer\t: 0x41
CPU part\t: {part}
"""
LAPTOP_CORE = """processor\t: {number}
vendor_id\t: GenuineIntel
model name\t: 11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz
cpu MHz\t\t: 1200.000
flags\t\t: fpu sse2 ht fma avx avx2 avx512f avx512_vnni
"""
VM_CORE = """processor\t: {number}
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Processor
cpu MHz\t\t: {mhz}
flags\t\t: fpu fma avx2 hypervisor
"""
STAT = "".join(f"cpu{number} 100 0 100 900 0 0 0 0 0 0\n" for number in range(8))


def cores(number, text, **facts):
    return "\n".join(text.format(number=each, **facts) for each in range(number))


def each_core(number, files):
    return {
        f"sys/devices/system/cpu/cpu{each}/{name}": content.format(number=each)
        for each in range(number)
        for name, content in files.items()
    }


def pi(*, model, part, features, mhz, soc):
    return {
        "proc/cpuinfo": cores(4, PI_CORE, part=part, features=features),
        "proc/meminfo": "MemTotal:        8245312 kB\nMemFree:  1 kB\nMemAvailable:    7000000 kB\n",
        "proc/loadavg": "0.42 0.30 0.20 1/234 5678\n",
        "proc/stat": STAT,
        "proc/vmstat": "pswpin 12\npswpout 30\n",
        "proc/device-tree/model": f"{model}\0",
        "sys/devices/system/cpu/modalias": "cpu:type:aarch64:feature:,0000,0001\n",
        "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
        "sys/class/thermal/thermal_zone0/temp": "61300\n",
        "sys/class/thermal/cooling_device0/type": "cpufreq-cpu0\n",
        "sys/class/thermal/cooling_device0/cur_state": "0\n",
        f"sys/devices/platform/{soc}/{soc}:firmware/get_throttled": "50005\n",
        **each_core(
            4,
            {
                "cpufreq/scaling_governor": "ondemand\n",
                "cpufreq/cpuinfo_max_freq": f"{mhz}000\n",
                "cpufreq/scaling_cur_freq": f"{mhz - 100}00{{number}}\n",
                "topology/thread_siblings_list": "{number}\n",
            },
        ),
    }


PI4 = pi(model="Raspberry Pi 4 Model B Rev 1.4", part="0xd08", features="fp asimd crc32", mhz=1800, soc="soc")
PI5 = pi(
    model="Raspberry Pi 5 Model B Rev 1.0", part="0xd0b", features="fp asimd atomics asimdhp asimddp",
    mhz=2400, soc="soc@107c000000",
)  # fmt: skip
LAPTOP = {
    "proc/cpuinfo": cores(8, LAPTOP_CORE),
    "proc/stat": STAT,
    "sys/class/dmi/id/sys_vendor": "LENOVO\n",
    "sys/class/dmi/id/product_name": "20XW\n",
    "sys/class/thermal/thermal_zone0/type": "acpitz\n",
    "sys/class/thermal/thermal_zone0/temp": "97000\n",
    "sys/class/thermal/thermal_zone1/type": "x86_pkg_temp\n",
    "sys/class/thermal/thermal_zone1/temp": "52000\n",
    **each_core(
        8,
        {
            "cpufreq/scaling_governor": "powersave\n",
            "cpufreq/cpuinfo_max_freq": "4700000\n",
            "cpufreq/scaling_cur_freq": "{number}400000\n",
            "thermal_throttle/core_throttle_count": "2\n",
        },
    ),
    **{
        f"sys/devices/system/cpu/cpu{each}/topology/thread_siblings_list": f"{each % 4},{each % 4 + 4}\n"
        for each in range(8)
    },
}
VM = {
    "proc/cpuinfo": "\n".join(VM_CORE.format(number=each, mhz=mhz) for each, mhz in enumerate([2600, 3100])),
    "proc/stat": STAT,
    "proc/self/cgroup": "0::/pod/bench\n",
    "sys/fs/cgroup/pod/bench/cpu.max": "max 100000\n",
    "sys/fs/cgroup/pod/cpu.max": "150000 100000\n",
    "sys/fs/cgroup/cpu.max": "800000 100000\n",
    ".dockerenv": "",
}


@pytest.fixture
def tree(tmp_path):
    def write(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return tmp_path

    return write


def machine(root, cpus=range(4)):
    return read_machine(runtime="ai-edge-litert 2.3.0", root=root, cpus=list(cpus))


def state(root, cpus=range(4)):
    return read_state(root=root, cpus=list(cpus))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (PI4, ("Raspberry Pi 4 Model B Rev 1.4", "Cortex-A72", (), 1800)),
        (PI5, ("Raspberry Pi 5 Model B Rev 1.0", "Cortex-A76", ("dotprod", "fp16", "lse"), 2400)),
    ],
)
def test_a_raspberry_pi_tells_who_it_is(tree, files, expected):
    read = machine(tree(files))
    assert (read.board, read.cpu, read.cpu_features, read.max_mhz) == expected
    assert (read.cores, read.physical_cores, read.governor) == (4, 4, "ondemand")
    assert read.memory_bytes == 8245312 * 1024
    assert (read.surroundings, read.cpu_quota) == ((), None)


@pytest.mark.parametrize(("files", "mhz"), [(PI4, 1700.003), (PI5, 2300.003)])
def test_a_raspberry_pi_tells_how_it_is(tree, files, mhz):
    read = state(tree(files))
    assert (read.load_1min, read.temperature_c, read.throttled) == (0.42, 61.3, "0x50005")
    assert read.throttled_now == ("under-voltage", "throttled")
    assert read.throttled_ever == ("under-voltage", "throttled")
    assert read.frequency_mhz == mhz
    assert (read.available_bytes, read.swapped_pages) == (7000000 * 1024, 42)
    assert (read.cooling_step, read.throttle_count) == (0, None)
    assert read.cpu_time.cpus == 4


def test_a_laptop_has_half_as_many_cores_as_hyper_threads(tree):
    root = tree(LAPTOP)
    assert (machine(root, range(8)).cores, machine(root, range(8)).physical_cores) == (8, 4)
    assert machine(root, [0, 4]).physical_cores == 1
    assert machine(root).board == "LENOVO 20XW"


def test_a_laptops_state_is_that_of_its_processor(tree):
    read = state(tree(LAPTOP), range(8))
    assert read.temperature_c == 52  # not the 97 of the charger's zone
    assert read.throttle_count == 16
    assert read.frequency_mhz == 7400
    assert (read.throttled, read.throttled_now, read.throttled_ever) == (None, (), ())


def test_only_cores_that_may_be_used_count(tree):
    read = state(tree(LAPTOP), [1, 2])
    assert (read.frequency_mhz, read.throttle_count, read.cpu_time.cpus) == (2400, 4, 2)


def test_governors_that_differ_are_all_told(tree):
    root = tree(PI4)
    (root / "sys/devices/system/cpu/cpu3/cpufreq/scaling_governor").write_text("performance\n")
    assert machine(root).governor == "ondemand, performance"
    assert machine(root, [3]).governor == "performance"


def test_a_virtual_machine_tells_its_clock_in_cpuinfo_alone(tree):
    root = tree(VM)
    assert state(root, range(2)).frequency_mhz == 3100
    assert machine(root, range(2)).surroundings == ("virtual machine", "container")


def test_the_tightest_quota_of_the_groups_around_counts(tree):
    assert machine(tree(VM)).cpu_quota == 1.5


@pytest.mark.parametrize("text", ["max 100000\n", "", "nonsense\n"])
def test_no_quota_is_none(tree, text):
    assert machine(tree({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": text})).cpu_quota is None


def test_where_no_zone_is_on_the_processor_its_sensors_are_read(tree):
    zone = {"sys/class/thermal/thermal_zone0/type": "acpitz", "sys/class/thermal/thermal_zone0/temp": "20000"}
    sensors = {
        "sys/class/hwmon/hwmon0/name": "nvme", "sys/class/hwmon/hwmon0/temp1_input": "70000",
        "sys/class/hwmon/hwmon1/name": "k10temp", "sys/class/hwmon/hwmon1/temp1_input": "45000",
    }  # fmt: skip
    assert state(tree(zone)).temperature_c == 20
    assert state(tree(sensors)).temperature_c == 45


def test_what_cannot_be_read_is_none(tmp_path):
    read = machine(tmp_path, [])
    assert (read.board, read.governor, read.memory_bytes, read.max_mhz) == (None, None, None, None)
    assert (read.physical_cores, read.cpu_quota, read.emulated_on, read.surroundings) == (
        None,
        None,
        None,
        (),
    )
    assert state(tmp_path) == MachineState(load_1min=None, temperature_c=None, throttled=None)


def test_what_is_no_number_is_none(tree):
    root = tree(dict.fromkeys([*PI4, *LAPTOP], "cpu0 cpu MHz : garbled\n"))
    assert state(root) == MachineState(load_1min=None, temperature_c=None, throttled=None)
    assert (machine(root).memory_bytes, machine(root).max_mhz) == (None, None)


def test_this_machine_can_be_read_and_survives_json():
    here, now = read_machine(runtime="ai-edge-litert 2.3.0"), read_state()
    assert here.cores >= 1
    for each in (here, now):
        data = json.loads(json.dumps(to_data(each)))
        assert from_data(type(each), data, where="json", error=ResultError) == each


@pytest.mark.parametrize("part", ["state", "cpu_time"])
def test_an_unknown_key_is_refused(tree, part):
    value = to_data(state(tree(PI4)))
    (value if part == "state" else value["cpu_time"])["mood"] = "good"
    with pytest.raises(ResultError, match="mood"):
        from_data(MachineState, value, where="json", error=ResultError)


def test_an_unknown_key_of_a_machine_is_refused(tree):
    value = {**to_data(machine(tree(PI4))), "mood": "good"}
    with pytest.raises(ResultError, match="mood"):
        from_data(Machine, value, where="json", error=ResultError)
