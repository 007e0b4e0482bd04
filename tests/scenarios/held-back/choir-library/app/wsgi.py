# SPDX-License-Identifier: Apache-2.0
"""What gunicorn serves."""
from choirlib import create_app

app = create_app()
