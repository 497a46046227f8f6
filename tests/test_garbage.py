"""When garbage is looked for."""

from __future__ import annotations

import subprocess
import sys

RARELY = """
import gc
from ntlbg.garbage import collect_no_more, collect_rarely
before = gc.get_threshold()[0]
collect_rarely()
assert gc.isenabled()
assert gc.get_threshold()[0] > before
known = gc.get_count()[0] + len(gc.get_objects())
collect_no_more()
print(known, gc.get_freeze_count(), len(gc.get_objects()))
"""


def test_what_is_there_is_left_to_the_end():
    """Garbage is looked for more rarely, and at last all that is there is passed over. In a process of its own."""
    told = subprocess.run([sys.executable, "-c", RARELY], capture_output=True, text=True, check=True).stdout
    known, frozen, seen = map(int, told.split())
    assert frozen > known / 2 > seen
