"""``python -m tapelens.lsp``: the server on standard input and output; nothing of the command line's is imported."""

from __future__ import annotations

import sys

from .server import serve

if __name__ == "__main__":
    sys.exit(serve(tcp_port=None))
