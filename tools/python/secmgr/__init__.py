# SPDX-License-Identifier: Apache-2.0
"""The exception a process under secmgr-enforce gets for what is denied.

    from secmgr import PolicyViolation

Nothing here enforces anything, and nothing needs to be installed to be held
to a policy: without this package the same exception is a PermissionError.
"""

__all__ = ["PolicyViolation"]
__version__ = "0.1.0"


def _raised_before():
    """The agent's own type, if it had to make one before this import."""
    for kind in PermissionError.__subclasses__():
        if (kind.__module__, kind.__name__) == ("secmgr", "PolicyViolation"):
            return kind
    return None


class _PolicyViolation(PermissionError):
    """An operation the process's secmgr policy does not allow."""

    def __reduce__(self):
        # Who reads it need not have this package.
        if self.filename is None or len(self.args) != 2:
            return PermissionError, self.args
        return PermissionError, (*self.args, self.filename)


PolicyViolation = _raised_before()
if PolicyViolation is None:
    PolicyViolation = _PolicyViolation
    PolicyViolation.__name__ = "PolicyViolation"
    PolicyViolation.__qualname__ = "PolicyViolation"
