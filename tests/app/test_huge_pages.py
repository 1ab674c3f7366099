from __future__ import annotations

from proxy.app.huge_pages import HUGE, collapse, whole_pages

MAPS = """\
00400000-00401000 r--p 00000000 fe:00 100                                /usr/bin/python3
02000000-02900000 rw-p 00000000 00:00 0                                  [heap]
7f0000100000-7f0000500000 rw-p 00000000 00:00 0
7f0000700000-7f0000800000 rw-p 00000000 00:00 0
7f0001000000-7f0001400000 rw-p 00000000 fe:00 101                        /usr/lib/libc.so.6
7f0002000000-7f0002400000 rw-s 00000000 00:01 102                        /dev/zero (deleted)
7ffc00000000-7ffc00400000 rw-p 00000000 00:00 0                          [stack]
"""


def test_only_whole_pages_of_the_allocators_count() -> None:
    """Memory of files, shared memory and the stack stay as they are, and so do the ends of a region."""
    heap = [(at, HUGE) for at in (0x2000000, 0x2200000, 0x2400000, 0x2600000)]

    assert whole_pages(MAPS) == [*heap, (0x7F0000200000, HUGE)]


def test_what_was_gathered_is_what_it_was() -> None:
    """A large structure is the same afterwards, wherever its bytes are now; the kernel may also do nothing."""
    held = {number: str(number) * 3 for number in range(200_000)}
    gathered = collapse()

    assert gathered % HUGE == 0
    assert all(text == str(number) * 3 for number, text in held.items())
