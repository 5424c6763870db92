import pytest

from edgeseg.machine.cpuinfo import emulated_on, parse_cpuinfo, surroundings

PI4 = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU part\t: 0xd08
"""
PI5 = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer\t: 0x41
CPU part\t: 0xd0b
"""
PC = """processor\t: 0
vendor_id\t: AuthenticAMD
model name\t: AMD EPYC 7763 64-Core Processor
flags\t\t: fpu sse2 fma avx avx2 sha_ni
"""
# What qemu-aarch64 10 writes for -cpu cortex-a72.
QEMU = """processor\t: 0
model name\t: ARMv8 Processor rev 3 (v8l)
BogoMIPS\t: 100.00
Features\t: fp asimd aes pmull sha1 sha2 crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: 0xd08
"""
X86 = "cpu:type:x86,ven0000fam0006mod00A7:feature:,0000,0001\n"
ARM64 = "cpu:type:aarch64:feature:,0000,0001\n"
ARM32 = "cpu:type:v7l:feature:,0001\n"


@pytest.fixture
def tree(tmp_path):
    def write(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return tmp_path

    return write


def test_a_pi_5_is_known_by_its_part_number_and_has_dot_products():
    assert parse_cpuinfo(PI5) == ("Cortex-A76", ("dotprod", "fp16", "lse"))


def test_a_pi_4_has_none_of_the_features_that_matter():
    assert parse_cpuinfo(PI4) == ("Cortex-A72", ())


def test_a_pc_states_its_name_and_only_features_that_matter_are_kept():
    assert parse_cpuinfo(PC) == ("AMD EPYC 7763 64-Core Processor", ("fma", "avx2"))


def test_matrix_and_vector_instructions_for_int8_are_kept():
    flags = "flags : avx2 avx512f avx512_vnni avx_vnni amx_tile amx_int8 fma"
    assert parse_cpuinfo(flags)[1] == ("fma", "avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8")
    assert parse_cpuinfo("Features : asimddp i8mm sve sve2")[1] == ("dotprod", "i8mm", "sve", "sve2")


def test_a_known_part_says_more_than_the_model_name_of_a_32_bit_kernel():
    assert parse_cpuinfo("model name : ARMv7 Processor rev 3 (v7l)\n" + PI4)[0] == "Cortex-A72"


def test_cores_of_two_kinds_are_named_both():
    cores = [
        f"processor : {number}\nCPU part : {part}\n"
        for number, part in enumerate(["0xd05"] * 4 + ["0xd0b"] * 4)
    ]
    assert parse_cpuinfo("\n".join(cores))[0] == "Cortex-A55 + Cortex-A76"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CPU part : 0xfff\n", "ARM part 0xfff"),
        ("CPU implementer : 0x61\nCPU part : 0xd08\n", "ARM implementer 0x61 part 0xd08"),
        ("", ""),
        ("no colon here\n\n\n", ""),
    ],
)
def test_an_unknown_part_is_told_by_its_numbers(text, name):
    assert parse_cpuinfo(text) == (name, ())


@pytest.mark.parametrize(
    ("cpuinfo", "modalias", "architecture"),
    [
        (PI5, ARM64, "aarch64"),
        (PI4, ARM64, "armv7l"),  # a 32-bit system on a 64-bit kernel
        (PI4, ARM32, "armv7l"),
        (PC, X86, "x86_64"),
        (PC, X86, "i686"),
        ("", "", "aarch64"),
        ("", "", "x86_64"),
    ],
)
def test_a_real_processor_is_not_taken_for_an_emulated_one(tree, cpuinfo, modalias, architecture):
    root = tree({"proc/cpuinfo": cpuinfo, "sys/devices/system/cpu/modalias": modalias})
    assert emulated_on(root, architecture) is None


def test_an_emulator_that_writes_its_own_cpuinfo_is_seen_by_the_kernels_modalias(tree):
    root = tree({"proc/cpuinfo": QEMU, "sys/devices/system/cpu/modalias": X86})
    assert emulated_on(root, "aarch64") == "an x86 processor"


def test_an_emulator_that_shows_the_hosts_cpuinfo_is_seen_by_that(tree):
    assert emulated_on(tree({"proc/cpuinfo": PC}), "aarch64") == "an x86 processor"


@pytest.mark.parametrize(
    "files",
    [
        {"proc/cpuinfo": "vendor_id : VirtualApple\nmodel name : VirtualApple @ 2.50GHz\n"},
        {"proc/cpuinfo": PC, "sys/devices/system/cpu/modalias": ARM64},
    ],
)
def test_x86_on_an_arm_machine_is_seen(tree, files):
    assert emulated_on(tree(files), "x86_64") == "an arm processor"


def test_a_whole_machine_that_is_emulated_is_seen_by_the_name_of_its_processor(tree):
    root = tree({"proc/cpuinfo": "vendor_id : AuthenticAMD\nmodel name : QEMU TCG CPU version 2.5+\n"})
    assert emulated_on(root, "x86_64") == "QEMU"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"proc/cpuinfo": PC}, ()),
        ({"proc/cpuinfo": "flags : avx2 hypervisor lahf_lm\n"}, ("virtual machine",)),
        ({"sys/hypervisor/type": "xen\n"}, ("virtual machine",)),
        ({"sys/class/dmi/id/product_name": "KVM Virtual Machine\n"}, ("virtual machine",)),
        ({"sys/class/dmi/id/sys_vendor": "LENOVO\n"}, ()),
        ({"proc/device-tree/model": "linux,dummy-virt\0"}, ("virtual machine",)),
        ({"proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0"}, ()),
        ({".dockerenv": ""}, ("container",)),
        ({"run/.containerenv": "", "sys/hypervisor/type": "xen\n"}, ("virtual machine", "container")),
    ],
)
def test_signs_of_virtual_machines_and_containers(tree, files, expected):
    assert surroundings(tree(files)) == expected
