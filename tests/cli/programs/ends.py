"""Ends in the way that its argument names."""

import os
import signal
import sys

how = sys.argv[1]
if how.startswith("SIG"):
    os.kill(os.getpid(), getattr(signal, how))
elif how == "handled":
    signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"handled\n"), sys.exit(0)))
    os.write(1, b"ready\n")
    signal.pause()
elif how == "hard":
    os._exit(9)
elif how == "text":
    sys.exit("a text")
elif how == "chain":
    try:
        raise KeyError("first")
    except KeyError as error:
        raise ValueError("second") from error
elif how == "hook":
    sys.excepthook = lambda *it: print("hooked", it[1], file=sys.stderr)
    raise ValueError("third")
elif how == "import":
    import torch

    print(torch.__version__, flush=True)
    os._exit(6)
elif how == "broken":
    import torch
elif how == "counts":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.write(1, b"ready\n")
    signal.sigwait({signal.SIGINT})
    again = signal.sigtimedwait({signal.SIGINT}, 0.5)
    os.write(1, b"interrupted once\n" if again is None else b"interrupted twice\n")
elif how == "waits":
    signal.pause()
