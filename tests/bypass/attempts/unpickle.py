# SPDX-License-Identifier: Apache-2.0
import goal
import pickle
pickle.loads(b"cposix\nsystem\n(V" + goal.SHOW.encode() + b"\ntR.")
