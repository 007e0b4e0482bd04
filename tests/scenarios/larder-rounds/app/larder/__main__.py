# SPDX-License-Identifier: Apache-2.0
from larder.cli import main

main(prog_name="larder")
