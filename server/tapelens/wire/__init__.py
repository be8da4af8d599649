"""Every message that crosses a process boundary, defined once.

TypeScript types and a JSON schema are generated from these classes (``make generate``); a test
compares. The modules ``reading``, ``strict`` and ``generate`` belong to the server; all others are part of
the bundle that goes into the debugged program, and need the standard library only.
"""

VERSION = 1
"""Version of the live wire. Both ends ship together: another version is refused in one sentence."""
