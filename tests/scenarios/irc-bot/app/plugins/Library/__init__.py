# SPDX-License-Identifier: Apache-2.0
"""Pages that the club keeps."""
from . import config, plugin

Class = plugin.Class
configure = config.configure
