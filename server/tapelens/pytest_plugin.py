"""The pytest plugin: with ``--tapelens`` a test whose body misuses autograd fails, the finding is the failure.

Without it nothing of ours is imported but this module, unless a test asks for the fixture ``tapelens``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .testing import Watched, Watching

_NAME = "tapelens-watching"
MARKER = """\
tapelens(expect=None, ignore=None): under --tapelens the rules named in `expect` have to speak in this test, and \
those in `ignore` (or 'all') may; each is a rule's name or a list of them"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--tapelens`` and what goes with it."""
    group = parser.getgroup("tapelens", "misuse of PyTorch's autograd")
    group.addoption("--tapelens", action="store_true", help="fail tests that misuse autograd")
    group.addoption(
        "--tapelens-ignore", metavar="RULE", action="append", default=[], help="this rule stays silent; may be repeated"
    )
    parser.addini("tapelens", "fail tests that misuse autograd, as --tapelens does", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Begin, when asked to."""
    config.addinivalue_line("markers", MARKER)
    if config.getoption("tapelens") or config.getini("tapelens"):
        _watching(config, every_test=True)


@pytest.fixture
def tapelens(request: pytest.FixtureRequest) -> Watched:
    """What tapelens finds in this test: ``findings`` so far, ``expect(...)`` and ``ignore(...)`` rules.

    It has the test watched without ``--tapelens``, too.
    """
    return _watching(request.config, every_test=False).begin(request.node)


def _watching(config: pytest.Config, *, every_test: bool) -> Watching:
    from .testing import Watching  # noqa: PLC0415 (costs nothing when off)

    plugin: Watching | None = config.pluginmanager.get_plugin(_NAME)
    if plugin is None:
        plugin = Watching(config, every_test=every_test)
        config.pluginmanager.register(plugin, _NAME)
    return plugin
