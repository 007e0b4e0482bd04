# SPDX-License-Identifier: Apache-2.0
"""The handbook of a small firm."""
import os
import sys

sys.path.insert(0, os.path.abspath("ext"))
project = "Handbook"
author = "Everybody"
version = release = "0"
extensions = ["sphinx.ext.todo", "figures"]
templates_path = ["templates"]
html_theme = "alabaster"
exclude_patterns = ["drafts"]
todo_include_todos = True
