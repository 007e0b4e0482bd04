# SPDX-License-Identifier: Apache-2.0
"""How the office wants a title to read."""
from gitlint.rules import CommitMessageTitle, LineRule, RuleViolation


class Capital(LineRule):
    """A title is a sentence."""
    name = "title-capital"
    id = "UL1"
    target = CommitMessageTitle

    def validate(self, line, _commit):
        if line and not line[0].isupper():
            return [RuleViolation(self.id, "Title begins with a small letter",
                                  line)]
        return []
