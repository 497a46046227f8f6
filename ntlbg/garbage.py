"""When Python looks for garbage in cycles.

Importing torch, transformers and MLflow makes about two million objects, none of them garbage. By default Python walks
through them again and again, which is about a twentieth of the time that the imports take; and once more when the
process ends, for two seconds.
"""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Look for garbage after 50,000 new objects instead of 700. Call it before the heavy imports."""
    gc.set_threshold(50_000, 10, 10)


def collect_no_more() -> None:
    """Leave what there is to the end of the process, which is near. Objects that nothing refers to still go at once."""
    gc.freeze()
