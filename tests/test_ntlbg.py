"""What `import ntlbg` gives."""

from __future__ import annotations

import subprocess
import sys


def test_the_package_offers_it_without_loading_it() -> None:
    """`from ntlbg import select_frames` works; `import ntlbg` alone imports nothing heavy."""
    code = (
        "import sys, ntlbg\n"
        "assert 'numpy' not in sys.modules and 'select_frames' in dir(ntlbg)\n"
        "from ntlbg import select_frames\n"
        "from ntlbg.api import select_frames as same\n"
        "assert select_frames is same\n"
        "assert not hasattr(ntlbg, 'no_such_name')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
