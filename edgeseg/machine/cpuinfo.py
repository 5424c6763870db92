"""What processor this is: its name, its features that matter, and whether it is a real one."""

from __future__ import annotations

from pathlib import Path

from edgeseg.machine import kernel_files

#: Features that decide how fast integers and floats are: the kernel's name -> ours.
_FEATURES = {
    # arm64 ("Features" in /proc/cpuinfo)
    "asimddp": "dotprod", "i8mm": "i8mm", "asimdhp": "fp16", "bf16": "bf16", "atomics": "lse", "sve": "sve",
    "sve2": "sve2", "sme": "sme", "neon": "neon",
    # x86-64 ("flags")
    "fma": "fma", "avx2": "avx2", "avx512f": "avx512f", "avx512_vnni": "avx512_vnni",
    "avx512_bf16": "avx512_bf16", "avx512_fp16": "avx512_fp16", "avx_vnni": "avx_vnni",
    "avx_vnni_int8": "avx_vnni_int8", "amx_int8": "amx_int8", "amx_bf16": "amx_bf16",
}  # fmt: skip

#: "CPU part" of Arm's own cores, where the kernel gives no "model name" that says more.
_ARM_PARTS = {
    "0xc07": "Cortex-A7", "0xd03": "Cortex-A53", "0xd04": "Cortex-A35", "0xd05": "Cortex-A55",
    "0xd07": "Cortex-A57", "0xd08": "Cortex-A72", "0xd09": "Cortex-A73", "0xd0a": "Cortex-A75",
    "0xd0b": "Cortex-A76", "0xd0c": "Neoverse-N1", "0xd0d": "Cortex-A77", "0xd40": "Neoverse-V1",
    "0xd41": "Cortex-A78", "0xd44": "Cortex-X1", "0xd46": "Cortex-A510", "0xd47": "Cortex-A710",
    "0xd49": "Neoverse-N2", "0xd4f": "Neoverse-V2",
}  # fmt: skip

_ARM = "0x41"

#: What the firmware of a virtual machine calls itself.
_VIRTUAL = (
    "qemu", "kvm", "bochs", "vmware", "virtualbox", "virtual machine", "xen", "google compute engine",
    "apple virtualization",
)  # fmt: skip


def parse_cpuinfo(text: str) -> tuple[str, tuple[str, ...]]:
    """The processor's name and its features that matter, from the text of `/proc/cpuinfo`.

    Cores of two kinds are named both, as `Cortex-A55 + Cortex-A76`.
    """
    fields = _fields(text)
    present = set(fields.get("flags", fields.get("Features", "")).split())
    features = tuple(ours for kernel, ours in _FEATURES.items() if kernel in present)
    names = dict.fromkeys(_core_name(_fields(core)) for core in text.split("\n\n"))
    return " + ".join(name for name in names if name), features


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, separator, value = line.partition(":")
        if separator:
            fields.setdefault(name.strip(), value.strip())
    return fields


def _core_name(fields: dict[str, str]) -> str:
    part, implementer = fields.get("CPU part", ""), fields.get("CPU implementer", _ARM)
    if implementer == _ARM and part in _ARM_PARTS:
        return _ARM_PARTS[part]
    unknown = f"ARM part {part}" if implementer == _ARM else f"ARM implementer {implementer} part {part}"
    return fields.get("model name") or (unknown if part else "")


def emulated_on(root: Path, architecture: str) -> str | None:
    """Which processor runs instructions that are not its own; `None` where nothing shows that.

    An emulator of a single process (qemu-user, Rosetta) may write a cpuinfo of its own, but lets the
    kernel's other files through, and those name the real processor.

    Args:
        root: where `proc` and `sys` are.
        architecture: that this process was made for, as `aarch64`.
    """
    cpuinfo = kernel_files.text(root / "proc/cpuinfo") or ""
    fields = _fields(cpuinfo)
    if "TCG" in fields.get("model name", ""):
        return "QEMU"
    real = _real_family(root, fields)
    pretended = "x86" if architecture.lower() in ("x86_64", "amd64", "i386", "i686") else "arm"
    if real is None or real == pretended or not architecture:
        return None
    return f"an {real} processor"


def _real_family(root: Path, fields: dict[str, str]) -> str | None:
    kind = (kernel_files.text(root / "sys/devices/system/cpu/modalias") or "").removeprefix("cpu:type:")
    if kind.startswith(("aarch64", "v")) or fields.get("vendor_id") == "VirtualApple":
        return "arm"
    if kind.startswith("x86") or "vendor_id" in fields:
        return "x86"
    return None


def surroundings(root: Path) -> tuple[str, ...]:
    """Which of `virtual machine` and `container` this process shows signs of running in."""
    flags = _fields(kernel_files.text(root / "proc/cpuinfo") or "").get("flags", "").split()
    told = " ".join(
        kernel_files.text(root / path) or ""
        for path in ("sys/class/dmi/id/sys_vendor", "sys/class/dmi/id/product_name")
    ).lower()
    board = kernel_files.text(root / "proc/device-tree/model") or ""
    virtual = (
        "hypervisor" in flags
        or any(name in told for name in _VIRTUAL)
        or board == "linux,dummy-virt"
        or kernel_files.text(root / "sys/hypervisor/type") is not None
    )
    marks = (".dockerenv", "run/.containerenv", "run/systemd/container")
    contained = any((root / mark).exists() for mark in marks)
    return (*(("virtual machine",) if virtual else ()), *(("container",) if contained else ()))
