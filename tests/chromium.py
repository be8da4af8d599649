"""How tests and benchmarks start Debian's Chromium."""

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # as root, and in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
