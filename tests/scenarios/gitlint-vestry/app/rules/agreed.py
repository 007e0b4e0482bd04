# SPDX-License-Identifier: Apache-2.0
"""Some things are not changed without the churchwardens."""
import pathlib

from gitlint.options import IntOption
from gitlint.rules import CommitRule, RuleViolation

WARDENS = pathlib.Path(__file__).resolve().parent / "wardens.txt"


class Agreed(CommitRule):
    """Who changes many files says which warden has agreed to it."""
    name = "agreed-by"
    id = "UC1"
    options_spec = [IntOption("max-files", 3, "Files that need nobody")]

    def validate(self, commit):
        wardens = WARDENS.read_text("utf-8").splitlines()
        agreed = [line.partition(":")[2].strip()
                  for line in commit.message.body
                  if line.startswith("Agreed-by:")]
        if len(commit.changed_files) <= self.options["max-files"].value:
            return []
        if set(agreed) & set(wardens):
            return []
        return [RuleViolation(self.id, "No warden has agreed")]
