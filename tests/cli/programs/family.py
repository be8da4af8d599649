"""Children in every way that multiprocessing knows, pickles, threads, handlers at exit, and torch."""

import atexit
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import traceback


class Mine:
    def __init__(self, number):
        self.number = number


def work(mine):
    return type(mine).__module__, mine.number, __name__, sys.argv, [each for each in os.environ if "TAPELENS_" in each]


def train():
    import torch

    weight = torch.ones(3, requires_grad=True)
    loss = weight.square().sum()
    loss.backward()
    try:
        loss.backward()
    except RuntimeError:
        if sys.version_info >= (3, 11):  # older Python keeps our frame in a traceback that the program prints itself
            traceback.print_exc(file=sys.stdout)
    return weight.grad.tolist()


if __name__ == "__main__":
    atexit.register(print, "first registered, last run")
    print(pickle.dumps(Mine(1)), pickle.loads(pickle.dumps(work)) is work)
    print(train())
    for method in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context(method)
        with context.Pool(1) as pool:
            print(method, pool.map(work, [Mine(2)]))
        if method == "fork":
            with context.Pool(1) as pool:
                print("trained", pool.apply(train))
    said = subprocess.run(
        [sys.executable, "-c", "import sys; print(sys.path[1:], sorted(sys.modules))"], capture_output=True
    )
    print(said.stdout.decode())
    thread = threading.Thread(target=lambda: print("on a thread", train()))
    thread.start()
    thread.join()
    child = os.fork()
    if child == 0:
        atexit.register(print, "the child's")
        print("child", train(), flush=True)
        sys.exit(4)
    print("child's status", os.waitpid(child, 0)[1])
    atexit.register(lambda: (print("then a status"), sys.stdout.flush(), os._exit(7)) if "hard" in sys.argv else None)
    sys.exit(int(sys.argv[1]) if sys.argv[1:] and sys.argv[1].isdigit() else None)
