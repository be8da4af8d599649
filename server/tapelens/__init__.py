"""tapelens: the live autograd graph of a running PyTorch program, in the debugger.

This module stays empty on purpose: inside a debugged program the same files are loaded under the
private name ``_tapelens`` and must import nothing but the standard library.
"""

__version__ = "0.1.0"
