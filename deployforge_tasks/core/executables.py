"""What an executable is built for, read from its header: ELF, Mach-O or PE."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from deployforge_tasks.core.targets import Target

#: How much of a file `read_header` needs to see.
HEADER_SIZE = 4096

# ELF specification, e_machine; Apple's mach/machine.h, cputype; Microsoft's PE format, "Machine Types"
_ELF = {62: "amd64", 183: "arm64", 3: "386", 40: "arm", 243: "riscv64", 21: "ppc64", 22: "s390x"}
_MACH = {0x01000007: "amd64", 0x0100000C: "arm64", 7: "386", 12: "arm"}
_PE = {0x8664: "amd64", 0xAA64: "arm64", 0x14C: "386", 0x1C4: "arm"}
# ELF e_ident[EI_OSABI] of systems that are not Linux
_OTHER_ELF = {2: "netbsd", 6: "solaris", 9: "freebsd", 12: "openbsd"}
_FAT = (0xCAFEBABE, 0xCAFEBABF)
_MOST_SLICES = 8  # a Java class begins like a universal binary, with a version number above this


@dataclass(frozen=True)
class Header:
    """An operating system and the processors an executable runs on (several for Apple's universal binaries)."""

    os: str
    arches: tuple[str, ...]

    def __str__(self) -> str:
        return " and ".join(f"{self.os}/{arch}" for arch in self.arches)

    def fits(self, target: Target) -> bool:
        return self.os == target.os and target.arch in self.arches


def read_header(data: bytes) -> Header | None:
    """What the first bytes of a file (`HEADER_SIZE` are enough) say; None when it is no executable that we know."""
    try:
        return _elf(data) or _mach(data) or _fat(data) or _pe(data)
    except (struct.error, IndexError):  # cut off in the header
        return None


def _elf(data: bytes) -> Header | None:
    if data[:4] != b"\x7fELF":
        return None
    order = {1: "<", 2: ">"}.get(data[5], "<")
    (machine,) = struct.unpack_from(f"{order}H", data, 18)
    return Header(_OTHER_ELF.get(data[7], "linux"), (_ELF.get(machine, f"machine {machine}"),))


def _mach(data: bytes) -> Header | None:
    if data[:4] not in (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe"):
        return None
    (cpu,) = struct.unpack_from("<I", data, 4)
    return Header("darwin", (_MACH.get(cpu, f"cpu {cpu}"),))


def _fat(data: bytes) -> Header | None:
    if len(data) < 8:
        return None
    magic, count = struct.unpack_from(">II", data)
    if magic not in _FAT or not 0 < count <= _MOST_SLICES:
        return None
    size = 32 if magic == _FAT[1] else 20
    cpus = [struct.unpack_from(">I", data, 8 + size * index)[0] for index in range(count)]
    return Header("darwin", tuple(_MACH.get(cpu, f"cpu {cpu}") for cpu in cpus))


def _pe(data: bytes) -> Header | None:
    if data[:2] != b"MZ":
        return None
    (start,) = struct.unpack_from("<I", data, 0x3C)
    if data[start : start + 4] != b"PE\0\0":
        return None
    (machine,) = struct.unpack_from("<H", data, start + 4)
    return Header("windows", (_PE.get(machine, f"machine {machine:#x}"),))
