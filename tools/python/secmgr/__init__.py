# SPDX-License-Identifier: Apache-2.0
"""The exception a process under secmgr-enforce gets for what is denied.

    from secmgr import PolicyViolation

Nothing here enforces anything, and nothing needs to be installed to be held
to a policy: without this package the same exception is a PermissionError.
"""

import sys as _sys

__all__ = ["PolicyViolation"]
__version__ = "0.1.0"


def _raised_before():
    """The agent's own type, if it had to make one before this import."""
    # Up to 3.11 those of other interpreters are listed as well.
    for kind in PermissionError.__subclasses__():
        if ((kind.__module__, kind.__name__) == ("secmgr", "PolicyViolation")
                and vars(kind).get("_modules") is _sys.modules):
            return kind
    return None


class _PolicyViolation(PermissionError):
    """An operation the process's secmgr policy does not allow."""

    def __reduce__(self):
        # As OSError's, without what instances may carry beside that.
        if self.filename is None or len(self.args) != 2:
            return PolicyViolation, self.args
        return PolicyViolation, (*self.args, self.filename)


PolicyViolation = _raised_before()
if PolicyViolation is None:
    PolicyViolation = _PolicyViolation
    PolicyViolation.__name__ = "PolicyViolation"
    PolicyViolation.__qualname__ = "PolicyViolation"
