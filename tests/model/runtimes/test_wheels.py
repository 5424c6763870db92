"""What to install where: one sentence for each kind of machine."""

import pytest

from edgeseg.model.runtimes.wheels import Target, advise, this_target


def target(machine="aarch64", *, python=(3, 11), bits=64, libc="glibc", version=(2, 36)):
    return Target(python=python, machine=machine, bits=bits, libc=libc, libc_version=version)


@pytest.mark.parametrize(
    ("machine", "advice"),
    [
        (target(), "`pip install ai-edge-litert`"),
        (target("x86_64", python=(3, 14)), "`pip install ai-edge-litert`"),
        (target(libc="", version=(0, 0)), "`pip install ai-edge-litert`"),
        (target(python=(3, 15)), "for Python up to 3.14"),
        (target(version=(2, 26)), "needs glibc 2.27"),
        (target(libc="musl", version=(0, 0)), "no TFLite runtime has a wheel for musl"),
        (target("riscv64"), "no TFLite runtime has a wheel for riscv64"),
        (target("armv7l", bits=32), "`pip install --no-deps tflite-runtime==2.14.0`"),
        # The 32-bit system of a Pi 4 has a 64-bit kernel.
        (target("aarch64", bits=32), "`pip install --no-deps tflite-runtime==2.14.0`"),
        (target("armv7l", bits=32, python=(3, 13)), "use Raspberry Pi OS (64-bit)"),
        (target("armv7l", bits=32, version=(2, 31)), "use Raspberry Pi OS (64-bit)"),
        (target("armv6l", bits=32), "no TFLite runtime has a 32-bit wheel for armv6l"),
    ],
    ids=str,
)
def test_the_advice_fits_the_machine(machine, advice):
    assert advice in advise(machine)


def test_a_target_says_what_decides():
    assert str(target()) == "Python 3.11 on aarch64 (64 bits), glibc 2.36"
    assert str(target(libc="musl", version=(0, 0))) == "Python 3.11 on aarch64 (64 bits), musl"


def test_this_machine_has_a_runtime_to_install():
    assert advise(this_target()) == "`pip install ai-edge-litert`"
