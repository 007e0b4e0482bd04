# SPDX-License-Identifier: Apache-2.0
import birds

app = birds.make()
