"""Places at which a test makes the process fail, to see that nothing is lost.

`HINTERLAND_FAILPOINTS="publish.rename=kill;attempt.seams=stop@2"` names places, what happens there and, after
"@", at which visit (the first otherwise). Without the variable nothing is looked up.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections import Counter

VARIABLE = "HINTERLAND_FAILPOINTS"

_ASKED = os.environ.get(VARIABLE, "")
_visits: Counter[str] = Counter()


def reach(name: str) -> None:
    """Fail here if a test asked for it.

    "kill" ends the process at once, "stop" halts it until it is sent SIGCONT, "segfault" ends it as a bad read
    does, "work" computes without end, "sleep:S" waits S seconds, "error" and "full" raise an OSError (EIO,
    ENOSPC), "memory" a MemoryError.
    """
    if not _ASKED:
        return
    for entry in _ASKED.split(";"):
        place, _, asked = entry.partition("=")
        action, _, visit = asked.partition("@")
        if place == name:
            _visits[entry] += 1
            if _visits[entry] == int(visit or 1):
                _act(action, name)


def _act(action: str, name: str) -> None:
    signals = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "segfault": signal.SIGSEGV}
    errors = {"error": errno.EIO, "full": errno.ENOSPC}
    if action in signals:
        os.kill(os.getpid(), signals[action])
    elif action in errors:
        raise OSError(errors[action], os.strerror(errors[action]), name)
    elif action == "work":
        while True:
            pass
    elif action == "memory":
        raise MemoryError(name)
    elif action.startswith("sleep:"):
        time.sleep(float(action.partition(":")[2]))
    else:
        message = f"{VARIABLE}: no such action: {action!r}"
        raise ValueError(message)
