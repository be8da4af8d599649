"""Prints what a program can tell of how it was started, and of what was there before its first line."""

import gc
import os
import signal
import sys
import threading

opened = os.open(os.devnull, os.O_RDONLY)
os.close(opened)
print("name", __name__, "file", __file__, "package", __package__, "spec", __spec__ and __spec__.name)
print("loader", type(__loader__).__name__, "doc", __doc__, "names", sorted(globals()))
print("main", sys.modules["__main__"].__dict__ is globals())
print("argv", sys.argv, sys.orig_argv[1:], sys.executable)
print("path", sys.path)
print("flags", sys.flags, sys.warnoptions, sys._xoptions)
print("environ", sorted(f"{name}={value}" for name, value in os.environ.items() if "RUN" not in name))
print("modules", sorted(sys.modules))
print("finders", [each.__name__ for each in sys.meta_path if isinstance(each, type)])
print("path hooks", len(sys.path_hooks), sorted(sys.path_importer_cache))
print(
    "hooks",
    sys.excepthook is sys.__excepthook__,
    sys.displayhook is sys.__displayhook__,
    sys.gettrace(),
    sys.getprofile(),
)
print("signals", {each.name: str(signal.getsignal(each)).partition(" at ")[0] for each in signal.Signals})
print("mask", signal.pthread_sigmask(signal.SIG_BLOCK, ()))
print("threads", threading.active_count(), threading.current_thread().name, gc.isenabled(), gc.get_threshold())
print(
    "first descriptor",
    opened,
    "inherited by programs",
    [n for n in range(3, 256) if os.path.exists(f"/proc/self/fd/{n}")],
)
print(
    "high ones inheritable",
    [n for n in range(256, 4096) if os.path.exists(f"/proc/self/fd/{n}") and os.get_inheritable(n)],
)
print("tty", [os.isatty(number) for number in range(3)], "buffering", sys.stdout.line_buffering, sys.stdout.encoding)
print("cwd", os.getcwd(), "group", os.getpgrp() == os.getpid(), "umask", os.umask(0o22))
if not sys.stdin.isatty():
    print("stdin", sys.stdin.read())
print("error", file=sys.stderr)
