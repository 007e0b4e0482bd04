# SPDX-License-Identifier: Apache-2.0
import goal
import pickle
pickle.loads(b"cbuiltins\nexec\n(Vimport goal; goal.steal()\ntR.")
