# SPDX-License-Identifier: Apache-2.0
"""Keeps a bookmark."""
import pickle


def do(session, name):
    session.marks.append(name)
    with open(session.place / ".bookmarks", "wb") as file:
        pickle.dump(session.marks, file)
    return len(session.marks)
