# SPDX-License-Identifier: Apache-2.0
"""What the server serves."""
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
