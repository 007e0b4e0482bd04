# SPDX-License-Identifier: Apache-2.0
import csv


def write(file, rows):
    csv.writer(file).writerows(rows)
